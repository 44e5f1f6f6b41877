#include "server/subscriber/confined.h"

#include <algorithm>

namespace coaxd::subscriber {
namespace {

bool is_telephone_adapter(Bytes vendor_class) noexcept { return as_text(vendor_class).starts_with("pktc"); }

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
  if (const auto found = machines_.find(as_text(holder.hardware)); found != machines_.end()) return &found->second;
  if (std::ranges::equal(holder.hardware, holder.remote_id) || is_telephone_adapter(holder.vendor_class) || spared_.contains(as_text(holder.hardware))) return nullptr;
  return find_modem(holder.remote_id);
}

const Confined::Hold* Confined::find_modem(Bytes remote_id) const noexcept {
  const auto found = modems_.find(as_text(remote_id));
  return found == modems_.end() ? nullptr : &found->second;
}

}  // namespace coaxd::subscriber
