// lease_memory.h: the lease table and the lease limits together with how they are filled: from the store at start, from a dhcpd.leases file
// on first start or after the operator went back to dhcpd for a while, and again when a reload changes the pools. Control thread, while no
// worker runs (start) or all are parked (reload).
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "leasequery/fixed_notes.h"
#include "server/config/config.h"
#include "server/daemon/export.h"
#include "server/lease/lease_limits.h"
#include "server/lease/lease_table.h"
#include "server/store/lease_store.h"
#include "server/store/leases_file.h"

namespace coaxd::daemon {

class LeaseMemory {
 public:
  LeaseMemory(const config::Config& config, WallSeconds now, HashSeed seed);  // of the table, which strangers must not know

  // Everything the store knows; then what `leases_path` knows better (merged by cltt). Sentences for the log go to `say`. Error: one
  // sentence; damaged blocks are listed through `say` first and are an error unless accepted.
  std::expected<void, std::string> fill(const config::Config& config, store::LeaseStore& store, const std::string& leases_path,
                                        bool accept_damaged, WallSeconds now, const std::function<void(const std::string&)>& say);
  // A new configuration: pools are assigned anew, leases of addresses that came (back) are taken from the store.
  // Error: the store could not tell them; nothing has changed.
  std::expected<void, std::string> reconfigure(const config::Config& config, store::LeaseStore& store, WallSeconds now);

  lease::LeaseTable& table() noexcept { return *table_; }
  const lease::LeaseTable& table() const noexcept { return *table_; }
  lease::LeaseLimits& limits() noexcept { return *limits_; }
  // What was heard of hosts with fixed addresses, which have no leases. Of this run alone.
  leasequery::FixedNotes& fixed_notes() noexcept { return fixed_notes_; }

  // As they were at the start: for the mirror and the export. Constant after fill().
  const Homeless& homeless() const noexcept { return homeless_; }
  // What else than leases stands in the leases file.
  const std::string& others() const noexcept { return others_; }

 private:
  struct Known {
    Ipv4 address;
    store::CommittedLease lease;
  };
  std::expected<void, std::string> import(const config::Config& config, store::LeaseStore& store, const std::string& leases_path,
                                          bool accept_damaged, WallSeconds now, std::vector<Known> known,
                                          const std::function<void(const std::string&)>& say);
  void count_limits();
  bool restore(Ipv4 address, const lease::Binding& binding, std::uint32_t generation);

  std::unique_ptr<lease::LeaseTable> table_;
  std::unique_ptr<lease::LeaseLimits> limits_;
  leasequery::FixedNotes fixed_notes_;
  Homeless homeless_;
  std::string others_;
};

}  // namespace coaxd::daemon
