// confined_holders.h: addresses whose holders are in quarantine, outside of the garden: they count as taken away, so that a CMTS drops what still comes from them
// (reference 4.3). An address of the garden is its holder's.
//
// A value of one thread, which looks at what is published with every question: while nobody is in quarantine that is one load.
#pragma once

#include "leasequery/lease_view.h"
#include "server/subscriber/confined.h"

namespace coaxd::leasequery {

// Whose a lease is, as it stands in its binding: views into that.
subscriber::Holder holder_of(const lease::Binding& binding) noexcept;

// The quarantine for which an address of that pool (null: fixed) is not its holder's any more; null: it is his.
const subscriber::Confined::Hold* taken_for(const subscriber::Confined& confined, const config::Pool* pool, const lease::Binding& holder) noexcept;

class ConfinedHolders final : public Revocations {
 public:
  explicit ConfinedHolders(const subscriber::PublishedConfined& confined) : confined_(confined) {}
  bool is_revoked(Ipv4 address, const config::Pool* pool, const lease::Binding& holder) const noexcept override;

 private:
  mutable subscriber::PublishedConfined::View confined_;
};

}  // namespace coaxd::leasequery
