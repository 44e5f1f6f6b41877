#include "leasequery/tcp_server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>

#include "leasequery/plain_setting.h"
#include "leasequery/tcp_connection.h"
#include "server/base/tcp_listener.h"
#include "server/wire/option_table.h"

namespace coaxd::leasequery {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kTick = std::chrono::seconds(1);
// How late a change may be told; so long the workers' changes gather, and those of one address become one.
constexpr auto kFeedTick = std::chrono::milliseconds(20);
constexpr std::int64_t kLineNs = 1'000'000'000;
constexpr auto kStopPatience = std::chrono::seconds(1);
// Behind the workers where cores are short: a dump takes longer then, and packets do not.
constexpr int kNiceness = 5;  // more than the workers'

}  // namespace

struct TcpServer::Impl {
  Impl(Options o, std::function<Instant()> now, std::function<void(const std::string&)> l)
      : options(std::move(o)), log(std::move(l)), listener(context, [this](tcp::socket socket) { begin(std::move(socket)); }), ticker(context), feeder(context) {
    shared.now = std::move(now);
    shared.tls = options.tls;
  }

  void begin(tcp::socket socket);
  Ipv4 server_id(Ipv4 asked);
  void tell_refused(const std::string& line);
  void tick();
  void follow(bool on);
  void feed();
  void forget_closed();
  void tell(LeaseView::Number address);
  void pump_followers();
  void read_certificates();
  void terminate();

  const Options options;
  const std::function<void(const std::string&)> log;
  TcpConnection::Shared shared;
  std::optional<LeaseView> view;  // from start() on; shared.leases guards it
  std::optional<Teller> teller;
  const Requesters* requesters = nullptr;
  std::vector<lease::ChangeFeed*> feeds;
  FixedNotes* notes = nullptr;
  lease::StoredTime history_from = 0;

  asio::io_context context{1};
  TcpListener listener;
  asio::steady_timer ticker, feeder;
  std::vector<std::shared_ptr<TcpConnection>> connections;
  bool feeding = false;
  std::int64_t told_at_ns = 0;
  std::thread thread;
};

// --- connections ---

// RFC 6926 §8.1: whom it does not serve it may close at once.
void TcpServer::Impl::begin(tcp::socket socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error), local = error ? peer : socket.local_endpoint(error);
  if (error) return;
  const Ipv4 from{peer.address().to_v4().to_uint()};
  const std::size_t place = requesters->listed() ? requesters->find(from) : Requesters::kNobody;
  if (place == Requesters::kNobody) {
    shared.counters.not_listed.add();
    return tell_refused(fmt::format("leasequery over TCP from {}: not among [leasequery] requesters, closed.", to_string(from)));
  }
  forget_closed();
  if (connections.size() >= options.connections) {
    shared.counters.too_many.add();
    return tell_refused(fmt::format("leasequery over TCP from {}: {} connections are open, which is [leasequery] tcp_connections, closed.", to_string(from),
                                    connections.size()));
  }
  socket.set_option(tcp::no_delay(true), error);
  shared.counters.accepted.add();
  const TcpSession::Parts parts{.settings = options.session,
                                .teller = *teller,
                                .counters = shared.counters.session,
                                .server_id = server_id(Ipv4{local.address().to_v4().to_uint()}),
                                .lists = requesters->at(place).spec.lists,
                                .history_from = history_from,
                                .may_be_told = requesters->may_be_told()};
  connections.push_back(std::make_shared<TcpConnection>(std::move(socket), shared, parts, shared.now()));
  shared.counters.open.set(connections.size());
  // From the first connection on, so that no change is missed between a query and the first look at its leases.
  if (!feeding) {
    follow(true);
    feed();
  }
  connections.back()->pump();
}

// As over UDP, where it names itself so (RFC 2132 §9.7), but that TCP has no giaddr whose subnet might say otherwise.
Ipv4 TcpServer::Impl::server_id(Ipv4 asked) {
  const std::lock_guard quiet(shared.leases);
  return {plain_number(plain_setting(view->config()->global(), wire::option::server_identifier)).value_or(asked.value)};
}

// One a second: a stranger may connect all day, and the counters have them all.
void TcpServer::Impl::tell_refused(const std::string& line) {
  const std::int64_t now_ns = shared.now().mono_ns;
  if (told_at_ns != 0 && now_ns - told_at_ns < kLineNs) return;
  told_at_ns = now_ns;
  log(line);
}

void TcpServer::Impl::forget_closed() {
  std::erase_if(connections, [](const auto& each) { return each->closed(); });
  shared.counters.open.set(connections.size());
}

void TcpServer::Impl::tick() {
  ticker.expires_after(kTick);
  ticker.async_wait([this](const error_code& error) {
    if (error) return;
    const auto all = connections;
    for (const auto& each : all) each->on_time();
    forget_closed();
    tick();
  });
}

// --- changes ---

void TcpServer::Impl::tell(LeaseView::Number address) {
  for (const auto& each : connections) each->session().changed(address);
}

void TcpServer::Impl::follow(bool on) {
  feeding = on;
  for (lease::ChangeFeed* each : feeds) each->follow(on);
  if (notes != nullptr) notes->follow(on);
}

void TcpServer::Impl::feed() {
  if (connections.empty()) {
    shared.counters.followers.set(0);
    return follow(false);
  }
  for (lease::ChangeFeed* each : feeds) {
    std::size_t taken = 0;
    for (lease::SlotId slot; taken < lease::ChangeFeed::kCapacity && each->take(slot); ++taken) tell(LeaseView::number_of(slot));
    shared.counters.changes.add(taken);
    if (!each->take_overflow()) continue;
    shared.counters.changes_lost.add();
    for (const auto& connection : connections) connection->session().changes_lost();
  }
  if (notes != nullptr) {
    const std::lock_guard quiet(shared.leases);
    notes->take_changed([this](Ipv4 address) {
      if (const auto number = view->number_of(address); number != LeaseView::Number::none) tell(number);
    });
  }
  pump_followers();
  feeder.expires_after(kFeedTick);
  feeder.async_wait([this](const error_code& error) {
    if (!error) feed();
  });
}

void TcpServer::Impl::pump_followers() {
  const auto all = connections;
  std::uint64_t followers = 0;
  for (const auto& each : all) {
    if (each->closed() || !each->session().follows()) continue;
    ++followers;
    each->pump();
  }
  shared.counters.followers.set(followers);
}

// Those that wait for their time to be over are replaced while the server runs. Connections that have begun keep what they began with.
void TcpServer::Impl::read_certificates() {
  if (!options.read_certificates) return;
  auto fresh = options.read_certificates();
  if (!fresh) return log(fmt::format("{} The certificate and key that were read before go on.", fresh.error()));
  shared.tls = std::move(*fresh);
  log("leasequery: the files of TLS were read again.");
}

void TcpServer::Impl::terminate() {
  listener.close();
  const auto all = connections;
  for (const auto& each : all) each->terminate();
  // Whoever reads has his last messages by then.
  const auto until = std::chrono::steady_clock::now() + kStopPatience;
  feeder.cancel();
  const auto wait = [this, until](const auto& self) -> void {
    forget_closed();
    if (connections.empty() || std::chrono::steady_clock::now() >= until) return context.stop();
    ticker.expires_after(kFeedTick);
    ticker.async_wait([self](const error_code& error) {
      if (!error) self(self);
    });
  };
  wait(wait);
}

// --- control thread ---

TcpServer::TcpServer(Options options, std::function<Instant()> now, std::function<void(const std::string&)> log)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(now), std::move(log))) {}

TcpServer::~TcpServer() { stop(); }

std::expected<void, std::string> TcpServer::listen() { return impl_->listener.listen(impl_->options.port, "set [leasequery] tcp = false"); }

std::uint16_t TcpServer::port() const { return impl_->listener.port(); }

void TcpServer::start(Parts parts) {
  impl_->view.emplace(parts.leases, parts.revocations, parts.notes);
  impl_->view->use(std::move(parts.config));
  impl_->teller.emplace(*impl_->view);
  impl_->requesters = &parts.requesters;
  impl_->feeds = std::move(parts.feeds);
  impl_->notes = parts.notes;
  impl_->history_from = lease::to_stored(impl_->shared.now().wall);
  impl_->listener.accept();
  impl_->tick();
  impl_->thread = std::thread([impl = impl_.get()] {
    // Of this thread alone, on Linux.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), getpriority(PRIO_PROCESS, 0) + kNiceness);
    impl->context.run();
  });
  pthread_setname_np(impl_->thread.native_handle(), "leasequery-tcp");
}

void TcpServer::stop() {
  if (!impl_->thread.joinable()) return;
  asio::post(impl_->context, [impl = impl_.get()] { impl->terminate(); });
  impl_->thread.join();
  impl_->follow(false);
}

std::unique_lock<std::mutex> TcpServer::hold() { return std::unique_lock(impl_->shared.leases); }

// What went with the old configuration has left no trace in the leases: whoever follows is told so.
void TcpServer::use(std::shared_ptr<const config::Config> config) {
  const bool same = impl_->view->use(std::move(config));
  asio::post(impl_->context, [impl = impl_.get(), same] {
    impl->read_certificates();
    if (same) return;
    impl->history_from = lease::to_stored(impl->shared.now().wall);
    for (const auto& each : impl->connections) {
      each->session().set_history_from(impl->history_from);
      each->session().changes_lost();
    }
    impl->pump_followers();
  });
}

void TcpServer::changed(Ipv4 address) {
  asio::post(impl_->context, [impl = impl_.get(), address] {
    const std::lock_guard quiet(impl->shared.leases);
    if (const auto number = impl->view->number_of(address); number != LeaseView::Number::none) impl->tell(number);
  });
}

const TcpCounters& TcpServer::counters() const noexcept { return impl_->shared.counters; }
std::uint64_t TcpServer::told_active() const noexcept { return impl_->teller ? impl_->teller->active.get() : 0; }
std::uint64_t TcpServer::told_unassigned() const noexcept { return impl_->teller ? impl_->teller->unassigned.get() : 0; }

}  // namespace coaxd::leasequery
