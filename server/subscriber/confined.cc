#include "server/subscriber/confined.h"

#include <algorithm>

namespace coaxd::subscriber {
namespace {

std::string_view octets_of(Bytes bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool is_telephone_adapter(Bytes vendor_class) noexcept { return octets_of(vendor_class).starts_with("pktc"); }

}  // namespace

Confined::Confined(const std::vector<Ward>& wards, const std::vector<std::string>& spared) : spared_(spared.begin(), spared.end()) {
  for (const Ward& ward : wards) {
    Holds& holds = ward.scope == Scope::cpe ? machines_ : modems_;
    const std::string& key = ward.scope == Scope::cpe ? ward.hardware : ward.remote_id;
    if (key.empty()) continue;
    // Two of one modem: the wider one is what packets see.
    const auto [place, is_new] = holds.try_emplace(key, Hold{ward.scope, ward.id});
    if (!is_new && ward.scope > place->second.scope) place->second = {ward.scope, ward.id};
  }
}

const Confined::Hold* Confined::find(const Holder& holder) const noexcept {
  if (empty()) return nullptr;
  if (const auto found = machines_.find(octets_of(holder.hardware)); found != machines_.end()) return &found->second;
  if (std::ranges::equal(holder.hardware, holder.remote_id) || is_telephone_adapter(holder.vendor_class) || spared_.contains(octets_of(holder.hardware))) return nullptr;
  return find_modem(holder.remote_id);
}

const Confined::Hold* Confined::find_modem(Bytes remote_id) const noexcept {
  const auto found = modems_.find(octets_of(remote_id));
  return found == modems_.end() ? nullptr : &found->second;
}

}  // namespace coaxd::subscriber
