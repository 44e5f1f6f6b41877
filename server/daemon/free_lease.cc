#include "server/daemon/free_lease.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace coaxd::daemon {
namespace {

std::string client_of(const lease::Binding& binding) {
  const Bytes hardware = binding.hardware();
  if (!hardware.empty()) return fmt::format("{:02x}", fmt::join(hardware, ":"));
  return fmt::format("client {:02x}", fmt::join(binding.get(lease::Item::client_id), ":"));
}

std::string until(lease::StoredTime ends) {
  if (ends == lease::kStoredNever) return "for ever";
  return fmt::format("until {:%Y/%m/%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(ends)));
}

}  // namespace

std::expected<Freeable, std::string> find_freeable(const lease::LeaseTable& leases, const std::string& address, WallSeconds now) {
  const auto parsed = Ipv4::parse(address);
  if (!parsed) return std::unexpected(fmt::format("'{}' is not an address such as 203.0.113.41.", address));
  Freeable found{*parsed, leases.find(*parsed), {}};
  if (found.slot == lease::kNoSlot)
    return std::unexpected(fmt::format("{} is in no range of the configuration, so there is no lease on it to end.", to_string(*parsed)));
  lease::Binding binding;
  const lease::SlotWord word = leases.read(found.slot, binding);
  const bool over = lease::is_over(word.expiry(), now);
  switch (word.state()) {
    case lease::SlotState::active:
      found.what = fmt::format("the lease of {} {}", client_of(binding), until(binding.ends));
      break;
    case lease::SlotState::abandoned:
      found.what = fmt::format("the abandonment {}", until(binding.ends));
      break;
    case lease::SlotState::offered:
      if (!over) found.what = "an offer";
      break;
    default:
      break;
  }
  if (found.what.empty() && binding.reserved()) found.what = fmt::format("the reservation for {}", client_of(binding));
  return found;
}

std::string freed_text(const Freeable& freed) {
  const std::string address = to_string(freed.address);
  if (freed.what.empty()) return fmt::format("{} is free already.\n", address);
  std::string text = fmt::format("{} is free: {} was ended by the operator.\n", address, freed.what);
  if (freed.what.starts_with("the lease"))
    text += "Its client was not told: a device that is still there uses the address until it renews.\n";
  return text;
}

}  // namespace coaxd::daemon
