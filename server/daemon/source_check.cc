#include "server/daemon/source_check.h"

#include <algorithm>
#include <utility>

namespace coaxd::daemon {

SourceCheck::SourceCheck(std::shared_ptr<tftp::FileSource> files, const lease::LeaseTable& leases, std::vector<Prefix> cmts,
                         std::shared_ptr<const config::Config> config)
    : files_(std::move(files)), leases_(leases), cmts_(std::move(cmts)), config_(std::move(config)) {}

tftp::FileAnswer SourceCheck::open(const tftp::FileQuery& query) {
  if (may_fetch(query.client.address)) return files_->open(query);
  return tftp::FileAnswer::refused(tftp::ErrorCode::access_violation, "your address has no lease here");
}

bool SourceCheck::may_fetch(Ipv4 client) const noexcept {
  const lease::SlotId slot = leases_.find(client);
  // The ACK left after the commit, so who has heard of his lease has it.
  if (slot != lease::kNoSlot && leases_.word(slot).state() == lease::SlotState::active) return true;
  return config_->is_fixed_address(client) || std::ranges::any_of(cmts_, [&](const Prefix& prefix) { return prefix.contains(client); });
}

}  // namespace coaxd::daemon
