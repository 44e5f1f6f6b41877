// policy.h: the guards: what a forged packet, a broken sensor or a bad rule may not do. `[quarantine]` of coaxd.toml. A value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/ipv4.h"
#include "server/subscriber/mac.h"

namespace coaxd::quarantine {

struct Source {
  std::string name;
  std::uint32_t weight = 100;      // points an event
  std::uint32_t per_minute = 600;  // orders; more are turned away
  std::int64_t longest_s = 0;      // of its quarantines; 0: as long as anybody's
};

struct Policy {
  bool dry_run = false;  // all is decided and recorded, and nothing happens
  std::vector<Prefix> never_prefixes{};
  std::vector<subscriber::Mac> never_macs{};      // machines and modems
  std::vector<std::string> never_classes{};       // of dhcpd.conf, by name
  double most_share = 0.01;         // of the subscribers at once
  std::uint32_t always_allowed = 10;  // so many may be, however few subscribers there are
  std::uint32_t threshold = 100;    // points that one signature must have of one subject within the window
  std::int64_t window_s = 600;
  std::int64_t default_ttl_s = 0;   // 0: until it is released
  std::int64_t oldest_s = 600;      // an event observed longer ago is recorded, and no more (a spool after an outage)
  std::uint32_t default_per_minute = 600;  // of a source that is not listed
  std::vector<Source> sources{};
  // Who releases himself:
  std::uint32_t self_releases = 3;  // in the period
  std::int64_t self_period_s = 30 * 86400;
  std::int64_t grace_s = 900;       // after a release alerts are recorded, and do nothing: queued ones would take him back
  std::int64_t wait_s = 0;          // before the page's button works
};

}  // namespace coaxd::quarantine
