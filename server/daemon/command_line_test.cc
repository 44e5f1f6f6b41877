#include "server/daemon/command_line.h"

#include <gmock/gmock.h>

#include <initializer_list>
#include <string>
#include <vector>

// Clauses are those of dhcpd-compat 15.1, dhcpd(8).
namespace coaxd::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const char* nothing(const char*) { return nullptr; }

auto parse(std::initializer_list<const char*> words, Environment environment = nothing) {
  std::vector<const char*> argv{"/usr/sbin/coaxd"};
  argv.insert(argv.end(), words);
  return parse_command_line(static_cast<int>(argv.size()), argv.data(), environment);
}

TEST(Dhcpd8_Defaults, AreDebiansPaths) {
  const auto line = parse({});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->program, "coaxd");
  EXPECT_EQ(line->config, "/etc/dhcp/dhcpd.conf");
  EXPECT_EQ(line->leases, "/var/lib/dhcp/dhcpd.leases");
  EXPECT_EQ(line->pid_file, "/var/run/dhcpd.pid");
  EXPECT_EQ(line->settings, "");
  EXPECT_EQ(line->port, 0);
  EXPECT_TRUE(line->write_pid_file);
  EXPECT_FALSE(line->foreground || line->log_to_stderr || line->quiet || line->test_config || line->test_leases || line->json ||
               line->accept_damaged_leases || line->accept_clock_step);
  EXPECT_FALSE(line->limited_broadcast);
  EXPECT_TRUE(line->interfaces.empty());
  EXPECT_EQ(line->wants, CommandLine::Wants::serve);
}

TEST(Dhcpd8_Options, EachSetsWhatItNames) {
  struct Row {
    std::vector<const char*> words;
    bool (*holds)(const CommandLine&);
  };
  const Row rows[] = {
      {{"-4"}, [](const CommandLine& l) { return l.interfaces.empty(); }},
      {{"-cf", "a.conf"}, [](const CommandLine& l) { return l.config == "a.conf"; }},
      {{"-lf", "a.leases"}, [](const CommandLine& l) { return l.leases == "a.leases"; }},
      {{"-pf", "a.pid"}, [](const CommandLine& l) { return l.pid_file == "a.pid"; }},
      {{"-f"}, [](const CommandLine& l) { return l.foreground && !l.log_to_stderr; }},
      {{"-d"}, [](const CommandLine& l) { return l.foreground && l.log_to_stderr; }},
      {{"-q"}, [](const CommandLine& l) { return l.quiet; }},
      {{"-t"}, [](const CommandLine& l) { return l.test_config && !l.test_leases; }},
      {{"-T"}, [](const CommandLine& l) { return l.test_leases && !l.test_config; }},
      {{"-p", "6767"}, [](const CommandLine& l) { return l.port == 6767; }},
      {{"-s", "10.0.0.255"}, [](const CommandLine& l) { return l.limited_broadcast == Ipv4::of(10, 0, 0, 255); }},
      {{"-user", "dhcpd"}, [](const CommandLine& l) { return l.user == "dhcpd"; }},
      {{"-group", "dhcpd"}, [](const CommandLine& l) { return l.group == "dhcpd"; }},
      {{"-chroot", "/srv"}, [](const CommandLine& l) { return l.chroot == "/srv"; }},
      {{"--no-pid"}, [](const CommandLine& l) { return !l.write_pid_file; }},
      {{"-C", "coaxd.toml"}, [](const CommandLine& l) { return l.settings == "coaxd.toml"; }},
      {{"--accept-damaged-leases"}, [](const CommandLine& l) { return l.accept_damaged_leases && !l.accept_clock_step; }},
      {{"--accept-clock-step"}, [](const CommandLine& l) { return l.accept_clock_step && !l.accept_damaged_leases; }},
      {{"--version"}, [](const CommandLine& l) { return l.wants == CommandLine::Wants::version; }},
      {{"-h"}, [](const CommandLine& l) { return l.wants == CommandLine::Wants::help; }},
      {{"--help"}, [](const CommandLine& l) { return l.wants == CommandLine::Wants::help; }},
  };
  for (const Row& row : rows) {
    std::vector<const char*> argv{"coaxd"};
    argv.insert(argv.end(), row.words.begin(), row.words.end());
    const auto line = parse_command_line(static_cast<int>(argv.size()), argv.data(), nothing);
    ASSERT_TRUE(line) << row.words.front() << ": " << line.error();
    EXPECT_TRUE(row.holds(*line)) << row.words.front();
    // Every option is told by --help; an option that takes a value is refused without one.
    EXPECT_THAT(usage("coaxd"), HasSubstr(row.words.front() == std::string{"-h"} ? "--help" : row.words.front()));
    if (row.words.size() == 2) {
      const auto cut = parse({row.words.front()});
      ASSERT_FALSE(cut) << row.words.front();
      EXPECT_EQ(cut.error(), row.words.front() + std::string{" wants a value"});
    }
  }
}

TEST(Dhcpd8_Interfaces, AreTheWordsWithoutADash) {
  const auto line = parse({"-q", "eth0", "-cf", "a.conf", "vlan.7"});  // as Debian's init script puts them
  ASSERT_TRUE(line);
  EXPECT_THAT(line->interfaces, ElementsAre("eth0", "vlan.7"));
}

TEST(Dhcpd8_Program, IsTheLastPartOfArgv0) {
  const char* const argv[] = {"/opt/dhcp/sbin/dhcpd"};  // a link under the old name keeps the log's name
  EXPECT_EQ(parse_command_line(1, argv, nothing)->program, "dhcpd");
}

TEST(Dhcpd8_Errors, UnknownOptionInDhcpdsWordsAndUsage) {
  for (const char* word : {"-x", "-cfa.conf", "--no-such", "-", "-P"}) {
    const auto line = parse({word});
    ASSERT_FALSE(line) << word;
    EXPECT_THAT(line.error(), StartsWith(std::string{"Unknown command "} + word + "\nUsage: coaxd "));
  }
}

TEST(Dhcpd8_Errors, WhatIsRefusedSaysWhyInASentence) {
  struct Row {
    std::initializer_list<const char*> words;
    const char* says;
  };
  const Row rows[] = {
      {{"-6"}, "DHCPv4 only"},
      {{"-tf", "trace"}, "tcpdump"},
      {{"-play", "trace"}, "tcpreplay"},
      {{"-p", "0"}, "1 to 65534"},
      {{"-p", "65535"}, "1 to 65534"},  // the client's port is one above
      {{"-p", "67x"}, "not '67x'"},
      {{"-p", ""}, "1 to 65534"},
      {{"-p", "-1"}, "1 to 65534"},
      {{"-p", "99999999999"}, "1 to 65534"},
      {{"-s", "10.0.0"}, "not '10.0.0'"},
  };
  for (const Row& row : rows) {
    const auto line = parse(row.words);
    ASSERT_FALSE(line) << *row.words.begin();
    EXPECT_THAT(line.error(), HasSubstr(row.says));
    EXPECT_EQ(line.error().find('\n'), std::string::npos);
  }
  EXPECT_EQ(parse({"-p", "65534"})->port, 65534);
}

TEST(CommandLine, JsonIsTheFormOfTheReport) {
  EXPECT_TRUE(parse({"-t", "--json"})->json);
  EXPECT_TRUE(parse({"--json", "-T", "-t"})->json);
  for (const auto& words : {std::initializer_list<const char*>{"--json"}, {"-T", "--json"}}) {
    const auto line = parse(words);
    ASSERT_FALSE(line) << "a server would have been started";
    EXPECT_THAT(line.error(), HasSubstr("-t"));
  }
  EXPECT_THAT(usage("coaxd"), HasSubstr("--json"));
}

TEST(Dhcpd8_Environment, GivesDefaultsThatOptionsOverride) {
  const Environment environment = [](const char* name) -> const char* {
    const std::string wanted = name;
    if (wanted == "PATH_DHCPD_CONF") return "env.conf";
    if (wanted == "PATH_DHCPD_DB") return "env.leases";
    if (wanted == "PATH_DHCPD_PID") return "env.pid";
    if (wanted == "DHCPD_PORT") return "1067";
    return nullptr;
  };
  const auto plain = parse({}, environment);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->config, "env.conf");
  EXPECT_EQ(plain->leases, "env.leases");
  EXPECT_EQ(plain->pid_file, "env.pid");
  EXPECT_EQ(plain->port, 1067);
  const auto told = parse({"-cf", "a", "-lf", "b", "-pf", "c", "-p", "2"}, environment);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->config + told->leases + told->pid_file, "abc");
  EXPECT_EQ(told->port, 2);

  const auto wrong = parse({}, [](const char* name) -> const char* { return std::string{name} == "DHCPD_PORT" ? "bootps" : nullptr; });
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error(), StartsWith("DHCPD_PORT: "));
}

}  // namespace
}  // namespace coaxd::daemon
