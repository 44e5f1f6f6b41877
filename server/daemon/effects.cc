#include "server/daemon/effects.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/io/clock.h"

extern char** environ;

namespace coaxd::daemon {

namespace {

constexpr auto kPace = std::chrono::milliseconds(1);

// Waits for the end of `child`, which is left to be reaped: its number, and so its group's, is nobody else's until then.
bool ends_before(pid_t child, auto deadline_ns) {
  for (;;) {
    siginfo_t end{};
    const int result = waitid(P_PID, static_cast<id_t>(child), &end, WEXITED | WNOHANG | WNOWAIT);
    if ((result == 0 && end.si_pid == child) || (result < 0 && errno != EINTR)) return true;
    if (io::read_monotonic_ns() >= deadline_ns()) return false;
    std::this_thread::sleep_for(kPace);
  }
}

// A group of its own; and neither our blocked signals nor our deafness to SIGPIPE.
int spawn(pid_t& child, const std::vector<char*>& argv) {
  sigset_t none, pipe;
  sigemptyset(&none);
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &pipe);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const int error = posix_spawnp(&child, argv[0], nullptr, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  return error;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  return pointers;
}

}  // namespace

void EffectRunner::start(std::vector<worker::Outlets*> outlets) {
  outlets_ = std::move(outlets);
  thread_ = std::thread([this] {
    while (!stop_.load(std::memory_order_relaxed))
      if (!drain()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    while (drain()) {
    }
    if (not_run_ > 0) log_.error(fmt::format("execute: {} programs were not run, for the server stops.", not_run_));
  });
}

void EffectRunner::stop() {
  if (!thread_.joinable()) return;
  give_up_at_ns_.store(io::read_monotonic_ns() + options_.patience.count());
  stop_.store(true);
  thread_.join();
}

bool EffectRunner::drain() {
  bool any = false;
  for (worker::Outlets* outlet : outlets_) {
    while (const worker::ExecuteEffect* effect = outlet->effects.front()) {
      std::string text{effect->text.data(), effect->size};
      outlet->effects.pop();
      any = true;
      std::vector<char*> argv;
      for (char* p = text.data(); p < text.data() + text.size(); p += std::strlen(p) + 1) argv.push_back(p);
      run_if_time(std::move(argv));
    }
  }
  for (std::unique_lock lock(mutex_); !later_.empty(); lock.lock()) {
    std::vector<std::string> texts = std::move(later_.front());
    later_.pop_front();
    lock.unlock();
    any = true;
    run_if_time(pointers_to(texts));
  }
  return any;
}

void EffectRunner::run_if_time(std::vector<char*> argv) {
  if (io::read_monotonic_ns() < give_up_at_ns_.load()) return run(std::move(argv));
  ++not_run_;
}

void EffectRunner::run_now(const std::vector<std::string>& argv) {
  std::vector<std::string> texts = argv;
  run(pointers_to(texts));
}

void EffectRunner::run_later(std::vector<std::string> argv) {
  const std::lock_guard lock(mutex_);
  later_.push_back(std::move(argv));
}

void EffectRunner::run(std::vector<char*> argv) {
  for (std::size_t i = 0; i < argv.size(); ++i) log_.message(7, fmt::format("execute_statement argv[{}] = {}", i, argv[i]));
  argv.push_back(nullptr);
  pid_t child = 0;
  if (const int error = spawn(child, argv); error != 0) {
    log_.error(fmt::format("Unable to execute {}: {}", argv[0], std::strerror(error)));
    return;
  }
  wait_for(child, argv[0]);
}

void EffectRunner::wait_for(pid_t child, const char* name) {
  const std::int64_t limit_ns = io::read_monotonic_ns() + options_.limit.count();
  const bool ended = ends_before(child, [&] { return std::min(limit_ns, give_up_at_ns_.load()); });
  if (!ended) {
    const std::int64_t grace_ns = io::read_monotonic_ns() + options_.grace.count();
    kill(-child, SIGTERM);
    ends_before(child, [&] { return grace_ns; });
    kill(-child, SIGKILL);  // what it started may be deaf although it was not
    kill(child, SIGKILL);   // and it may have left its group
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) {
    log_.error(fmt::format("execute: {} did not end in time and was killed", name));
  } else if (status != 0) {
    log_.error(fmt::format("execute: {} exit status {}", name, status));
  }
}

}  // namespace coaxd::daemon
