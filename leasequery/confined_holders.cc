#include "leasequery/confined_holders.h"

#include "server/wire/cable_device.h"
#include "server/wire/message.h"

namespace coaxd::leasequery {

subscriber::Holder holder_of(const lease::Binding& binding) noexcept {
  return {.hardware = binding.hardware(),
          .remote_id = wire::find_tlv(binding.get(lease::Item::agent_info), wire::agent::remote_id).value_or(Bytes{}),
          .vendor_class = binding.get(lease::Item::vendor_class)};
}

const subscriber::Confined::Hold* taken_for(const subscriber::Confined& confined, const config::Pool* pool, const lease::Binding& holder) noexcept {
  if (confined.empty() || (pool != nullptr && pool->is_garden)) return nullptr;
  return confined.find(holder_of(holder));
}

bool ConfinedHolders::is_revoked(Ipv4, const config::Pool* pool, const lease::Binding& holder) const noexcept {
  confined_.refresh();
  return taken_for(*confined_, pool, holder) != nullptr;
}

}  // namespace coaxd::leasequery
