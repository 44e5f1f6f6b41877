// permits.h: may this client have an address of this pool (dhcpd-compat §3.3): any matching deny
// excludes; then, if there is any allow, one of them must match. Pure. Private to the engine.
#pragma once

#include "server/base/time.h"
#include "server/config/config.h"
#include "server/engine/classify.h"

namespace coaxd::engine {

struct Applicant {
  const ClassSet& classes;
  bool known = false;
  bool bootp = false;
};

bool permitted(const config::Pool& pool, const Applicant& applicant, WallSeconds now) noexcept;

// `deny after` ends every lease of the pool; kNever when there is none.
WallSeconds closes_at(const config::Pool& pool) noexcept;

}  // namespace coaxd::engine
