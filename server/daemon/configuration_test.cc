#include "server/daemon/configuration.h"

#include <gmock/gmock.h>

#include <string>

#include "server/config/parser.h"

namespace coaxd::daemon {
namespace {

std::shared_ptr<const config::Config> config_of(std::string text) {
  const config::FileReader none = [](const std::string&, std::string&, std::string&) { return false; };
  auto config = config::resolve(config::parse("dhcpd.conf", std::move(text), none));
  EXPECT_TRUE(config);
  return config ? *config : nullptr;
}

engine::Settings settings_of(const std::string& text, const CommandLine& line = {}) {
  return engine_settings(line, {}, *config_of(text));
}

// dhcpd-compat §15.1.
TEST(Configuration, FileNamesGoBeforeTheCommandLine) {
  CommandLine line;
  line.leases = "/a/leases";
  line.pid_file = "/a/pid";
  const auto bare = config_of("");
  EXPECT_EQ(leases_path(line, *bare), "/a/leases");
  EXPECT_EQ(pid_path(line, *bare), "/a/pid");
  const auto stated = config_of("lease-file-name \"/b/leases\"; pid-file-name \"/b/pid\";");
  EXPECT_EQ(leases_path(line, *stated), "/b/leases");
  EXPECT_EQ(pid_path(line, *stated), "/b/pid");
}

// As dhcpd was seen to do: -p moves both ports, the statements only their own, and they go first.
TEST(Configuration, PortsOfStatementsGoBeforeTheCommandLine) {
  const auto ports = [](const std::string& text, std::uint16_t port) {
    CommandLine line;
    line.port = port;
    const engine::Settings settings = settings_of(text, line);
    return std::pair(settings.server_port, settings.client_port);
  };
  using Ports = std::pair<std::uint16_t, std::uint16_t>;
  EXPECT_EQ(ports("", 0), (Ports{67, 68}));
  EXPECT_EQ(ports("", 1067), (Ports{1067, 1068}));
  EXPECT_EQ(ports("local-port 2067;", 0), (Ports{2067, 68}));
  EXPECT_EQ(ports("local-port 2067;", 1067), (Ports{2067, 1068}));
  EXPECT_EQ(ports("remote-port 2068;", 1067), (Ports{1067, 2068}));
  EXPECT_EQ(ports("subnet 10.0.0.0 netmask 255.0.0.0 { local-port 2067; remote-port 2068; }", 0), (Ports{67, 68}));
}

TEST(Configuration, AddressesOfStatementsGoBeforeTheCommandLine) {
  CommandLine line;
  EXPECT_EQ(settings_of("", line).limited_broadcast, Ipv4{0xffffffff});
  line.limited_broadcast = Ipv4::of(10, 255, 255, 255);
  EXPECT_EQ(settings_of("", line).limited_broadcast, Ipv4::of(10, 255, 255, 255));
  EXPECT_EQ(settings_of("limited-broadcast-address 10.0.0.255;", line).limited_broadcast, Ipv4::of(10, 0, 0, 255));
  EXPECT_TRUE(settings_of("", line).local_address.is_zero());
  EXPECT_EQ(settings_of("local-address 10.0.0.1;", line).local_address, Ipv4::of(10, 0, 0, 1));
}

// A reload leaves ports, files and coaxd.toml as they were at the start, and says so, one sentence each.
TEST(Configuration, WhatCountsAtStartOnlyIsSaidWhenItChanges) {
  const auto values = [](const std::string& text, const config::Settings& settings = {}) {
    CommandLine line;
    line.settings = "coaxd.toml";
    return start_values(line, settings, *config_of(text));
  };
  const auto start = values("subnet 10.0.0.0 netmask 255.0.0.0 { }");
  EXPECT_THAT(ignored_changes(start, values("default-lease-time 60;")), ::testing::IsEmpty());
  EXPECT_THAT(ignored_changes(start, values("local-port 67; remote-port 68;")), ::testing::IsEmpty()) << "said, but no change";
  const std::pair<const char*, const char*> rows[] = {
      {"local-port 2067;", "local-port counts at start only: 67 until coaxd is restarted, then 2067."},
      {"remote-port 2068;", "remote-port counts at start only: 68 until coaxd is restarted, then 2068."},
      {"local-address 10.0.0.1;", "local-address counts at start only: 0.0.0.0 until coaxd is restarted, then 10.0.0.1."},
      {"limited-broadcast-address 10.0.0.255;", "limited-broadcast-address counts at start only: 255.255.255.255 until coaxd is restarted, then 10.0.0.255."},
      {"lease-file-name \"/l\";", "lease-file-name counts at start only: /var/lib/dhcp/dhcpd.leases until coaxd is restarted, then /l."},
      {"pid-file-name \"/p\";", "pid-file-name counts at start only: /var/run/dhcpd.pid until coaxd is restarted, then /p."},
      {"log-facility local7;", "log-facility counts at start only: the default until coaxd is restarted, then local7."},
  };
  for (const auto& [text, sentence] : rows) EXPECT_THAT(ignored_changes(start, values(text)), ::testing::ElementsAre(sentence));
  config::Settings settings;
  settings.store.mirror_seconds = 7;
  EXPECT_THAT(ignored_changes(start, values("", settings)),
              ::testing::ElementsAre("coaxd.toml: [store] mirror_seconds counts at start only: 60 until coaxd is restarted, then 7."));
}

// dhcpd obeys both as it reads, wherever they stand (observed).
TEST(Configuration, LeasesStyleIsTheLastOneOfAllScopes) {
  const auto style = [](const std::string& text) {
    const store::LeasesStyle found = leases_style(*config_of(text));
    return std::pair(found.local_times, found.hex_ids);
  };
  EXPECT_EQ(style(""), std::pair(false, false));
  EXPECT_EQ(style("db-time-format local; lease-id-format hex;"), std::pair(true, true));
  EXPECT_EQ(style("db-time-format local; db-time-format default; lease-id-format hex; lease-id-format octal;"), std::pair(false, false));
  EXPECT_EQ(style("db-time-format default; subnet 10.0.0.0 netmask 255.0.0.0 { db-time-format local; lease-id-format hex; }"),
            std::pair(true, true));
}

}  // namespace
}  // namespace coaxd::daemon
