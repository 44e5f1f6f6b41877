// responder.h: a leasequery in, its answer out (RFC 4388). Touches no socket, clock or log; equal inputs and leases give equal answers. A worker's own, which calls
// everything but tally(); nothing is allocated after construction but by use().
#pragma once

#include <cstdint>
#include <memory>

#include "leasequery/lease_view.h"
#include "leasequery/query.h"
#include "leasequery/reply.h"
#include "leasequery/requesters.h"
#include "server/base/time.h"
#include "server/wire/message.h"

namespace coaxd::leasequery {

struct Asked {
  const wire::Message& message;
  Ipv4 source;         // of the datagram
  Ipv4 destination;    // the address of ours that it was sent to
  Ipv4 server_id;      // option 54 of the answer
  bool allowed = false;  // `allow leasequery` holds where giaddr is
};

struct Outcome {
  Refusal refusal = Refusal::none;
  std::size_t size = 0;  // of the answer; 0: none, and `refusal` says why
  std::uint8_t type = 0;  // its message type
  Standing standing = Standing::unknown;
  Query query{};          // as far as it was read
  std::size_t associated = 0;  // the client's other addresses, by hardware address or client identifier
  bool heard_first = false;  // the relay was not heard before in query.dialect
};

class Responder {
 public:
  // All outlive it.
  Responder(const lease::LeaseTable& leases, Requesters& requesters, const Revocations* revocations = nullptr, const FixedNotes* notes = nullptr);

  void use(std::shared_ptr<const config::Config> config) { view_.use(std::move(config)); }

  // The answer goes to the query's giaddr, from the address that was asked, if there is one.
  Outcome answer(const Asked& asked, Instant now, MutableBytes out) noexcept;

  const Tally& tally() const noexcept { return tally_; }  // any thread
  const LeaseView& view() const noexcept { return view_; }

 private:
  Refusal decide(const Asked& asked, Instant now, MutableBytes out, std::size_t& place, Outcome& outcome) noexcept;

  LeaseView view_;
  Requesters& requesters_;
  Tally tally_;
  Facts facts_;    // of the query in hand
  Tenant tenant_;
};

}  // namespace coaxd::leasequery
