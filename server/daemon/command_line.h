// command_line.h: dhcpd's own options, to the letter, plus `-C coaxd.toml`. Pure: text in, values out. Source: dhcpd-compat §15.1, dhcpd(8).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ipv4.h"

namespace coaxd::daemon {

struct CommandLine {
  std::string program = "coaxd";  // argv[0]'s last part: the name in log lines
  std::string config = "/etc/dhcp/dhcpd.conf";
  std::string leases = "/var/lib/dhcp/dhcpd.leases";
  std::string pid_file = "/var/run/dhcpd.pid";
  std::string settings;  // -C; empty: none
  bool foreground = false;      // -f, and -d implies it
  bool log_to_stderr = false;   // -d
  bool quiet = false;           // -q
  bool test_config = false;     // -t
  bool test_leases = false;     // -T
  bool json = false;            // --json: with -t, the coverage report for programs
  bool write_pid_file = true;   // --no-pid
  bool accept_damaged_leases = false;
  bool accept_clock_step = false;
  std::uint16_t port = 0;       // 0: not given
  std::optional<Ipv4> limited_broadcast;  // -s
  std::string user, group, chroot;
  std::vector<std::string> interfaces;
  enum class Wants : std::uint8_t { serve, version, help } wants = Wants::serve;
};

// The error is what to print on stderr, exit status 1: a sentence, with the usage below it when the option is unknown. `environment` is getenv, or a test's stand-in.
using Environment = const char* (*)(const char* name);
std::expected<CommandLine, std::string> parse_command_line(int argc, const char* const* argv, Environment environment);

std::string usage(const std::string& program);
std::vector<std::string_view> option_names();  // every one that is known, the refused ones too

}  // namespace coaxd::daemon
