// api_commands.h: the commands of coaxctl that the API answers: leases list, history, pools, quarantine, reset, events, backup; and token new, which asks nobody.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace coaxd::ctl {

class ApiCommands {
 public:
  // `leases` is the command that has been added already.
  void add_to(CLI::App& app, CLI::App& leases);
  bool chosen() const { return run_ != nullptr; }
  // The exit status.
  int run(const std::string& socket, bool json) const { return run_(socket, json); }

 private:
  void add_quarantine(CLI::App& app);

  std::function<int(const std::string& socket, bool json)> run_;
  // What the options say; one command a process.
  struct Words {
    std::string ip, mac, client_id, modem, subnet, state, at, id, subscriber, scope, reason, signature, name, role, last_event_id;
    std::uint64_t limit = 0, ttl = 0;
    bool active = false, dry_run = false;
  } words_;
};

}  // namespace coaxd::ctl
