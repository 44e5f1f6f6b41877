// main.cc: the order in which a process of dhcpd's command line does its work. Everything that deserves a test is elsewhere.
#include <cstdio>
#include <cstdlib>

#include "server/daemon/command_line.h"
#include "server/daemon/configuration.h"
#include "server/daemon/leases_check.h"
#include "server/daemon/log_writer.h"
#include "server/daemon/modem_files.h"
#include "server/daemon/process.h"
#include "server/daemon/server.h"

namespace {

using coaxd::daemon::CommandLine;

// dhcpd's last line, which scripts look for. A start that is refused is in the log as well: at a boot nobody is at the terminal.
int refuse(const CommandLine& line, const std::string& what) {
  const std::string text = what + "Configuration file errors encountered -- exiting\n";
  if (!line.test_config && !line.test_leases) {
    coaxd::daemon::LogWriter({.program = line.program, .to_stderr = true}).error(text);
  } else if (!line.quiet) {
    std::fputs(text.c_str(), stderr);
  }
  return 1;
}

int test_configuration(const CommandLine& line, const coaxd::config::Settings& settings,
                       const coaxd::daemon::Configuration& configuration) {
  using namespace coaxd::daemon;
  if (!line.quiet) {
    for (const std::string& warning : configuration.warnings) std::fprintf(stderr, "%s\n", warning.c_str());
    if (line.json) {
      std::fputs(configuration.coverage.json(settings).c_str(), stdout);
    } else {
      for (const std::string& said : startup_lines(configuration)) std::fprintf(stderr, "%s\n", said.c_str());
      std::fprintf(stderr, "Config file: %s\nDatabase file: %s\nPID file: %s\n", line.config.c_str(),
                   leases_path(line, *configuration.config).c_str(), pid_path(line, *configuration.config).c_str());
      std::fputs(configuration.coverage.text(settings).c_str(), stdout);
    }
  }
  std::string refused = unsafe_findings(configuration, settings);
  std::vector<coaxd::provision::News> news;
  if (const auto identity = find_identity(line.user, line.group); !identity) {
    refused += identity.error() + '\n';
  } else if (const auto read = check_files(settings, line.chroot, identity->uid, news); !read) {
    refused += read.error();
  }
  if (!line.quiet) {
    for (const auto& each : news) std::fprintf(stderr, "%s\n", each.text.c_str());
    std::fprintf(stderr, "%s", refused.c_str());
  }
  return refused.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace coaxd::daemon;
  const auto parsed = parse_command_line(argc, argv, [](const char* name) -> const char* { return std::getenv(name); });
  if (!parsed) {
    std::fprintf(stderr, "%s\n", parsed.error().c_str());
    return 1;
  }
  const CommandLine& line = *parsed;
  if (line.wants == CommandLine::Wants::version) {
    std::fprintf(stderr, "coaxd-%s\n", COAXD_VERSION);
    return 0;
  }
  if (line.wants == CommandLine::Wants::help) {
    std::fputs(usage(line.program).c_str(), stdout);
    return 0;
  }

  const auto settings = load_settings(line.settings);
  if (!settings) return refuse(line, settings.error());
  auto configuration = load_configuration(line.config, *settings, nullptr);
  if (!configuration) return refuse(line, configuration.error());
  if (line.test_config || line.test_leases) {
    const int bad_configuration = line.test_config ? test_configuration(line, *settings, *configuration) : 0;
    const int bad_leases = line.test_leases ? check_leases_file(line, *configuration) : 0;
    return bad_configuration | bad_leases;
  }
  if (const std::string refused = unsafe_findings(*configuration, *settings); !refused.empty()) return refuse(line, refused);

  Daemonizer daemonizer{line.foreground};
  Server server{line, *settings, std::move(*configuration)};
  return server.run(daemonizer) ? 0 : 1;
}
