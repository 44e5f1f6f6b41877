// server.h: the running process: who owns what, in which order it comes up, is reloaded and goes down. All of it is the control
// thread's; the workers, the log, the effects, the fold and the mirror have their own threads (docs/architecture.md, thread table).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "leasequery/confined_holders.h"
#include "leasequery/tcp_server.h"
#include "server/api/api.h"
#include "server/api/quarantine_desk.h"
#include "server/api/server.h"
#include "server/daemon/alarms.h"
#include "server/daemon/command_line.h"
#include "server/daemon/configuration.h"
#include "server/daemon/control.h"
#include "server/daemon/effects.h"
#include "server/daemon/lease_memory.h"
#include "server/daemon/log_writer.h"
#include "server/daemon/metrics.h"
#include "server/daemon/mirror.h"
#include "server/daemon/process.h"
#include "server/daemon/quarantine_service.h"
#include "server/daemon/served_interfaces.h"
#include "server/daemon/modem_files.h"
#include "server/daemon/service_settings.h"
#include "server/daemon/time_server.h"
#include "server/io/clock.h"
#include "server/io/interfaces.h"
#include "server/io/sockets.h"
#include "server/portal/portal.h"
#include "server/store/lease_store.h"
#include "server/subscriber/modems.h"
#include "server/worker/worker.h"
#include "snmp/resetter.h"

namespace coaxd::daemon {

class Server {
 public:
  Server(CommandLine line, config::Settings settings, Configuration configuration);
  ~Server();

  // Comes up, serves until told to stop, goes down. The error is one sentence, and nothing is left running.
  std::expected<void, std::string> run(Daemonizer& daemonizer);

 private:
  using Step = std::expected<void, std::string>;

  Step start();
  Step open_interfaces();
  Step open_network();
  Step open_services(std::uint32_t steering_seed);
  Step open_leasequery();
  Step open_files();
  ModemFilesParts files_parts() const;
  void tell(const std::vector<provision::News>& news);
  Step open_store();
  Step load_modems();
  Step start_workers();
  Step start_control();
  Step open_api();
  std::string read_api_files();
  std::expected<void, std::string> back_up(std::function<void(api::Text)> done);
  std::string ailment() const;
  Step open_portal();
  Step open_snmp(const Identity& identity);
  Step open_quarantine();
  void start_quarantine();
  void stop_quarantine();
  Ipv4 address_of(subscriber::Mac modem);
  void ask_modem(snmp::Act act, subscriber::Mac modem, std::function<void(api::Text)> done);
  void look_for_reset_modems();
  void open_control_socket(const Identity& identity);
  void restore_control_socket();
  void stop();

  void tick();
  int store_error() const;
  void run_global_statements(bool reloaded);
  void tell_lost_lines();
  void look_after_modems();
  void rescan_interfaces();
  void refresh_names();
  std::expected<Configuration, std::string> read_again() const;
  std::expected<std::string, std::string> reload();
  std::expected<std::string, std::string> free_lease(const std::string& address);
  void at_barrier(const std::function<worker::Snapshot()>& change);
  std::expected<BodySource, std::string> command(const std::vector<std::string>& words);
  std::expected<BodySource, std::string> show_file(const std::vector<std::string>& words, bool json);
  std::vector<Sample> samples() const;

  const CommandLine line_;
  const config::Settings settings_;
  Configuration configuration_;
  std::string leases_path_, pid_path_;
  engine::Settings engine_settings_;
  std::vector<StartValue> start_values_;

  LogWriter log_;
  EffectRunner effects_;
  PidFile pid_file_;
  io::InterfaceTable interfaces_;
  Interfaces served_;  // what it was last told
  std::vector<io::WorkerSockets> sockets_;
  std::string io_name_;

  std::unique_ptr<LeaseMemory> leases_;
  std::unique_ptr<store::LeaseStore> store_;
  std::unique_ptr<leasequery::Requesters> requesters_;
  std::unique_ptr<subscriber::Modems> modems_;  // after the store it writes to, before the workers who read it
  subscriber::PublishedConfined confined_{std::make_shared<const subscriber::Confined>()};  // who is in quarantine; before all who look
  subscriber::WardSightings ward_sightings_;                                                // what the workers see of those
  std::vector<std::unique_ptr<worker::Transport>> transports_;
  std::vector<std::unique_ptr<store::Journal>> journals_;
  std::unique_ptr<provision::Provision> provision_;  // null: no TFTP. After the modem records, before who reads it
  std::shared_ptr<const ConfigPlan> plan_;
  std::vector<std::unique_ptr<ModemFiles>> files_;  // a worker's each; none: no TFTP
  std::vector<std::unique_ptr<worker::Worker>> workers_;
  std::vector<std::thread> threads_;
  std::optional<Mirror> mirror_;
  io::Clock leasequery_clock_;  // its thread's
  const leasequery::ConfinedHolders leasequery_confined_{confined_};  // its thread's
  std::optional<leasequery::TcpServer> leasequery_;  // none: not over TCP

  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_{context_};
  boost::asio::steady_timer ticker_{context_};
  boost::asio::posix::stream_descriptor interface_monitor_{context_};
  std::shared_ptr<api::Events> events_;  // from start() on
  std::optional<api::Api> api_;  // before those who bring it requests
  std::optional<api::HttpServer> http_, metrics_;
  std::optional<api::SocketServer> http_of_socket_;
  std::optional<snmp::Resetter> snmp_;  // none: no CMTS is named
  std::unique_ptr<QuarantineService> quarantine_;  // null: off
  std::optional<api::QuarantineDesk> desk_;
  std::optional<portal::Texts> portal_texts_;  // until the portal has them
  std::optional<portal::Portal> portal_;
  std::vector<std::unique_ptr<api::HttpServer>> portal_servers_;
  std::thread backup_;
  bool backs_up_ = false;
  std::optional<ControlSocket> control_;
  std::optional<TimeServer> time_server_;

  // Drawn from the kernel, each for one thing.
  struct Seeds {
    HashSeed leases, modems, names, transfers;
    std::uint32_t steering = 0;
  } seeds_;
  io::Clock clock_;
  WallSeconds started_ = 0;
  std::int64_t names_at_ns_ = 0;
  std::optional<Alarms> alarms_;
  bool log_was_behind_ = false;
  std::string modem_ailment_told_;
  std::uint64_t lines_lost_told_ = 0;
  std::uint64_t reloads_ = 0, reloads_failed_ = 0;
};

}  // namespace coaxd::daemon
