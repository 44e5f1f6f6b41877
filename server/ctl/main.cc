// coaxctl: asks a running coaxd. A thin client of the control socket (server/daemon/control.h): every answer is the server's.
#include <CLI/CLI.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/base/json.h"
#include "server/ctl/api_commands.h"
#include "server/ctl/dns_config.h"
#include "server/ctl/leasequery_command.h"
#include "server/ctl/server_socket.h"

namespace {

constexpr const char* kExamples = R"(
Examples:
  coaxctl stats                      counters of the packet paths, pools, store and log
  coaxctl stats --json               the same for programs
  coaxctl metrics                    the same as Prometheus text
  coaxctl leases export > leases     every lease in dhcpd.leases format
  coaxctl leases list --modem 00:10:95:01:02:03
                                     who is behind a modem
  coaxctl leases free 203.0.113.41   end the lease, abandonment or reservation of an address
  coaxctl modem set 00:10:95:01:02:03 --profile gold ds_rate=100
                                     what a modem gets from now on; a restart keeps it
  coaxctl modem show 00:10:95:01:02:03   its record, and what it last said of itself
  coaxctl modem list --json          all of them, one object a line
  coaxctl modem file 00:10:95:01:02:03 gold.cm
                                     the file that this modem would get now, as text
  coaxctl history 203.0.113.9 --at 2026-11-23T14:05:00Z
                                     who had an address then
  coaxctl quarantine add 203.0.113.9 --reason "port scan" --ttl 3600
                                     take him off the net; list, show, release
  coaxctl quarantine dns-config --portal 10.66.0.1 --upstream 192.0.2.53 dnsmasq
                                     the resolver of the walled garden
  coaxctl events                     what happens, as it happens
  coaxctl token new ids-1 sensor     a token for the API over HTTP
  coaxctl templates                  which templates are good, and what is wrong with the others
  coaxctl leasequery 203.0.113.41    who has it, asked as a relay asks; --help tells of TCP
  coaxctl check                      would the configuration on disk be taken over?
  coaxctl reload                     take it over; on an error the running one goes on
)";

int fail(const std::string& message) {
  std::fprintf(stderr, "coaxctl: %s\n", message.c_str());
  return 1;
}
int fail_to_write() { return fail(std::string("cannot write the answer: ") + std::strerror(errno)); }

// Where the body goes. A refusal leaves the file that is there as it is.
class Output {
 public:
  explicit Output(std::string path) : path_(std::move(path)) {}
  ~Output() { close(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool open() {
    if (!path_.empty()) file_ = std::fopen(path_.c_str(), "wb");
    return file_ != nullptr;
  }
  bool write(const char* octets, std::size_t size) { return std::fwrite(octets, 1, size, file_) == size; }
  // False: not all of it is there.
  bool close() {
    std::FILE* const file = std::exchange(file_, stdout);
    return file == stdout ? std::fflush(file) == 0 : file == nullptr || std::fclose(file) == 0;
  }

 private:
  const std::string path_;  // empty: standard output
  std::FILE* file_ = stdout;
};

// Sends one line, prints the body. The exit status is the answer's.
int ask(const std::string& path, const std::string& request, bool json, Output& output) {
  const auto connected = coaxd::ctl::connect_to(path);
  if (!connected) return fail(connected.error());
  const int fd = *connected;
  if (!coaxd::ctl::send_all(fd, request + "\n")) return fail("the server closed the connection");
  std::string head;
  bool in_body = false, ok = false;
  char buffer[65536];
  ssize_t n = 0;
  while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0) {
    if (!in_body) {
      head.append(buffer, static_cast<std::size_t>(n));
      const std::size_t end = head.find('\n');
      if (end == std::string::npos) continue;
      in_body = true;
      ok = head.compare(0, end, "ok") == 0;
      if (ok && !(output.open() && output.write(head.data() + end + 1, head.size() - end - 1))) return fail_to_write();
      continue;
    }
    if (!ok) {
      head.append(buffer, static_cast<std::size_t>(n));
    } else if (!output.write(buffer, static_cast<std::size_t>(n))) {
      return fail_to_write();
    }
  }
  close(fd);
  if (!in_body) return fail("the server closed the connection without an answer");
  if (ok) return output.close() ? 0 : fail_to_write();
  // What is wrong may take several lines (a configuration's errors): all of them are the error.
  const std::string why = head.substr(head.find(' ') + 1);
  if (json) {
    // Whoever asks for JSON gets JSON, of an error as well.
    std::fputs(("{\"error\": " + coaxd::json_text(why.substr(0, why.find_last_not_of('\n') + 1)) + "}\n").c_str(), stdout);
  } else {
    std::fprintf(stderr, "coaxctl: %s", why.c_str());
  }
  return 1;
}

// The control socket's line is split at blanks: they, and what ends a line, travel as %XX.
std::string in_one_word(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet > 0x20 && c != '%' && octet != 0x7f) {
      out += c;
      continue;
    }
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02x", octet);
    out += escape;
  }
  return out;
}

// CLI11 would only say that a command is missing.
int unknown_command(const CLI::App& app, const std::string& word) {
  std::string known;
  for (const CLI::App* sub : app.get_subcommands({})) known += (known.empty() ? "" : ", ") + sub->get_name();
  std::fprintf(stderr, "%s: there is no command '%s', only %s\n", app.get_parent() == nullptr ? "coaxctl" : ("coaxctl " + app.get_name()).c_str(),
               word.c_str(), known.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"coaxctl: asks a running coaxd"};
  app.footer(kExamples);
  app.require_subcommand(1);
  std::string socket_path = "/run/coaxd/control.sock";
  bool json = false;
  app.add_option("--socket", socket_path, "the server's control socket")->capture_default_str();
  app.set_version_flag("--version", "coaxctl " COAXD_VERSION);

  // Before the command or behind it.
  app.add_flag("--json", json, "answer in JSON; refusals too. Not of metrics, reload, leases free");
  std::string request;
  const auto command = [&](CLI::App& parent, const std::string& name, const std::string& help, const std::string& line, bool has_json) {
    CLI::App* sub = parent.add_subcommand(name, help)->fallthrough();
    sub->callback([&request, &json, line, has_json] {
      if (json && !has_json) throw CLI::ValidationError(line, "has no --json");
      request = line;
    });
  };
  command(app, "stats", "counters of the packet paths, pools, store and log", "stats", true);
  command(app, "metrics", "the same as Prometheus text", "metrics", false);
  command(app, "templates", "the templates of modem files: good or not, their variables and mistakes; and the shared secrets", "templates", true);
  command(app, "reload", "take over the configuration on disk; on an error the running one goes on", "reload", false);
  command(app, "check", "check the configuration on disk and print what is honoured, without taking it over", "check", true);
  CLI::App* leases = app.add_subcommand("leases", "list some, export all of them, free one")->fallthrough();
  leases->require_subcommand(1);
  command(*leases, "export", "every lease, in dhcpd.leases format (--json: one object a line)", "leases export", true);
  std::string address;
  CLI::App* free = leases->add_subcommand("free", "end whatever lease, abandonment, reservation or offer is on an address, so that it is given again");
  free->footer("The client is not told: a device that is still there uses the address until it renews, so free the\n"
               "lease of a device that is gone. What was ended is said here and in the log.");
  free->add_option("ADDRESS", address, "of a range of the configuration")->required()->check(CLI::ValidIPV4);
  free->fallthrough();
  free->callback([&] {
    if (json) throw CLI::ValidationError("leases free", "has no --json");
    request = "leases free " + address;
  });
  CLI::App* modem = app.add_subcommand("modem", "the record of a modem: set, show, list, erase; the file that it gets")->fallthrough();
  modem->require_subcommand(1);
  std::string mac;
  std::optional<std::string> profile;
  std::vector<std::string> variables;
  const auto modem_verb = [&](const std::string& name, const std::string& help) {
    CLI::App* sub = modem->add_subcommand(name, help)->fallthrough();
    sub->add_option("MAC", mac, "of the modem, such as 00:10:95:01:02:03")->required();
    return sub;
  };
  CLI::App* set = modem_verb("set", "give it a profile and variables; makes the record if there is none");
  set->footer("On disk when the command returns, and true for the modem's next packet. A variable that is not named stays as it is.\n\n"
              "Examples:\n"
              "  coaxctl modem set 00:10:95:01:02:03 --profile gold\n"
              "  coaxctl modem set 0010.9501.0203 ds_rate=100 us_rate=20 'note=second floor'\n"
              "  coaxctl modem set 00:10:95:01:02:03 note=          removes the variable\n"
              "  coaxctl modem set 00:10:95:01:02:03 --profile \"\"   takes the profile away");
  set->add_option("--profile", profile, "name of the profile: option modem.profile in dhcpd.conf");
  set->add_option("NAME=TEXT", variables, "variables of the record");
  set->callback([&] {
    request = "modem set " + in_one_word(mac);
    if (profile) request += " --profile=" + in_one_word(*profile);
    for (const std::string& variable : variables) request += " " + in_one_word(variable);
  });
  modem_verb("show", "its record, and what it last said of itself")->callback([&] { request = "modem show " + in_one_word(mac); });
  modem_verb("erase", "forget it; a modem that is seen again is remembered again, without profile and variables")->callback([&] {
    request = "modem erase " + in_one_word(mac);
  });
  CLI::App* list = modem->add_subcommand("list", "all of them by MAC (--json: one object a line)")->fallthrough();
  list->add_option("--profile", profile, "only those with this profile");
  list->callback([&] { request = profile ? "modem list --profile " + in_one_word(*profile) : "modem list"; });
  CLI::App* file = modem_verb("file", "the file that it would get now by TFTP, as text");
  file->footer("A template is compiled for this modem with its record and lease as they are now. Nobody is asked whether it may have the file.\n\n"
               "Examples:\n"
               "  coaxctl modem file 00:10:95:01:02:03              the file that DHCP has named to it\n"
               "  coaxctl modem file 00:10:95:01:02:03 gold.cm      another one\n"
               "  coaxctl modem file 00:10:95:01:02:03 --json       its TLVs for programs\n"
               "  coaxctl modem file 00:10:95:01:02:03 -o gold.cm   as it would be sent");
  std::string name, output;
  file->add_option("NAME", name, "that it asks for (default: the one that DHCP has told it)");
  file->add_option("-o", output, "write the file itself here, octet for octet")->type_name("FILE");
  file->callback([&] {
    if (json && !output.empty()) throw CLI::ValidationError("modem file", "--json and -o FILE are two answers: ask for one");
    request = "modem file " + in_one_word(mac);
    if (!name.empty()) request += " " + in_one_word(name);
    if (!output.empty()) request += " --octets";
  });
  coaxd::ctl::ApiCommands api;
  api.add_to(app, *leases);
  coaxd::ctl::DnsConfigCommand dns_config;
  dns_config.add_to(*app.get_subcommand("quarantine"));
  coaxd::ctl::LeasequeryCommand leasequery;
  leasequery.add_to(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const CLI::App* last = &app;  // the command that lacks one of its own
    if (const auto parsed = app.get_subcommands(); !parsed.empty()) last = parsed.front();
    const auto words = app.remaining(true);
    if (!last->get_subcommands({}).empty() && last->get_subcommands().empty() && !words.empty() && !words.front().starts_with('-')) return unknown_command(*last, words.front());
    return app.exit(error) == 0 ? 0 : 2;  // --help and --version end here as well
  }
  if (leasequery.chosen()) return leasequery.run(json);
  if (dns_config.chosen()) return dns_config.run(json);
  if (api.chosen()) return api.run(socket_path, json);
  Output to(output);
  return ask(socket_path, json ? request + " --json" : request, json, to);
}
