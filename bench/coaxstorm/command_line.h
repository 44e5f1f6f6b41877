// command_line.h: what the user asked for, as one value. parse_command_line() prints help or the error itself and returns the
// exit status in its place. Called once.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "bench/coaxstorm/boots.h"
#include "bench/coaxstorm/endpoint.h"
#include "bench/coaxstorm/population.h"
#include "bench/coaxstorm/query.h"
#include "bench/coaxstorm/storm.h"

namespace coaxd::storm {

struct Settings {
  std::string mode;
  Phase phase;
  PopulationSettings population;
  QueryStyle style;
  SocketAddress server;          // address 0.0.0.0: none, for `verify` against a file
  std::uint16_t relay_port = 67;
  std::uint16_t client_port = 68;
  BackOff back_off;
  BootSettings boots;            // of an avalanche with --time or --tftp, and of mode tftp
  Ipv4 first_host;               // tftp: its address is client 0's
  std::vector<std::string> files;  // tftp: their names
  std::uint32_t attempts = 5;
  bool spin = false;
  Trains trains = Trains::on_cards;
  bool needs_leases = false;     // clients without one get it first, unmeasured
  bool verify = false;
  std::string ack_log, from_log, leases_file;
  std::string json;              // "-": standard output
  bool quiet = false;
};

std::expected<Settings, int> parse_command_line(int argc, char** argv);

}  // namespace coaxd::storm
