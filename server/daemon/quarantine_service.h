// quarantine_service.h: the quarantine switch in the running server: what it looks at (leases, history), and what its effects are (packets, leasequery's followers, SNMP, events,
// log). The control thread's. A tick of its own: a user who has waited for the end of his quarantine waits no second longer.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "leasequery/tcp_server.h"
#include "server/daemon/log_writer.h"
#include "server/quarantine/lease_plant.h"
#include "server/quarantine/switch.h"
#include "server/store/history_reader.h"
#include "server/subscriber/confined.h"
#include "server/subscriber/ward_sightings.h"
#include "snmp/resetter.h"

namespace coaxd::daemon {

// At which relay SNMP finds the CMTS of an address: the first of its `relays` that belongs to the address's network; zero: none does.
Ipv4 relay_of(Ipv4 address, const config::Config& config, std::span<const std::vector<Prefix>> cmts_relays);

class QuarantineService final : private quarantine::Effects {
 public:
  struct Parts {
    boost::asio::io_context& context;
    const lease::LeaseTable& leases;
    const subscriber::Modems* modems = nullptr;
    const leasequery::FixedNotes* notes = nullptr;   // of hosts with fixed addresses; null: nothing is known
    std::string store_path{};                        // the lease store's
    std::function<Instant()> now{};
    subscriber::PublishedConfined& confined;         // what packets see
    subscriber::WardSightings& sightings;            // what they tell
    LogWriter& log;
    snmp::Resetter* snmp = nullptr;                  // null: there is none
    std::vector<std::vector<Prefix>> cmts_relays{};  // of each CMTS of [snmp]
    std::function<void(std::string_view kind, std::string_view json)> event{};  // for those who follow; null: nobody can
  };
  // Opens the file of quarantines and publishes those that are active, before the workers start. The error is one sentence.
  static std::expected<std::unique_ptr<QuarantineService>, std::string> open(Parts parts, quarantine::Policy policy, std::shared_ptr<const config::Config> config);
  ~QuarantineService() override;

  void use(std::shared_ptr<const config::Config> config);  // after a reload
  void tell_followers(leasequery::TcpServer* server) { followers_ = server; }
  void start_ticking();

  quarantine::Switch& quarantines() noexcept { return switch_; }
  const quarantine::Switch& quarantines() const noexcept { return switch_; }
  quarantine::Cases& cases() noexcept { return *cases_; }
  quarantine::WallMillis now_ms() const;

 private:
  QuarantineService(Parts parts, quarantine::Policy policy, std::unique_ptr<quarantine::Cases> cases, std::shared_ptr<const config::Config> config);

  quarantine::WallMillis publish(std::shared_ptr<const subscriber::Confined> confined) override;
  void changed(std::span<const Ipv4> addresses) override;
  void reset_machine(quarantine::CaseId id, std::string_view hardware, Ipv4 address) override;
  void bounce_modem(quarantine::CaseId id, subscriber::Mac modem, const std::optional<Ipv4>& address) override;
  void tell(std::string_view kind, const quarantine::Case& what, const quarantine::Step& step) override;

  std::expected<std::optional<quarantine::LeasePlant::Past>, std::string> who_had(Ipv4 address, WallSeconds at);
  void ask_snmp(quarantine::CaseId id, const snmp::Request& request);
  void collect();
  void look_for_those_who_are_back(quarantine::WallMillis now);
  void wait();

  Parts parts_;
  std::shared_ptr<const config::Config> config_;
  std::unique_ptr<store::HistoryReader> history_;  // opened when it is asked first
  std::unique_ptr<quarantine::Cases> cases_;
  quarantine::LeasePlant plant_;
  quarantine::Switch switch_;
  leasequery::TcpServer* followers_ = nullptr;
  quarantine::WallMillis looked_at_ = 0;
  boost::asio::steady_timer ticker_;
  std::shared_ptr<QuarantineService*> self_;  // callbacks of SNMP's thread outlive the service: they look here
};

}  // namespace coaxd::daemon
