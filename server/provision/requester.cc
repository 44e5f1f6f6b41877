#include "server/provision/requester.h"

#include "server/wire/cable_device.h"

namespace coaxd::provision {
namespace {

constexpr std::uint8_t kRemoteId = 2;

// What was told to whoever had the address before.
void forget_others(Requester& who) noexcept {
  if (!who.told || who.handed.hardware == who.hardware.value) return;
  who.told = false;
  who.handed = {};
}

}  // namespace

Bytes Requester::agent_option(std::uint8_t code) const noexcept { return wire::find_tlv(binding.get(lease::Item::agent_info), code).value_or(Bytes{}); }

void identify(const lease::LeaseTable& leases, const AddressPlan* plan, const HandedOut* handed_out, Ipv4 address, WallSeconds now, Requester& out) {
  out.address = address;
  out.hardware = out.modem = {};
  out.network = plan != nullptr ? plan->network_of(address) : std::string_view{};
  out.pool = plan != nullptr ? plan->pool_of(address) : std::string_view{};
  out.told = handed_out != nullptr && handed_out->find(address, out.handed);
  if (!out.told) out.handed = {};
  const lease::SlotId slot = leases.find(address);
  out.leased = slot != lease::kNoSlot && lease::is_running(leases.read(slot, out.binding), now);
  if (out.leased) {
    out.hardware = subscriber::Mac::of(out.binding.hardware()).value_or(subscriber::Mac{});
    // RFC 3046 §3.2: what the CMTS says of the modem counts more than what anybody says of himself.
    out.modem = subscriber::Mac::of(out.agent_option(kRemoteId)).value_or(out.hardware);
    forget_others(out);
    return;
  }
  out.binding = {};
  if (plan != nullptr)
    if (const auto host = plan->host_of(address)) {
      out.leased = true;
      out.hardware = out.modem = *host;
      if (host->value != 0) forget_others(out);
    }
  if (!out.told) return;
  out.hardware = {out.handed.hardware};
  out.modem = {out.handed.modem};
  if (!out.leased) out.leased = out.handed.has(Handed::kFixed) && !lease::is_over(out.handed.until, now);
}

}  // namespace coaxd::provision
