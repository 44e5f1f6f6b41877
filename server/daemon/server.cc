#include "server/daemon/server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <utility>

#include "server/config/name_news.h"
#include "server/base/counted.h"
#include "server/base/json.h"
#include "server/daemon/export.h"
#include "server/daemon/fixed_leases.h"
#include "server/daemon/free_lease.h"
#include "server/daemon/leasequery_metrics.h"
#include "server/daemon/leasequery_settings.h"
#include "server/daemon/modem_commands.h"
#include "server/daemon/quarantine_metrics.h"
#include "server/daemon/scheduling.h"
#include "server/daemon/template_commands.h"
#include "server/engine/startup.h"
#include "server/io/asio_transport.h"
#include "server/io/uring_transport.h"
#include "server/store/leases_export.h"

namespace coaxd::daemon {

namespace {

constexpr std::string_view kVersion = COAXD_VERSION;
constexpr auto kTick = std::chrono::seconds(1);
// Less than a sync takes: who has waited for one goes on at once.
constexpr auto kWorkerTurn = std::chrono::microseconds(100);
// Replies that the kernel has not sent yet, of one worker, beside those that wait for the store or a probe.
constexpr std::size_t kSendsInFlight = 3584;

constexpr const char* kNoFiles = "no files are served: [tftp] enabled is false.";

std::unexpected<std::string> fail(std::string sentence) { return std::unexpected(std::move(sentence)); }

unsigned worker_count(const config::Settings& settings) {
  if (settings.server.workers != 0) return settings.server.workers;
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return static_cast<unsigned>(CPU_COUNT(&cpus));
}

std::string_view interface_name(std::uint32_t index, const void* context) {
  const engine::Interface* interface = static_cast<const io::InterfaceTable*>(context)->find(index);
  return interface == nullptr ? std::string_view{"?"} : interface->name;
}

std::string lines(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += sentence + (sentence.ends_with('\n') ? "" : "\n");
  return text;
}

}  // namespace

Server::Server(CommandLine line, config::Settings settings, Configuration configuration)
    : line_(std::move(line)),
      settings_(std::move(settings)),
      configuration_(std::move(configuration)),
      log_({.program = line_.program,
            .to_stderr = line_.log_to_stderr || !line_.quiet,
            .lines_per_second = settings_.log.lines_per_second}),
      effects_(log_, {.limit = std::chrono::seconds(settings_.limits.execute_seconds)}) {
  leases_path_ = leases_path(line_, *configuration_.config);
  pid_path_ = pid_path(line_, *configuration_.config);
  engine_settings_ = engine_settings(line_, settings_, *configuration_.config);
  start_values_ = start_values(line_, settings_, *configuration_.config);
}

Server::~Server() = default;

std::expected<void, std::string> Server::run(Daemonizer& daemonizer) {
  // Before any thread: signals are the control thread's.
  signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  if (auto started = start(); !started) {
    log_.set_stderr(true);  // whoever started it hears why it is not there, with -q as well
    log_.error(started.error());
    stop();
    return started;
  }
  log_.info("Server starting service.");
  notify_systemd("READY=1\nSTATUS=serving");
  daemonizer.ready();
  if (!line_.log_to_stderr) log_.set_stderr(false);
  context_.run();
  notify_systemd("STOPPING=1");
  stop();
  log_.info("stopped.");
  return {};
}

Server::Step Server::start() {
  started_ = clock_.now().wall;
  // Ids go on above those of an earlier life, which may have ended in this very second.
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  events_ = std::make_shared<api::Events>(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count()));
  // Fails where something keeps the call from us, and never else; waits in the first second of a machine's life. With numbers that others know, anybody could aim at
  // one place of the tables, and guess the names of files.
  if (getrandom(&seeds_, sizeof seeds_, 0) != sizeof seeds_)
    return fail(fmt::format("The kernel gives no random octets ({}): let coaxd call getrandom(2), as with SystemCallFilter=@system-service.", std::strerror(errno)));
  if (!line_.quiet) log_.info(fmt::format("coaxd {}: DHCPv4 provisioning server, drop-in for ISC dhcpd.", kVersion));
  for (const std::string& warning : configuration_.warnings) log_.warning(warning);
  for (const std::string& news : config::news_of_names(*configuration_.names, nullptr)) log_.warning(news);
  for (const config::Finding& finding : configuration_.coverage.of(config::Coverage::not_supported))
    log_.warning(fmt::format("{}: NOT SUPPORTED: {} ({})", finding.where, finding.row.name, finding.row.note));
  log_.set_facility(global_text(*configuration_.config, config::Parameter::log_facility));

  if (const pid_t other = line_.write_pid_file ? PidFile::living_process_of(pid_path_) : 0; other != 0)
    return fail(fmt::format("There's already a DHCP server running. {} names process {}: stop it, or remove the file if that is no DHCP server.",
                            pid_path_, other));
  run_global_statements(false);
  using Phase = Step (Server::*)();
  for (const Phase phase : {&Server::open_interfaces, &Server::open_network, &Server::open_store, &Server::start_workers,
                            &Server::start_control}) {
    if (auto done = (this->*phase)(); !done) return done;
  }
  return {};
}

// dhcpd runs the global statements once at start, as root and before it serves, and waits for their programs (dhcpd-compat §5.2). A reload
// stands for its restart, so they run again; but then the control thread does not wait.
void Server::run_global_statements(bool reloaded) {
  engine::GlobalVariables globals;  // each worker makes its own
  for (const engine::StartupEffect& effect :
       engine::run_global_statements(*configuration_.config, configuration_.names.get(), globals)) {
    if (effect.kind == engine::Effect::Kind::log) {
      log_.message(engine::syslog_priority(effect.level), effect.text);
    } else if (reloaded) {
      effects_.run_later(effect.argv);
    } else {
      effects_.run_now(effect.argv);
    }
  }
}

// --- network ---

Server::Step Server::open_interfaces() {
  const auto all = io::scan_interfaces();
  if (!all) return fail(fmt::format("Can't list network interfaces: {}.", std::strerror(all.error())));
  for (const std::string& name : line_.interfaces) {
    const bool known = std::any_of(all->begin(), all->end(), [&](const auto& i) { return i.name == name; });
    if (!known) return fail(fmt::format("No such network interface: {} (ip link lists those there are).", name));
  }
  const config::Config& config = *configuration_.config;
  if (!line_.quiet)
    for (const std::string& undeclared : undeclared_lines(*all, line_.interfaces, config)) log_.message(3, undeclared);
  if (std::string refused = why_unservable(*all, line_.interfaces, config, engine_settings_.local_address); !refused.empty())
    return fail(std::move(refused));
  served_ = served_interfaces(*all, line_.interfaces, config);
  if (!line_.quiet)
    for (const std::string& listening : listening_lines(served_, config)) log_.info(listening);
  interfaces_.publish(served_);
  for (const std::string& warning : io::rp_filter_warnings(served_)) log_.warning(warning);
  return {};
}

Server::Step Server::open_network() {
  io::SocketOptions options;
  options.workers = worker_count(settings_);
  options.port = engine_settings_.server_port;
  options.steering_seed = seeds_.steering;
  options.packet_sockets = settings_.server.link_clients;
  if (!options.packet_sockets && !line_.quiet) log_.info("Clients on this machine's own links are not served: [server] link_clients is false.");
  auto sockets = io::open_sockets(options);
  if (!sockets) return fail(sockets.error().message);
  sockets_ = std::move(*sockets);
  if (auto opened = open_services(options.steering_seed); !opened) return opened;
  if (auto opened = open_leasequery(); !opened) return opened;
  if (auto opened = open_portal(); !opened) return opened;

  if (line_.write_pid_file)
    if (auto written = pid_file_.write(pid_path_); !written) {
      if (written.error().taken) return fail(written.error().sentence);
      log_.warning(written.error().sentence);  // dhcpd goes on too
    }
  const auto identity = find_identity(line_.user, line_.group);
  if (!identity) return fail(identity.error());
  if (auto opened = open_snmp(*identity); !opened) return opened;
  if (auto jailed = change_root(line_.chroot); !jailed) return jailed;
  open_control_socket(*identity);
  if (auto dropped = drop_privileges(*identity); !dropped) return dropped;

  io::TransportOptions transport;
  transport.port = options.port;
  transport.transmit_buffers = settings_.limits.pending_changes + worker::Worker::kMaxProbes + kSendsInFlight;
  transport.trains = settings_.server.reply_trains;
  for (io::WorkerSockets& sockets_of_one : sockets_) {
    std::unique_ptr<worker::Transport> made;
    if (settings_.server.io != config::IoChoice::asio) {
      int error = 0;
      made = io::make_uring_transport(sockets_of_one, interfaces_, transport, error);
      if (made == nullptr && settings_.server.io == config::IoChoice::uring)
        return fail(fmt::format("io_uring is not available ({}); [server] io = \"auto\" falls back to Boost.Asio.", std::strerror(error)));
      if (made == nullptr && transports_.empty())
        log_.warning(fmt::format("io_uring is not available ({}): using Boost.Asio, which is slower.", std::strerror(error)));
      io_name_ = "io_uring";
    }
    if (made == nullptr) {
      made = io::make_asio_transport(sockets_of_one, interfaces_, transport);
      io_name_ = "asio";
    }
    transports_.push_back(std::move(made));
  }
  if (!line_.quiet) log_.info(fmt::format("{} worker{}, {}, port {}.", transports_.size(), transports_.size() == 1 ? "" : "s", io_name_, options.port));
  return {};
}

// Ports below 1024, so as early as DHCP's.
Server::Step Server::open_services(std::uint32_t steering_seed) {
  const io::ServiceOptions options = service_options(settings_, static_cast<unsigned>(sockets_.size()), steering_seed);
  auto services = io::open_service_sockets(options);
  if (!services) return fail(services.error().message);
  for (std::size_t i = 0; i < sockets_.size(); ++i) sockets_[i].services = std::move((*services)[i]);
  if (options.time_port != 0) {
    time_server_.emplace(context_, [this] { return clock_.now().wall; });
    if (auto listening = time_server_->listen(options.time_port); !listening) return listening;
  }
  if (line_.quiet) return {};
  if (options.tftp_port != 0)
    log_.info(fmt::format("TFTP on port {}: {}.", options.tftp_port, settings_.tftp.root.empty() ? std::string{"no folder"} : "files of " + settings_.tftp.root));
  if (options.time_port != 0) log_.info(fmt::format("Time of day on port {}.", options.time_port));
  return {};
}

// A port below 1024, and a key that is nobody else's to read.
Server::Step Server::open_leasequery() {
  if (!settings_.leasequery.tcp) return {};
  auto options = leasequery_tcp_options(settings_);
  if (!options) return fail(options.error());
  leasequery_.emplace(std::move(*options), [this] { return leasequery_clock_.now(); }, [this](const std::string& line) { log_.info(line); });
  if (auto listening = leasequery_->listen(); !listening) return listening;
  if (!line_.quiet) log_.info(fmt::format("Leasequery over TCP on port {}.", settings_.leasequery.tcp_port));
  return {};
}

// After the change of root, for it belongs inside, and before the privileges go, for /run is root's. Its directory is made, for /run is empty
// after every boot, and is then the user's, who has to remove the socket. Without the socket the server serves all the same.
void Server::open_control_socket(const Identity& identity) {
  const std::string& path = settings_.control.socket;
  if (path.empty()) return;
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  std::error_code failed;  // listen() says it better
  const bool made = !directory.empty() && std::filesystem::create_directories(directory, failed);
  control_.emplace(context_, [this](const std::vector<std::string>& words) { return command(words); },
                   [this](auto socket, std::string_view octets, std::shared_ptr<void> place) { http_of_socket_->serve(std::move(socket), octets, std::move(place)); });
  if (auto listening = control_->listen(path); !listening) return log_.warning(listening.error());
  if (identity.user.empty()) return;
  (void)!chown(path.c_str(), identity.uid, identity.gid);
  if (made) (void)!chown(directory.c_str(), identity.uid, identity.gid);
}

// Somebody has removed it, or it was another server's when we started.
void Server::restore_control_socket() {
  if (!control_ || control_->is_there()) return;
  if (auto listening = control_->listen(settings_.control.socket); !listening) return log_.warning(listening.error());
  log_.warning(fmt::format("The control socket {} was gone and is made anew.", settings_.control.socket));
}

// --- leases ---

Server::Step Server::open_store() {
  store::StoreOptions options;
  options.path = store_path(settings_, leases_path_);
  if (std::string missing = missing_leases(leases_path_, options.path); !missing.empty()) return fail(std::move(missing));
  options.durability = settings_.store.durability;
  options.workers = static_cast<unsigned>(transports_.size());
  options.segment_size = std::uint64_t{settings_.store.segment_mb} << 20;
  options.now = clock_.now().wall;
  options.accept_clock_step = line_.accept_clock_step;
  options.history_days = settings_.store.history_days;
  auto opened = store::LeaseStore::open(options);
  if (!opened) return fail(opened.error().message);
  store_ = std::move(*opened);
  alarms_.emplace(store_->path());

  leases_ = std::make_unique<LeaseMemory>(*configuration_.config, options.now, seeds_.leases);
  const auto say = [this](const std::string& sentence) { log_.warning(sentence); };
  if (auto filled = leases_->fill(*configuration_.config, *store_, leases_path_, line_.accept_damaged_leases, options.now, say); !filled)
    return filled;
  std::uint64_t active = 0;
  for (const auto& pool : configuration_.config->pools()) active += leases_->table().counts(pool->id).active;
  log_.info(fmt::format("{} from the store {}.", counted(active, "active lease"), store_->path()));
  for (const std::string& line : fixed_addresses_of_others(*configuration_.config, leases_->table(), options.now)) log_.warning(line);
  return load_modems();
}

Server::Step Server::load_modems() {
  modems_ = std::make_unique<subscriber::Modems>(store_->modems(), seeds_.modems);
  const auto unreadable = modems_->load();
  if (!unreadable) return fail(unreadable.error());
  if (*unreadable > 0)
    log_.warning(fmt::format("{} of the table modems in {} left out: the MAC address is none.", counted(*unreadable, "row"), store_->path()));
  if (modems_->size() > 0) log_.info(fmt::format("{} from the store.", counted(modems_->size(), "modem record")));
  engine_settings_.modems = &modems_->table();
  requesters_ = std::make_unique<leasequery::Requesters>(requester_specs(settings_), settings_.leasequery.rate, may_be_told(settings_));
  engine_settings_.requesters = requesters_.get();
  engine_settings_.fixed_notes = &leases_->fixed_notes();
  engine_settings_.confined = &confined_;
  engine_settings_.ward_sightings = &ward_sightings_;
  return open_quarantine();
}

// --- threads ---

Server::Step Server::open_files() {
  if (!settings_.tftp.enabled) return {};
  std::vector<provision::News> news;
  auto made = provision::Provision::make(provision_settings(settings_), seeds_.names, clock_.now().wall, news);
  tell(news);
  if (!made) return fail(made.error());
  provision_ = std::move(*made);
  engine_settings_.file_names = &provision_->handed_out();
  plan_ = std::make_shared<ConfigPlan>(configuration_.config);
  for (std::size_t i = 0; i < transports_.size(); ++i) {
    auto files = ModemFiles::make(files_parts());
    if (!files) return fail(files.error());
    files_.push_back(std::move(*files));
  }
  return {};
}

ModemFilesParts Server::files_parts() const {
  return {.settings = settings_, .provision = *provision_, .modems = modems_->table(), .leases = leases_->table(), .plan = plan_, .confined = &confined_};
}

void Server::tell(const std::vector<provision::News>& news) {
  for (const provision::News& each : news) {
    if (each.error) {
      log_.error(each.text);
    } else {
      log_.info(each.text);
    }
  }
}

Server::Step Server::start_workers() {
  const auto count = static_cast<unsigned>(transports_.size());
  if (auto opened = open_files(); !opened) return opened;
  for (unsigned i = 0; i < count; ++i) {
    journals_.push_back(store_->journal(i, transports_[i]->disk()));
    workers_.push_back(std::make_unique<worker::Worker>(
        worker::Worker::Parts{.transport = *transports_[i],
                              .journal = *journals_[i],
                              .leases = leases_->table(),
                              .limits = leases_->limits(),
                              .settings = engine_settings_,
                              .log_packets = settings_.log.packets,
                              .index = i,
                              .max_held = settings_.limits.pending_changes,
                              .max_effects = settings_.limits.execute_waiting,
                              .services = {.files = files_.empty() ? nullptr : &files_[i]->files,
                                           .tftp = tftp_settings(settings_, count, seeds_.transfers),
                                           .time = settings_.time.enabled}},
        worker::Snapshot{configuration_.config, configuration_.names}));
  }
  store_->start();

  std::vector<worker::Outlets*> outlets;
  for (const auto& one : workers_) outlets.push_back(&one->outlets());
  log_.start(outlets, interface_name, &interfaces_);
  effects_.start(outlets);

  // Signals are the control thread's: threads started now must not take them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  for (unsigned i = 0; i < workers_.size(); ++i) {
    threads_.emplace_back([this, i] {
      ask_for_turns_of(kWorkerTurn);
      workers_[i]->run();
    });
    pthread_setname_np(threads_.back().native_handle(), fmt::format("worker-{}", i).c_str());
    if (settings_.server.cpu_affinity) {
      cpu_set_t cpus;
      CPU_ZERO(&cpus);
      CPU_SET(i % std::max(1u, std::thread::hardware_concurrency()), &cpus);
      pthread_setaffinity_np(threads_.back().native_handle(), sizeof cpus, &cpus);
    }
  }
  if (settings_.store.mirror) {
    const auto changes = [this] {
      std::uint64_t total = 0;
      for (const auto& one : workers_) total += one->counters().commits.get();
      return total;
    };
    const auto interval = std::chrono::seconds(settings_.store.mirror_seconds);
    mirror_.emplace(leases_->table(), Mirror::Options{leases_path_, interval, leases_style(*configuration_.config), leases_->others(), &leases_->homeless()}, changes,
                    [this](const std::string& sentence) { log_.error(sentence); });
    mirror_->start();
  }
  if (leasequery_) {
    std::vector<lease::ChangeFeed*> feeds;
    for (worker::Outlets* one : outlets) feeds.push_back(&one->changes);
    leasequery_->start({.leases = leases_->table(), .requesters = *requesters_, .revocations = &leasequery_confined_, .notes = &leases_->fixed_notes(), .config = configuration_.config, .feeds = std::move(feeds)});
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return {};
}

Server::Step Server::start_control() {
  start_quarantine();
  if (auto opened = open_api(); !opened) return opened;

  for (const int signal_number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal_number);
  const auto wait_for_signal = [this](const auto& self) -> void {
    signals_.async_wait([this, self](const boost::system::error_code& error, int signal_number) {
      if (error) return;
      if (signal_number != SIGHUP) return context_.stop();
      restore_control_socket();
      if (auto done = reload(); !done) log_.error(done.error());
      self(self);
    });
  };
  wait_for_signal(wait_for_signal);

  if (const int fd = io::open_change_monitor(); fd >= 0) {
    interface_monitor_.assign(fd);
    const auto wait_for_change = [this](const auto& self) -> void {
      interface_monitor_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this, self](const boost::system::error_code& error) {
        if (error) return;
        io::drain_change_monitor(interface_monitor_.native_handle());
        rescan_interfaces();
        self(self);
      });
    };
    wait_for_change(wait_for_change);
  }

  const auto wait_for_tick = [this](const auto& self) -> void {
    ticker_.expires_after(kTick);
    ticker_.async_wait([this, self](const boost::system::error_code& error) {
      if (error) return;
      tick();
      self(self);
    });
  };
  wait_for_tick(wait_for_tick);
  return {};
}

// Whatever has come up goes down, in the order in which one needs the other: control, workers (held replies are settled first), log lines,
// fold, mirror, sockets.
void Server::stop() {
  control_.reset();
  http_.reset();
  metrics_.reset();
  if (backup_.joinable()) backup_.join();
  time_server_.reset();
  stop_quarantine();
  if (leasequery_) leasequery_->stop();  // before the leases and the workers whose changes it takes
  for (const auto& one : workers_) one->request_stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (modems_)
    if (auto stored = modems_->store_what_was_seen(); !stored) log_.warning(fmt::format("When modems were seen last is not stored: {}.", stored.error()));
  if (store_) store_->stop();
  if (mirror_) mirror_->stop();
  effects_.stop();  // programs may hang for a while: the leases are safe by now
  log_.stop();
  workers_.clear();
  files_.clear();
  provision_.reset();
  transports_.clear();  // before the journals, out of whose memory a disk may still be writing
  journals_.clear();
  if (!sockets_.empty()) {
    sockets_.clear();
    io::wait_until_port_is_free(engine_settings_.server_port);
    if (settings_.tftp.enabled) io::wait_until_port_is_free(static_cast<std::uint16_t>(settings_.tftp.port));
    if (settings_.time.enabled) io::wait_until_port_is_free(kTimePort);
  }
}

// --- what goes on beside the packets ---

void Server::tick() {
  const Instant now = clock_.now();
  const bool was_frozen = alarms_->clock_frozen();
  const Alarms::State state{.journal_error = store_error(),
                            .sqlite_error = store_->health().last_error.load(std::memory_order_relaxed),
                            .clock_frozen = clock_.frozen(),
                            .clock_step = clock_.step()};
  for (const Alarms::Line& line : alarms_->look(state)) log_.message(line.priority, line.text);
  if (alarms_->clock_frozen() != was_frozen)
    for (const auto& one : workers_) one->freeze_expiry(alarms_->clock_frozen());
  tell_lost_lines();
  look_after_modems();
  look_for_reset_modems();
  if (provision_) tell(provision_->look(now.wall));
  if (!configuration_.host_names.empty() &&
      now.mono_ns - names_at_ns_ > std::int64_t{settings_.names.refresh_seconds} * 1'000'000'000) {
    names_at_ns_ = now.mono_ns;
    refresh_names();
  }
}

// As Worker::store_error(), of the first worker that has one.
int Server::store_error() const {
  for (const auto& one : workers_)
    if (const int error = one->store_error(); error != 0) return error;
  return 0;
}

// What the workers saw of modems, into their records and the store.
void Server::look_after_modems() {
  modems_->tick();
  if (modems_->ailment() == modem_ailment_told_) return;
  modem_ailment_told_ = modems_->ailment();
  if (!modem_ailment_told_.empty()) log_.warning(fmt::format("When modems were seen is not stored now: {}; it is tried again.", modem_ailment_told_));
}

// When syslog takes lines again, it hears how many it has missed.
void Server::tell_lost_lines() {
  if (log_.behind()) {
    log_was_behind_ = true;
    return;
  }
  if (!std::exchange(log_was_behind_, false)) return;
  std::uint64_t acks = 0, others = log_.lost();
  for (const auto& one : workers_) {
    acks += one->counters().ack_logs_lost.get();
    others += one->counters().logs_lost.get();
  }
  const std::uint64_t lost = acks + others - std::exchange(lines_lost_told_, acks + others);
  if (lost == 0) return;
  log_.warning(fmt::format("{} log lines were lost while the log took nothing; since the start {}, {} of them of DHCPACKs.", lost,
                           acks + others, acks));
}

void Server::rescan_interfaces() {
  const auto all = io::scan_interfaces();
  if (!all) return;
  Interfaces served = served_interfaces(*all, line_.interfaces, *configuration_.config);
  for (const std::string& change : changes_of_served(served_, served, *all)) log_.warning(change);
  served_ = std::move(served);
  interfaces_.publish(served_);
}

void Server::refresh_names() {
  auto fresh = config::look_up_hosts(configuration_.host_names, std::chrono::milliseconds(settings_.names.timeout_ms),
                                     configuration_.names.get());
  for (const std::string& news : config::news_of_names(*fresh, configuration_.names.get())) log_.warning(news);
  configuration_.names = fresh;
  at_barrier([&] { return worker::Snapshot{configuration_.config, configuration_.names}; });
}

// All workers at rest, nothing held, nobody looking at the lease table; packets wait in the sockets' buffers meanwhile.
void Server::at_barrier(const std::function<worker::Snapshot()>& change) {
  for (const auto& one : workers_) one->request_park();
  for (const auto& one : workers_) one->wait_at_rest();
  const worker::Snapshot snapshot = change();
  for (const auto& one : workers_) one->resume(snapshot);
}

// The files on disk as a start would take them: what it refuses is an error here too. What counts at start only is among the warnings.
std::expected<Configuration, std::string> Server::read_again() const {
  config::Settings settings = settings_;
  // Out of reach in a jail, or for a user who is not root any more: then there is nothing to compare.
  if (line_.chroot.empty() && access(line_.settings.c_str(), R_OK) == 0) {
    auto loaded = load_settings(line_.settings);
    if (!loaded) return fail(loaded.error());
    settings = std::move(*loaded);
  }
  auto fresh = load_configuration(line_.config, settings_, configuration_.names.get());
  if (!fresh) return fresh;
  const auto ignored = ignored_changes(start_values_, start_values(line_, settings, *fresh->config));
  fresh->warnings.insert(fresh->warnings.end(), ignored.begin(), ignored.end());
  const auto unknown = config::news_of_names(*fresh->names, nullptr);
  fresh->warnings.insert(fresh->warnings.end(), unknown.begin(), unknown.end());
  if (const std::string refused = unsafe_findings(*fresh, settings_); !refused.empty()) return fail(refused);
  const std::string leases = leases_path(line_, *fresh->config);
  if (const std::string missing = missing_leases(leases, store_path(settings, leases)); !missing.empty()) return fail(missing + "\n");
  // Where nothing is served now, the network is to blame and not the file: a standby without its address must take over what is new.
  const auto all = io::scan_interfaces();
  if (!all || served_interfaces(*all, line_.interfaces, *configuration_.config).empty()) return fresh;
  const Ipv4 local_address = engine_settings(line_, settings, *fresh->config).local_address;
  if (const std::string refused = why_unservable(*all, line_.interfaces, *fresh->config, local_address); !refused.empty())
    return fail(refused + "\n");
  return fresh;
}

std::expected<std::string, std::string> Server::reload() {
  notify_systemd("RELOADING=1");
  auto loaded = read_again();
  notify_systemd("READY=1");
  if (!loaded) {
    ++reloads_failed_;
    return fail(fmt::format("{}Reload refused: the running configuration goes on.", loaded.error()));
  }
  if (const std::string news = read_api_files(); !news.empty()) loaded->warnings.push_back(news);
  for (const std::string& warning : loaded->warnings) log_.warning(warning);
  std::expected<void, std::string> reconfigured;
  (void)store_->fold_now();  // as far as it can be done before packets wait: leases of a range that comes back are read from SQLite
  const auto plan = provision_ ? std::make_shared<const ConfigPlan>(loaded->config) : nullptr;
  const std::int64_t began = io::read_monotonic_ns();
  {
    // The mirror reads the table too; waited for before the workers stop, so that packets do not wait for its file.
    const auto quiet = mirror_ ? mirror_->hold() : std::unique_lock<std::mutex>{};
    const auto silent = leasequery_ ? leasequery_->hold() : std::unique_lock<std::mutex>{};
    at_barrier([&] {
      reconfigured = leases_->reconfigure(*loaded->config, *store_, clock_.now().wall);
      if (reconfigured)
        for (const auto& files : files_) files->files.use(plan);
      return reconfigured ? worker::Snapshot{loaded->config, loaded->names} : worker::Snapshot{};  // an empty one changes nothing
    });
    if (leasequery_ && reconfigured) leasequery_->use(loaded->config);
    if (mirror_ && reconfigured) mirror_->use(leases_style(*loaded->config));
  }
  if (!reconfigured) {
    ++reloads_failed_;
    return fail(fmt::format("{} Reload refused: the running configuration goes on.", reconfigured.error()));
  }
  configuration_ = std::move(*loaded);
  plan_ = plan;
  if (quarantine_) quarantine_->use(configuration_.config);
  for (const std::string& line : fixed_addresses_of_others(*configuration_.config, leases_->table(), clock_.now().wall)) {
    log_.warning(line);
    configuration_.warnings.push_back(line);
  }
  run_global_statements(true);
  ++reloads_;
  rescan_interfaces();
  std::string sentence = fmt::format("Configuration {} taken over: {}, {}, {}; packets waited {} ms.", line_.config,
                                     counted(configuration_.config->networks().size(), "network"),
                                     counted(configuration_.config->pools().size(), "pool"),
                                     counted(configuration_.config->hosts().size(), "host"), (io::read_monotonic_ns() - began) / 1'000'000);
  log_.info(sentence);
  events_->tell("reload", "{\"text\": " + json_text(sentence) + "}");
  return sentence + "\n" + lines(configuration_.warnings);
}

// The first worker ends the lease while the others still rest, so nobody can take the address before it is known what came of it.
std::expected<std::string, std::string> Server::free_lease(const std::string& address) {
  auto found = find_freeable(leases_->table(), address, clock_.now().wall);
  if (found && !found->what.empty()) {
    at_barrier([&] {
      // Nobody changes it any more: it may have changed hands since.
      found = find_freeable(leases_->table(), address, clock_.now().wall);
      if (found && !found->what.empty()) workers_.front()->free_on_resume(found->slot);
      return worker::Snapshot{};
    });
  }
  if (!found) return fail(found.error());
  if (found->what.empty()) return freed_text(*found);
  const std::string text = freed_text(*found);
  if (!workers_.front()->has_freed()) return fail(fmt::format("{}: {} goes on, for its end could not be stored.", to_string(found->address), found->what));
  log_.info("coaxctl leases free: " + text.substr(0, text.find('\n')));
  return text;
}

// --- control socket ---

std::expected<BodySource, std::string> Server::command(const std::vector<std::string>& words) {
  const bool json = !words.empty() && words.back() == "--json";
  std::string name;
  for (std::size_t i = 0; i < words.size() - (json ? 1 : 0); ++i) name += (i == 0 ? "" : " ") + words[i];

  if (name == "stats") return whole(json ? to_json(samples()) : to_table(samples()));
  if (name == "metrics") return whole(to_prometheus(samples()));
  if (name == "leases export") {
    if (json) return export_leases(leases_->table(), leases_->homeless(), ExportFormat::json);
    return after(std::string{store::leases_header()} + leases_->others(),
                 export_leases(leases_->table(), leases_->homeless(), ExportFormat::dhcpd, leases_style(*configuration_.config)));
  }
  if (words.size() == 3 && words[0] == "leases" && words[1] == "free") {
    auto done = free_lease(words[2]);
    if (!done) return fail(done.error());
    return whole(*done);
  }
  if (!words.empty() && words[0] == "modem") {
    const auto end = words.end() - (json ? 1 : 0);
    if (words.size() > 1 && words[1] == "file") return show_file({words.begin() + 2, end}, json);
    auto done = modem_command(*modems_, {words.begin() + 1, end}, json, clock_.now().wall);
    if (done && words.size() > 2 && (words[1] == "set" || words[1] == "erase")) log_.info(fmt::format("coaxctl modem {} {}", words[1], words[2]));
    return done;
  }
  if (name == "templates") {
    if (!provision_) return fail(kNoFiles);
    return whole(json ? templates_json(*provision_) : templates_text(*provision_));
  }
  if (name == "reload") {
    auto done = reload();
    if (!done) {
      log_.error(done.error());
      return fail(done.error());
    }
    return whole(*done);
  }
  if (name == "check") {
    const auto loaded = read_again();
    if (!loaded) return fail(loaded.error());
    if (json) return whole(loaded->coverage.json(settings_));
    return whole(lines(loaded->warnings) + loaded->coverage.text(settings_));
  }
  return fail("there is no such command; coaxctl --help lists them");
}

// As a worker would make it, from the same parts, but with nothing of a worker's.
std::expected<BodySource, std::string> Server::show_file(const std::vector<std::string>& words, bool json) {
  if (!provision_) return fail(kNoFiles);
  const auto made = ModemFiles::make(files_parts());
  if (!made) return fail(made.error());
  return modem_file((*made)->files, words, json, clock_.now());
}

std::vector<Sample> Server::samples() const {
  MetricsInput input;
  for (const auto& one : workers_) input.workers.push_back(&one->counters());
  for (const auto& pool : configuration_.config->pools())
    input.pools.push_back({pool->network->name, pool->ranges.empty() ? std::string{} : to_string(pool->ranges.front().low),
                           leases_->table().counts(pool->id)});
  const auto& health = store_->health();
  input.folded_records = health.folded_records.load(std::memory_order_relaxed);
  input.fold_lag_records = health.fold_lag_records.load(std::memory_order_relaxed);
  input.fold_errors = health.fold_errors.load(std::memory_order_relaxed);
  input.history_rows = health.history_rows.load(std::memory_order_relaxed);
  input.log_lines = log_.lines();
  input.log_suppressed = log_.suppressed();
  input.log_lost = log_.lost();
  input.start_time = started_;
  input.reloads = reloads_;
  input.reloads_failed = reloads_failed_;
  input.lease_memory = leases_->table().memory_bytes();
  input.modems = modems_->size();
  input.modem_sightings_lost = modems_->table().lost();
  const io::SocketDrops drops = io::socket_drops(sockets_);
  input.dropped_requests = drops.requests;
  input.dropped_discovers = drops.discovers;
  input.dropped_leasequeries = drops.leasequeries;
  input.dropped_link = drops.link;
  input.dropped_services = drops.services;
  input.requesters = requesters_.get();
  for (const auto& one : workers_) input.leasequeries.push_back(&one->leasequeries());
  for (const auto& one : workers_) {
    if (one->services() == nullptr) continue;
    input.services.push_back(&one->services()->counters());
    if (const tftp::Counters* counters = one->services()->tftp_counters()) input.tftp.push_back(counters);
  }
  for (const auto& one : files_) input.files.push_back(&one->files.counters());
  if (time_server_) input.time_answers_tcp = time_server_->answers();
  input.leasequery_tcp = leasequery_ ? &*leasequery_ : nullptr;
  input.api = api_ ? &*api_ : nullptr;
  input.http = http_ ? &http_->counters() : nullptr;
  if (mirror_) input.mirror_age = mirror_->lag().age.count();
  input.store_error = alarms_->store_error();
  input.clock_frozen = alarms_->clock_frozen();
  input.version = kVersion;
  input.durability = std::string{to_string(settings_.store.durability)};
  input.io = io_name_;
  std::vector<Sample> samples = gather(input);
  gather_quarantine({.quarantines = quarantine_ ? &quarantine_->quarantines() : nullptr,
                     .sightings = quarantine_ ? &ward_sightings_ : nullptr,
                     .portal = portal_ ? &*portal_ : nullptr,
                     .snmp = snmp_ ? &snmp_->counters() : nullptr},
                    samples);
  return samples;
}

}  // namespace coaxd::daemon
