// free_lease.h: `coaxctl leases free ADDRESS`: which address it may be, and what it says about it. The lease itself ends in a worker
// (Worker::free_on_resume), as every lease does. Control thread. Pure functions; the errors are sentences for the operator.
#pragma once

#include <expected>
#include <string>

#include "server/lease/lease_table.h"

namespace coaxd::daemon {

struct Freeable {
  Ipv4 address;
  lease::SlotId slot = lease::kNoSlot;
  // What is there now: "the lease of 00:15:96:00:00:01 until 2026/11/22 20:58:25 UTC"; empty: nothing that could end.
  std::string what;
};
std::expected<Freeable, std::string> find_freeable(const lease::LeaseTable& leases, const std::string& address, WallSeconds now);

// The answer to the operator; its first line is the log's as well.
std::string freed_text(const Freeable& freed);

}  // namespace coaxd::daemon
