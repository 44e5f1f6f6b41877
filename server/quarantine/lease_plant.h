// lease_plant.h: whom an order means, out of the leases as they are, the history of who had an address then, the modem records and the configuration. The control thread's.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "leasequery/lease_view.h"
#include "server/config/config.h"
#include "server/quarantine/switch.h"
#include "server/subscriber/modems.h"

namespace coaxd::quarantine {

class LeasePlant final : public Plant {
 public:
  // One who had an address.
  struct Past {
    std::string hardware{}, remote_id{};  // octets
    WallSeconds since = 0, until = 0;     // until 0: he has it still
  };
  // Nothing: nobody had it then. The error is a sentence.
  using History = std::function<std::expected<std::optional<Past>, std::string>(Ipv4 address, WallSeconds at)>;
  using Clock = std::function<WallSeconds()>;

  // All outlive it; modems and notes (what is known of hosts with fixed addresses) may be null.
  LeasePlant(const lease::LeaseTable& leases, const subscriber::Modems* modems, History history, Clock clock, const leasequery::FixedNotes* notes = nullptr);
  void use(std::shared_ptr<const config::Config> config);  // start, reload

  std::expected<Found, std::string> find(const Subject& subject, WallMillis at) override;
  bool look_for_addresses(const subscriber::Confined& confined, std::uint64_t& place, const Sink& found) override;
  bool has_garden(const std::optional<Ipv4>& address) override;
  std::string in_class(const Found& found, const std::vector<std::string>& classes) override;
  std::uint64_t subscribers() override;

  // An address outside the garden that this machine was given, or renewed, at that time or later.
  std::optional<Ipv4> usual_address_since(std::string_view hardware, WallMillis at);

 private:
  std::expected<Found, std::string> find_address(Ipv4 address, WallMillis at);
  std::expected<Found, std::string> find_subscriber(const std::string& name);
  Found find_machine(Bytes hardware);
  Found find_modem(subscriber::Mac modem);

  leasequery::LeaseView view_;
  const subscriber::Modems* const modems_;
  const History history_;
  const Clock clock_;
  leasequery::Facts facts_;
  leasequery::Tenant tenant_;
};

}  // namespace coaxd::quarantine
