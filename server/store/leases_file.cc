#include "server/store/leases_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "server/store/leases_reader.h"
#include "server/store/posix_disk.h"

namespace coaxd::store {

std::string_view to_string(LeasesDeclaration::Kind kind) noexcept {
  static constexpr std::array<std::string_view, 5> kNames{"host", "group", "class", "subclass", "failover peer"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string fate_of(const LeasesDeclaration& declaration) {
  if (declaration.deleted) return {};
  const std::string what = fmt::format("{} {}", to_string(declaration.kind), declaration.name);
  if (declaration.kind == LeasesDeclaration::Kind::failover_state) return what + ": its state is kept for dhcpd in the leases file, and not used.";
  return what + " is not served: declare it in dhcpd.conf. It is kept for dhcpd in the leases file.";
}

LeasesFile LeasesFile::parse(std::string_view text, WallSeconds now) {
  LeasesFile file;
  LeasesReader(text, now, file).run();
  return file;
}

std::expected<LeasesFile, StoreError> LeasesFile::read(const std::string& path, WallSeconds now) {
  PosixFileSystem& files = PosixFileSystem::instance();
  const auto refused = [&](int error) {
    return std::unexpected(StoreError{error, fmt::format("cannot read {}: {}", path, std::strerror(error))});
  };
  const auto file = files.open(path, false);
  if (!file) return refused(file.error());
  const auto size = files.size(*file);
  std::string text(size ? static_cast<std::size_t>(*size) : 0, '\0');
  const auto have = files.read(*file, 0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  files.close(*file);
  if (!size || !have) return refused(size ? have.error() : size.error());
  text.resize(*have);
  return parse(text, now);
}

bool LeasesFile::find(Ipv4 address, lease::Binding& out) const {
  const auto found = leases_.find(address.value);
  return found != leases_.end() && decode_binding(as_bytes(found->second), out);
}

void LeasesFile::for_each(const std::function<void(Ipv4, const lease::Binding&)>& visit) const {
  lease::Binding binding;
  for (const auto& [address, octets] : leases_) {
    if (decode_binding(as_bytes(octets), binding)) visit(Ipv4{address}, binding);
  }
}

lease::StoredTime last_event(const lease::Binding& binding) noexcept {
  const lease::StoredTime starts = binding.starts == lease::kStoredNever ? 0 : binding.starts;
  const lease::StoredTime cltt = binding.cltt == lease::kStoredNever ? 0 : binding.cltt;
  return std::max(starts, cltt);
}

std::size_t merge_by_cltt(const LeasesFile& file, const std::function<std::optional<CommittedLease>(Ipv4)>& committed,
                          WallSeconds now, const std::function<void(const Record&)>& take) {
  std::size_t taken = 0;
  file.for_each([&](Ipv4 address, const lease::Binding& binding) {
    if (!binding.ever_used()) return;
    const auto known = committed(address);
    if (known && last_event(binding) <= known->last_event) return;
    Record record{.address = address, .binding = binding};
    record.generation = known ? (known->generation + 1) & kGenerationMask : 1;
    // A file from a host with a faster clock must not make the store look as if it came from the future.
    record.at = std::min(last_event(binding), lease::to_stored(now));
    take(record);
    ++taken;
  });
  return taken;
}

}  // namespace coaxd::store
