#include "server/daemon/effects.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>

extern char** environ;

namespace coaxd::daemon {

void EffectRunner::start(std::vector<worker::Outlets*> outlets) {
  outlets_ = std::move(outlets);
  thread_ = std::thread([this] {
    while (!stop_.load(std::memory_order_relaxed))
      if (!drain()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    while (drain()) {
    }
  });
}

void EffectRunner::stop() {
  if (!thread_.joinable()) return;
  stop_.store(true);
  thread_.join();
}

bool EffectRunner::drain() {
  bool any = false;
  for (worker::Outlets* outlet : outlets_) {
    while (const worker::ExecuteEffect* effect = outlet->effects.front()) {
      run(*effect);
      outlet->effects.pop();
      any = true;
    }
  }
  return any;
}

void EffectRunner::run(const worker::ExecuteEffect& effect) {
  std::string text{effect.text.data(), effect.size};
  std::vector<char*> argv;
  for (char* p = text.data(); p < text.data() + text.size(); p += std::strlen(p) + 1) {
    log_.message(7, fmt::format("execute_statement argv[{}] = {}", argv.size(), p));
    argv.push_back(p);
  }
  argv.push_back(nullptr);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int error = posix_spawnp(&child, argv[0], nullptr, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    log_.error(fmt::format("Unable to execute {}: {}", argv[0], std::strerror(error)));
    return;
  }
  int status = 0;
  const auto deadline = std::chrono::steady_clock::now() + limit_;
  pid_t done = 0;
  while ((done = waitpid(child, &status, WNOHANG)) == 0) {
    if (std::chrono::steady_clock::now() >= deadline) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      log_.error(fmt::format("execute: {} did not end within {} s and was killed", argv[0], limit_.count()));
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (done == child && status != 0) log_.error(fmt::format("execute: {} exit status {}", argv[0], status));
}

}  // namespace coaxd::daemon
