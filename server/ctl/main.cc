// coaxctl: asks a running coaxd. A thin client of the control socket (server/daemon/control.h): every answer is the server's.
#include <CLI/CLI.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

constexpr const char* kExamples = R"(
Examples:
  coaxctl stats                      counters of the packet paths, pools, store and log
  coaxctl stats --json               the same for programs
  coaxctl metrics                    the same as Prometheus text
  coaxctl leases export > leases     every lease in dhcpd.leases format
  coaxctl leases free 203.0.113.41   end the lease, abandonment or reservation of an address
  coaxctl check                      would the configuration on disk be taken over?
  coaxctl reload                     take it over; on an error the running one goes on
)";

int fail(const std::string& message) {
  std::fprintf(stderr, "coaxctl: %s\n", message.c_str());
  return 1;
}

// Sends one line, prints the body. The exit status is the answer's.
int ask(const std::string& path, const std::string& request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail("the socket's path is too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const std::string why = std::strerror(errno);
    return fail("cannot reach coaxd at " + path + ": " + why + ". Is it running? Another path is given with --socket (coaxd.toml: [control] socket).");
  }
  const std::string line = request + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t n = send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return fail("the server closed the connection");
    sent += static_cast<std::size_t>(n);
  }
  std::string head;
  bool in_body = false, ok = false;
  std::FILE* out = stdout;
  char buffer[65536];
  ssize_t n = 0;
  while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0) {
    if (!in_body) {
      head.append(buffer, static_cast<std::size_t>(n));
      const std::size_t end = head.find('\n');
      if (end == std::string::npos) continue;
      in_body = true;
      ok = head.compare(0, end, "ok") == 0;
      // What is wrong may take several lines (a configuration's errors): all of them are the error.
      out = ok ? stdout : stderr;
      if (!ok) std::fprintf(out, "coaxctl: %s\n", head.substr(head.find(' ') + 1, end - head.find(' ') - 1).c_str());
      std::fwrite(head.data() + end + 1, 1, head.size() - end - 1, out);
      continue;
    }
    if (std::fwrite(buffer, 1, static_cast<std::size_t>(n), out) != static_cast<std::size_t>(n))
      return fail(std::string("cannot write the answer: ") + std::strerror(errno));
  }
  close(fd);
  if (!in_body) return fail("the server closed the connection without an answer");
  return ok ? 0 : 1;
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

  std::string request;
  const auto command = [&](CLI::App& parent, const std::string& name, const std::string& help, const std::string& line, bool has_json) {
    CLI::App* sub = parent.add_subcommand(name, help);
    if (has_json) sub->add_flag("--json", json, "answer in JSON");
    sub->callback([&request, line] { request = line; });
  };
  command(app, "stats", "counters of the packet paths, pools, store and log", "stats", true);
  command(app, "metrics", "the same as Prometheus text", "metrics", false);
  command(app, "reload", "take over the configuration on disk; on an error the running one goes on", "reload", false);
  command(app, "check", "check the configuration on disk and print what is honoured, without taking it over", "check", true);
  CLI::App* leases = app.add_subcommand("leases", "leases");
  leases->require_subcommand(1);
  command(*leases, "export", "every lease, in dhcpd.leases format (--json: one object a line)", "leases export", true);
  std::string address;
  CLI::App* free = leases->add_subcommand("free", "end whatever lease, abandonment, reservation or offer is on an address, so that it is given again");
  free->footer("The client is not told: a device that is still there uses the address until it renews, so free the\n"
               "lease of a device that is gone. What was ended is said here and in the log.");
  free->add_option("ADDRESS", address, "of a range of the configuration")->required()->check(CLI::ValidIPV4);
  free->callback([&] { request = "leases free " + address; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;  // --help and --version end here as well
  }
  return ask(socket_path, json ? request + " --json" : request);
}
