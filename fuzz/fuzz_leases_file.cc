// A dhcpd.leases file, however damaged. What was read of it must be writable, readable again without
// a remark, and the same from then on. Variables turn round at each reading, as in dhcpd, so twice
// is once.
#include <string>

#include "fuzz/fuzz.h"
#include "server/store/leases_export.h"
#include "server/store/leases_file.h"

namespace coaxd::store {
namespace {

constexpr WallSeconds kNow = 1'704'362'400;

std::string written(Ipv4 address, const lease::Binding& binding) {
  std::string out;
  append_lease(out, address, binding);
  return out;
}

std::string rewritten(Ipv4 address, const std::string& text) {
  const LeasesFile file = LeasesFile::parse(text, kNow);
  REQUIRE(file.damaged().empty() && file.notes().empty() && file.size() == 1);
  lease::Binding binding;
  REQUIRE(file.find(address, binding) && binding.ever_used());
  return written(address, binding);
}

}  // namespace
}  // namespace coaxd::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  using namespace coaxd::store;
  const LeasesFile file = LeasesFile::parse(as_text({data, size}), kNow);
  for (const LeasesRemark& remark : file.damaged()) REQUIRE(remark.line > 0 && !remark.text.empty());
  file.for_each([](Ipv4 address, const lease::Binding& binding) {
    const std::string once = written(address, binding);
    REQUIRE(once.empty() == !binding.ever_used());
    if (!once.empty()) REQUIRE(rewritten(address, rewritten(address, once)) == once);
  });
  return 0;
}
