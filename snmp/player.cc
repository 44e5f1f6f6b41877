// player.cc: snmp_player COAXD.TOML: a Resetter for tests that bring their own agents. A line of stdin is a request, a line of stdout is JSON:
//     reset MAC RELAY [MODEM]   forget MAC RELAY   state MAC RELAY   discover MAC   list   cmts   counters
// Reports come as they come, with the nanoseconds from the post to the SET. It ends with its stdin.
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>

#include "snmp/resetter.h"

namespace {

using namespace coaxd;

std::int64_t mono_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * snmp::kSecondNs + now.tv_nsec;
}

void say(const std::string& line) {  // of two threads
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

std::string join(const auto& reports) {
  std::string all;
  for (const auto& report : reports) all += (all.empty() ? "" : ",") + to_json(report);
  return "[" + all + "]";
}

std::string counters_json(const snmp::Counters& c) {
  std::uint64_t answers = 0;
  for (const Counter& bucket : c.latency) answers += bucket.get();
  return fmt::format(
      R"({{"posted":{},"joined":{},"turned_away":{},"sets":{},"gets":{},"done":{},"refused":{},"unknown":{},"proven":{},"silent":{},"not_sent":{},"not_trusted":{},"errors":{},"pending":{},"answers":{},"latency_us":{}}})",
      c.posted.get(), c.joined.get(), c.turned_away.get(), c.sets.get(), c.gets.get(), c.done.get(), c.refused.get(), c.unknown.get(), c.proven.get(), c.silent.get(), c.not_sent.get(),
      c.not_trusted.get(), c.errors.get(), c.pending.get(), answers, c.latency_us.get());
}

void obey(snmp::Resetter& snmp, const std::string& line) {
  std::istringstream words(line);
  std::string verb, mac, relay, modem;
  words >> verb >> mac >> relay >> modem;
  if (verb == "list") return say(R"({"list":)" + join(snmp.list()) + "}");
  if (verb == "cmts") return say(R"({"cmts":)" + join(snmp.cmts()) + "}");
  if (verb == "counters") return say(R"({"counters":)" + counters_json(snmp.counters()) + "}");
  const auto device = subscriber::Mac::parse(mac).value_or(subscriber::Mac{});
  if (verb == "discover") return snmp.saw_discover(device, {.mono_ns = mono_ns(), .wall = ::time(nullptr)});
  const snmp::Request request{.act = verb == "reset" ? snmp::Act::reset_modem : verb == "forget" ? snmp::Act::forget_cpe : snmp::Act::modem_state,
                              .mac = device,
                              .relay = Ipv4::parse(relay).value_or(Ipv4{}),
                              .modem_address = Ipv4::parse(modem).value_or(Ipv4{})};
  const std::int64_t posted = mono_ns();
  const auto id = snmp.post(request, [](const snmp::Report& report) { say(fmt::format(R"({{"report":{},"sent_after":{}}})", to_json(report), report.sent.mono_ns - report.posted.mono_ns)); });
  say(fmt::format(R"({{"posted":{},"at":{}}})", id, posted));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return fmt::print(stderr, "usage: snmp_player COAXD.TOML\n"), 2;
  std::ifstream file(arguments[1]);
  std::stringstream text;
  text << file.rdbuf();
  config::Sources sources;
  const auto settings = config::parse_settings(arguments[1], text.str(), sources);
  if (!settings) return fmt::print(stderr, "{}\n", settings.error().front().message), 1;
  auto options = snmp::load_options(*settings, ::geteuid());
  if (!options) return fmt::print(stderr, "{}", options.error()), 1;
  snmp::Resetter snmp(std::move(*options));
  snmp.start();
  say(R"({"ready":true})");
  for (std::string line; std::getline(std::cin, line);) obey(snmp, line);
  return 0;
}
