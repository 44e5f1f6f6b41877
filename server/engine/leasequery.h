// leasequery.h: what the engine adds to leasequery/: who may ask by dhcpd's `allow leasequery`, and how many of the answers have their lines in the log. Of one worker,
// private to the engine. Source: dhcpd-compat §9.10, §15.5.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "leasequery/confined_holders.h"
#include "leasequery/responder.h"
#include "server/config/config.h"
#include "server/engine/engine.h"

namespace coaxd::engine {

struct Exchange;

class Leasequeries {
 public:
  // A reloaded CMTS asks ten thousand times a second: so many lines say what there is to say, and the counters say the rest.
  static constexpr unsigned kLinesPerSecond = 50;

  Leasequeries(const lease::LeaseTable& leases, const Settings& settings);

  void use(std::shared_ptr<const config::Config> config);

  // What the configuration says of queries whose giaddr is the one in hand.
  struct Place {
    bool allowed = false;  // `allow leasequery`
    Ipv4 server_id;        // option 54; zero: the interface's address
  };
  Place place_of(Exchange& exchange) const noexcept;

  bool may_log(std::int64_t mono_ns) noexcept;
  // How many queries had no lines for a minute; 0: nothing to tell.
  std::uint64_t to_tell(std::int64_t mono_ns) noexcept;

  leasequery::Responder& responder() noexcept { return responder_; }
  const leasequery::Tally& tally() const noexcept { return responder_.tally(); }

 private:
  // Of the scopes around a subnet, or of the global one.
  struct Said {
    Place place;
    bool depends = false;  // on the packet: then its classes and statements must be looked at
  };
  static Said said_in(const config::Scope& scope) noexcept;

  std::unique_ptr<leasequery::Requesters> own_;  // where nobody has given any: `allow leasequery` alone decides
  leasequery::Requesters& requesters_;
  const std::optional<leasequery::ConfinedHolders> confined_;
  leasequery::Responder responder_;
  Said global_;
  std::vector<Said> subnets_;  // by id
  bool classes_say_ = false;
  std::int64_t second_ = 0;  // in which these were written
  unsigned lines_ = 0;
  std::uint64_t untold_ = 0;
  std::int64_t untold_since_ns_ = 0;
};

}  // namespace coaxd::engine
