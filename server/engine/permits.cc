#include "server/engine/permits.h"

#include <algorithm>

namespace coaxd::engine {
namespace {

bool matches(const config::Permit& permit, const Applicant& applicant, WallSeconds now) noexcept {
  switch (permit.kind) {
    case config::PermitKind::known_clients:
      return applicant.known;
    case config::PermitKind::unknown_clients:
      return !applicant.known;
    case config::PermitKind::members_of:
      return applicant.classes.contains(permit.class_index);
    case config::PermitKind::all_clients:
      return true;
    case config::PermitKind::dynamic_bootp_clients:
      return applicant.bootp;
    // RFC 3118 was never deployed: nobody is authenticated.
    case config::PermitKind::authenticated_clients:
      return false;
    case config::PermitKind::unauthenticated_clients:
      return true;
    case config::PermitKind::after:
      return now >= permit.after;
  }
  return false;
}

}  // namespace

bool permitted(const config::Pool& pool, const Applicant& applicant, WallSeconds now) noexcept {
  const auto match = [&](const config::Permit& permit) { return matches(permit, applicant, now); };
  if (std::ranges::any_of(pool.deny, match)) return false;
  return pool.allow.empty() || std::ranges::any_of(pool.allow, match);
}

WallSeconds closes_at(const config::Pool& pool) noexcept {
  WallSeconds end = kNever;
  for (const config::Permit& permit : pool.deny) {
    if (permit.kind == config::PermitKind::after) end = std::min(end, permit.after);
  }
  return end;
}

}  // namespace coaxd::engine
