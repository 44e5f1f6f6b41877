#include "snmp/resetter.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "server/base/assert.h"
#include "snmp/session.h"

namespace coaxd::snmp {
namespace {

Instant now() {
  timespec mono{}, wall{};
  ::clock_gettime(CLOCK_MONOTONIC, &mono);
  ::clock_gettime(CLOCK_REALTIME, &wall);
  return {.mono_ns = mono.tv_sec * kSecondNs + mono.tv_nsec, .wall = wall.tv_sec};
}

std::vector<Cmts> cmts_of(const Options& options) {
  std::vector<Cmts> cmts;
  for (const Options::Target& target : options.cmts) cmts.push_back(target.cmts);
  return cmts;
}

}  // namespace

struct Resetter::Impl {
  explicit Impl(Options from) : options(std::move(from)), dispatch(cmts_of(options), options.modem_key != nullptr, options.patience, counters) {
    for (const Options::Target& target : options.cmts) sessions.push_back(std::make_unique<Session>(target.cmts.address, *target.key, options.timeout));
    COAXD_ASSERT(wake_fd >= 0);
  }
  ~Impl() { ::close(wake_fd); }

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t wrote = ::write(wake_fd, &one, sizeof one);  // a full one wakes as well
  }
  void run();
  std::int64_t step();
  bool collect();
  void wait(std::int64_t until_ns);

  const Options options;
  Counters counters;
  const int wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::atomic<bool> stopping{false};
  std::thread thread;

  mutable std::mutex mutex;  // of what follows
  Dispatch dispatch;
  std::map<std::uint64_t, std::vector<Callback>> callbacks;  // by id; gone with what Dispatch remembers of it

  // The thread's own.
  std::vector<std::unique_ptr<Session>> sessions;                        // of each CMTS
  std::unordered_map<std::uint64_t, std::unique_ptr<Session>> modems;   // by exchange, for as long as it lasts
};

// What is due leaves, and who waits is told. The answer is when something is due again.
std::int64_t Resetter::Impl::step() {
  std::vector<Dispatch::Send> sends;
  std::vector<std::pair<Report, std::vector<Callback>>> told;
  std::int64_t next = 0;
  {
    const std::lock_guard lock(mutex);
    sends = dispatch.step(now());
    for (Report& report : dispatch.take_reports()) {
      if (const auto found = callbacks.find(report.id); found != callbacks.end()) told.emplace_back(std::move(report), found->second);
    }
    while (!callbacks.empty() && !dispatch.knows(callbacks.begin()->first)) callbacks.erase(callbacks.begin());
    next = dispatch.next_ns();
  }
  for (Dispatch::Send& send : sends) {  // the packets first
    if (send.modem.is_zero()) {
      sessions[send.cmts]->send(send.exchange, send.pdu);
      continue;
    }
    auto session = std::make_unique<Session>(to_string(send.modem) + ":" + std::to_string(options.modem_port), *options.modem_key, options.timeout);
    session->send(send.exchange, send.pdu);
    modems.emplace(send.exchange, std::move(session));
  }
  for (const auto& [report, waiting] : told)
    for (const Callback& callback : waiting) callback(report);
  return next;
}

// Whether there was anything.
bool Resetter::Impl::collect() {
  std::vector<Session::Taken> taken;
  for (const auto& session : sessions) std::ranges::move(session->take(), std::back_inserter(taken));
  for (auto at = modems.begin(); at != modems.end();) {
    auto answers = at->second->take();
    at = answers.empty() ? std::next(at) : modems.erase(at);
    std::ranges::move(answers, std::back_inserter(taken));
  }
  if (taken.empty()) return false;
  const Instant when = now();
  const std::lock_guard lock(mutex);
  for (const Session::Taken& each : taken) dispatch.answered(each.exchange, each.answer, when);
  return true;
}

void Resetter::Impl::wait(std::int64_t until_ns) {
  std::vector<pollfd> fds{{wake_fd, POLLIN, 0}};
  std::vector<Session*> open;
  Millis patience = std::chrono::seconds(60);
  if (until_ns != std::numeric_limits<std::int64_t>::max()) patience = std::clamp(std::chrono::ceil<Millis>(std::chrono::nanoseconds(until_ns - now().mono_ns)), Millis(0), patience);
  const auto add = [&](Session& session) {
    if (session.fd() < 0) return;
    fds.push_back({session.fd(), POLLIN, 0});
    open.push_back(&session);
    patience = std::min(patience, session.patience().value_or(patience));
  };
  for (const auto& session : sessions) add(*session);
  for (const auto& [exchange, session] : modems) add(*session);
  if (::poll(fds.data(), fds.size(), static_cast<int>(patience.count())) < 0) return;  // a signal: once more
  std::uint64_t count = 0;
  if (fds[0].revents != 0) [[maybe_unused]] const ssize_t got = ::read(wake_fd, &count, sizeof count);
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (fds[i + 1].revents != 0) open[i]->readable();
    open[i]->expire();
  }
}

void Resetter::Impl::run() {
  while (!stopping.load(std::memory_order_relaxed)) {
    const std::int64_t next = step();
    if (!collect()) wait(next);
  }
}

Resetter::Resetter(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Resetter::~Resetter() {
  impl_->stopping.store(true, std::memory_order_relaxed);
  impl_->wake();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void Resetter::start() {
  sigset_t all, before;  // signals are the control thread's
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  impl_->thread = std::thread([this] { impl_->run(); });
  ::pthread_setname_np(impl_->thread.native_handle(), "snmp");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::uint64_t Resetter::post(const Request& request, Callback callback) {
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    id = impl_->dispatch.post(request, now());
    if (id == 0) return 0;
    if (callback) impl_->callbacks[id].push_back(std::move(callback));
  }
  impl_->wake();
  return id;
}

void Resetter::saw_discover(Mac modem, Instant when) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->dispatch.awaits_discover(modem)) return;
    impl_->dispatch.saw_discover(modem, when);
  }
  impl_->wake();
}

std::vector<Report> Resetter::list(std::uint64_t after, std::size_t limit) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->dispatch.list(after, limit);
}

std::optional<Report> Resetter::find(std::uint64_t id) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->dispatch.find(id);
}

std::vector<CmtsReport> Resetter::cmts() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->dispatch.cmts_reports();
}

const Counters& Resetter::counters() const noexcept { return impl_->counters; }

}  // namespace coaxd::snmp
