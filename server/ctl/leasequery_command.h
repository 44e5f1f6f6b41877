// leasequery_command.h: coaxctl leasequery: asks any server that answers RFC 4388, 6926 or 7724 who has an address, or what somebody has. The one command that does not go
// through the control socket: it asks as a relay asks, so it is an access test as well.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "leasequery/client.h"

namespace coaxd::ctl {

class LeasequeryCommand {
 public:
  void add_to(CLI::App& app);
  bool chosen() const { return command_ != nullptr && command_->parsed(); }
  int run(bool json);  // the exit status

 private:
  std::string read();

  CLI::App* command_ = nullptr;
  leasequery::ClientOptions options_;
  std::string subject_, server_ = "127.0.0.1", giaddr_, remote_id_, relay_id_, since_, until_, dialect_ = "rfc4388";
  std::vector<std::uint8_t> list_;
  bool bulk_ = false, active_ = false;
};

}  // namespace coaxd::ctl
