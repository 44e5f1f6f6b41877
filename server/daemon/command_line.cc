#include "server/daemon/command_line.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace coaxd::daemon {

namespace {

// One row an option. `take` gets the option's value ("" for flags) and answers an error sentence or "".
struct Row {
  std::string_view name;
  bool has_value;
  std::string (*take)(CommandLine& line, const std::string& value);
};

template <auto Member>
std::string set_flag(CommandLine& line, const std::string&) {
  line.*Member = true;
  return {};
}

template <auto Member>
std::string set_text(CommandLine& line, const std::string& value) {
  line.*Member = value;
  return {};
}

std::string set_port(CommandLine& line, const std::string& value) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
  if (error != std::errc{} || end != value.data() + value.size() || port == 0 || port > 65534)
    return fmt::format("-p wants a port number from 1 to 65534, not '{}'", value);  // the client's port is one above
  line.port = static_cast<std::uint16_t>(port);
  return {};
}

constexpr Row kRows[] = {
    {"-4", false, [](CommandLine&, const std::string&) { return std::string{}; }},
    {"-6", false,
     [](CommandLine&, const std::string&) {
       return std::string{"coaxd speaks DHCPv4 only: run your DHCPv6 server beside it"};
     }},
    {"-cf", true, set_text<&CommandLine::config>},
    {"-lf", true, set_text<&CommandLine::leases>},
    {"-pf", true, set_text<&CommandLine::pid_file>},
    {"-tf", true,
     [](CommandLine&, const std::string&) {
       return std::string{"-tf (dhcpd's trace file) is not supported: capture packets with tcpdump instead"};
     }},
    {"-play", true,
     [](CommandLine&, const std::string&) {
       return std::string{"-play (dhcpd's trace replay) is not supported: replay packets with tcpreplay instead"};
     }},
    {"-f", false, set_flag<&CommandLine::foreground>},
    {"-d", false,
     [](CommandLine& line, const std::string&) {
       line.foreground = line.log_to_stderr = true;
       return std::string{};
     }},
    {"-q", false, set_flag<&CommandLine::quiet>},
    {"-t", false, set_flag<&CommandLine::test_config>},
    {"-T", false, set_flag<&CommandLine::test_leases>},
    {"-p", true, set_port},
    {"-s", true,
     [](CommandLine& line, const std::string& value) {
       line.limited_broadcast = Ipv4::parse(value);
       return line.limited_broadcast ? std::string{} : fmt::format("-s wants an IPv4 address, not '{}'", value);
     }},
    {"-user", true, set_text<&CommandLine::user>},
    {"-group", true, set_text<&CommandLine::group>},
    {"-chroot", true, set_text<&CommandLine::chroot>},
    {"--no-pid", false,
     [](CommandLine& line, const std::string&) {
       line.write_pid_file = false;
       return std::string{};
     }},
    {"-C", true, set_text<&CommandLine::settings>},
    {"--json", false, set_flag<&CommandLine::json>},
    {"--accept-damaged-leases", false, set_flag<&CommandLine::accept_damaged_leases>},
    {"--accept-clock-step", false, set_flag<&CommandLine::accept_clock_step>},
    {"--version", false,
     [](CommandLine& line, const std::string&) {
       line.wants = CommandLine::Wants::version;
       return std::string{};
     }},
    {"-h", false,
     [](CommandLine& line, const std::string&) {
       line.wants = CommandLine::Wants::help;
       return std::string{};
     }},
    {"--help", false,
     [](CommandLine& line, const std::string&) {
       line.wants = CommandLine::Wants::help;
       return std::string{};
     }},
};

const Row* find_row(std::string_view name) {
  for (const Row& row : kRows)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace

std::expected<CommandLine, std::string> parse_command_line(int argc, const char* const* argv, Environment environment) {
  CommandLine line;
  if (argc > 0) {
    const std::string_view path = argv[0];
    line.program = std::string{path.substr(path.rfind('/') + 1)};
  }
  if (const char* value = environment("PATH_DHCPD_CONF")) line.config = value;
  if (const char* value = environment("PATH_DHCPD_DB")) line.leases = value;
  if (const char* value = environment("PATH_DHCPD_PID")) line.pid_file = value;
  if (const char* value = environment("DHCPD_PORT"))
    if (std::string error = set_port(line, value); !error.empty()) return std::unexpected("DHCPD_PORT: " + error);

  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with('-')) {
      line.interfaces.emplace_back(word);
      continue;
    }
    const Row* row = find_row(word);
    if (row == nullptr) return std::unexpected(fmt::format("Unknown command {}\n{}", word, usage(line.program)));  // as dhcpd does
    std::string value;
    if (row->has_value) {
      if (i + 1 == argc) return std::unexpected(fmt::format("{} wants a value", word));
      value = argv[++i];
    }
    if (std::string error = row->take(line, value); !error.empty()) return std::unexpected(std::move(error));
  }
  if (line.json && !line.test_config) return std::unexpected("--json goes with -t: it is the form of the coverage report");
  return line;
}

std::vector<std::string_view> option_names() {
  std::vector<std::string_view> names;
  for (const Row& row : kRows) names.push_back(row.name);
  return names;
}

std::string usage(const std::string& program) {
  return fmt::format(
      R"(Usage: {0} [-4] [-p PORT] [-f|-d] [-q] [-t] [-T] [-cf FILE] [-lf FILE] [-pf FILE]
             [--no-pid] [-user USER] [-group GROUP] [-chroot DIR] [-s ADDRESS]
             [-C coaxd.toml] [--json] [--accept-damaged-leases] [--accept-clock-step]
             [--version] [--help] [IF0 [...IFN]]

  -cf FILE   configuration (default /etc/dhcp/dhcpd.conf), read as ISC dhcpd reads it
  -lf FILE   dhcpd's leases file (default /var/lib/dhcp/dhcpd.leases): imported on first
             start, kept current as a mirror; coaxd's own store is FILE.db
  -pf FILE   pid file (default /var/run/dhcpd.pid); --no-pid writes none
  -f, -d     stay in the foreground; -d logs to stderr as well
  -q         no banner; with -t or -T not a word, only the exit status
  -t         check the configuration, print what is honoured and what is not, exit
  -T         check the leases file, exit; with -t both
  -C FILE    coaxd's own settings (workers, store, metrics ...)
  --json     with -t: the coverage report as JSON
  --accept-damaged-leases   first start: go on although parts of the leases file are unreadable
  --accept-clock-step       start although the store's newest record lies in the future

Examples:
  {0} -t -cf /etc/dhcp/dhcpd.conf               is this configuration served in full?
  {0} -4 -q -cf /etc/dhcp/dhcpd.conf eth0       as Debian's init script starts dhcpd
  touch /tmp/leases; {0} -d -p 6767 -cf test.conf -lf /tmp/leases --no-pid
                                                   try it beside a running server
)",
      program);
}

}  // namespace coaxd::daemon
