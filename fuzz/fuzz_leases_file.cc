// A dhcpd.leases file, however damaged. What was read of it must be writable, readable again without
// a remark, and the same from then on. Variables turn round at each reading, as in dhcpd, so twice
// is once. The file as a whole is exported, read back and merged: what the store knows as well as the
// file is not taken, what it does not know is, once.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "fuzz/fuzz.h"
#include "server/store/leases_export.h"
#include "server/store/leases_file.h"

namespace coaxd::store {
namespace {

constexpr WallSeconds kNow = 1'704'362'400;

// What dhcpd has written about once: used by somebody, or abandoned, which leaves an end and no client.
bool has_history(const lease::Binding& binding) { return binding.ever_used() || binding.ends != 0; }

std::string written(Ipv4 address, const lease::Binding& binding) {
  std::string out;
  append_lease(out, address, binding);
  return out;
}

std::string rewritten(Ipv4 address, const std::string& text) {
  const LeasesFile file = LeasesFile::parse(text, kNow);
  REQUIRE(file.damaged().empty() && file.notes().empty() && file.size() == 1);
  lease::Binding binding;
  REQUIRE(file.find(address, binding) && has_history(binding));
  return written(address, binding);
}

// What lies on the disk reads as what lies in memory; a file without a name is disk enough.
void check_disk(const std::string& text, const LeasesFile& expected) {
  static const int descriptor = ::memfd_create("leases", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  REQUIRE(::ftruncate(descriptor, 0) == 0);
  REQUIRE(::pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  const auto file = LeasesFile::read(path, kNow);
  REQUIRE(file && file->size() == expected.size() && file->damaged().size() == expected.damaged().size());
  REQUIRE(!LeasesFile::read("/proc/self/fd/none", kNow));
  REQUIRE(!write_leases_file("/proc/none/leases", [](std::string&) { return false; }));
}

void check_merge(const LeasesFile& file, std::size_t ever_used) {
  std::size_t taken = 0;
  const auto take = [&](const Record& record) {
    REQUIRE(record.generation == 1 && record.at <= lease::to_stored(kNow));
    ++taken;
  };
  const auto nothing = [](Ipv4) { return std::optional<CommittedLease>(); };
  REQUIRE(merge_by_cltt(file, nothing, kNow, take) == ever_used && taken == ever_used);
  const auto the_same = [&](Ipv4 address) -> std::optional<CommittedLease> {
    lease::Binding binding;
    REQUIRE(file.find(address, binding));
    return CommittedLease{7, last_event(binding)};
  };
  REQUIRE(merge_by_cltt(file, the_same, kNow, take) == 0);
}

}  // namespace
}  // namespace coaxd::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  using namespace coaxd::store;
  const LeasesFile file = LeasesFile::parse(as_text({data, size}), kNow);
  for (const LeasesRemark& remark : file.damaged()) REQUIRE(remark.line > 0 && !remark.text.empty());
  for (const LeasesRemark& remark : file.notes()) REQUIRE(remark.line > 0 && !remark.text.empty());
  for (const LeasesDeclaration& each : file.declarations())
    REQUIRE(each.line > 0 && !to_string(each.kind).empty());
  const LeasesFile others = LeasesFile::parse(file.others(), kNow);
  REQUIRE(others.damaged().empty() && others.size() == 0 && others.others() == file.others());
  REQUIRE(others.declarations().size() == file.declarations().size());
  std::string all(leases_header());
  std::size_t leases = 0, ever_used = 0;
  file.for_each([&](Ipv4 address, const lease::Binding& binding) {
    const std::string once = written(address, binding);
    REQUIRE(once.empty() == !has_history(binding));
    if (once.empty()) return;
    REQUIRE(rewritten(address, rewritten(address, once)) == once);
    all += once;
    ++leases;
    ever_used += binding.ever_used() ? 1 : 0;
  });
  const LeasesFile exported = LeasesFile::parse(all, kNow);
  REQUIRE(exported.damaged().empty() && exported.size() == leases);
  check_merge(file, ever_used);
  if (size % 16 == 0) check_disk(std::string(as_text({data, size})), file);
  return 0;
}
