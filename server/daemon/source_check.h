// source_check.h: who may fetch files: a client with a lease or an address that dhcpd.conf fixes, and the CMTSs that fetch for their modems. A FileSource before
// another one. One worker's; use() while that worker rests.
#pragma once

#include <memory>
#include <vector>

#include "server/config/config.h"
#include "server/lease/lease_table.h"
#include "server/tftp/files.h"

namespace coaxd::daemon {

class SourceCheck final : public tftp::FileSource {
 public:
  SourceCheck(std::shared_ptr<tftp::FileSource> files, const lease::LeaseTable& leases, std::vector<Prefix> cmts, std::shared_ptr<const config::Config> config);

  void use(std::shared_ptr<const config::Config> config) noexcept { config_ = std::move(config); }

  tftp::FileAnswer open(const tftp::FileQuery& query) override;
  void close(tftp::Ticket ticket, bool complete) override { files_->close(ticket, complete); }

 private:
  bool may_fetch(Ipv4 client) const noexcept;

  const std::shared_ptr<tftp::FileSource> files_;
  const lease::LeaseTable& leases_;
  const std::vector<Prefix> cmts_;
  std::shared_ptr<const config::Config> config_;
};

}  // namespace coaxd::daemon
