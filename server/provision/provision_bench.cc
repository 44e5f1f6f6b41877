// What a request costs before the first octet is sent: lease, record, variables, and a file of forty TLVs, compiled or remembered.
#include <benchmark/benchmark.h>

#include <array>
#include <random>
#include <string>

#include "bench/allocations.h"
#include "bench/check.h"
#include "server/provision/testing/plant.h"
#include "server/tftp/time_of_day.h"

namespace {

using namespace coaxd;
using namespace coaxd::provision;

constexpr std::uint32_t kModems = 1024;

// Forty TLVs at the top, four of them blocks, with six variables.
std::string forty_tlvs() {
  std::string text = "Main {\n NetworkAccess 1; MaxCPE ${cpe}; GlobalPrivacyEnable 1; SwUpgradeFilename \"${mac}.bin\"; SwUpgradeServer 10.64.0.9;\n";
  text += " UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; MaxRateSustained ${up}; MaxTrafficBurst 44000; }\n";
  text += " DsServiceFlow { DsServiceFlowRef 101; QosParamSetType 7; MaxRateSustained ${down}; MaxTrafficBurst 640000; }\n";
  text += " SnmpMibObject sysContact.0 String \"${contact:noc@example.net}\";\n SnmpMibObject docsDevNmAccessCommunity.1 String \"${community}\";\n";
  for (int filter = 1; filter <= 8; ++filter) {
    const std::string index = std::to_string(filter);
    text += " SnmpMibObject docsDevFilterIpStatus." + index + " Integer 4; SnmpMibObject docsDevFilterIpControl." + index + " Integer 1;";
    text += " SnmpMibObject docsDevFilterIpProtocol." + index + " Integer 17; SnmpMibObject docsDevFilterIpDestPortLow." + index + " Integer 137;\n";
  }
  return text + "}\n";
}

struct Scene {
  Scene(bool dynamic, std::size_t cache, SourceCheck check = SourceCheck::told) : plant(kModems) {
    plant.settings.timestamp = plant.settings.modem_address = dynamic;
    plant.settings.cache_octets = cache;
    plant.settings.check = check;
    plant.settings.secrets = plant.folder.path("secrets");
    plant.folder.write("secrets", "* \"north-hub-7\"\n");
    plant.folder.write("templates/gold.cfg", forty_tlvs());
    const auto news = plant.open();
    bench::check(news.empty() && plant.provision != nullptr, news.empty() ? "it opens" : news[0].text.c_str());
    for (std::uint32_t i = 0; i < kModems; ++i) {
      plant.boot(i, "gold.cm");
      plant.record(i, "gold", {{"community", "r3adonly"}, {"cpe", "4"}, {"down", "50000000"}, {"up", "10000000"}});
    }
    const Got got = plant.get(0, "gold.cm");
    bench::check(got.ready(), got.text.c_str());
    const auto verdict = docsis::verify(got.octets, docsis::SharedSecret::from_file(as_bytes("north-hub-7")));
    bench::check(verdict.cm_mic == docsis::Verdict::State::right && verdict.cmts_mic == docsis::Verdict::State::right, "it is sealed");
    const auto decoded = docsis::decode(got.octets, "bench");
    bench::check(decoded.has_value() && decoded->document.nodes.size() >= 40, "it has forty TLVs");
    size = static_cast<double>(got.octets.size());
  }
  Plant plant;
  double size = 0;
};

void request(benchmark::State& state, bool dynamic, std::size_t cache) {
  Scene scene(dynamic, cache);
  std::uint64_t ticket = 1'000'000;
  std::uint32_t modem = 0;
  const auto one = [&] {
    modem = (modem + 1) % kModems;
    const tftp::Ticket number{++ticket};
    auto answer = scene.plant.files->open({.name = "gold.cm", .client = {Plant::address(modem), 40'000}, .server = kServer, .now = scene.plant.now, .ticket = number});
    benchmark::DoNotOptimize(answer.contents.get());
    scene.plant.files->close(number, false);
  };
  for (std::uint32_t i = 0; i < kModems; ++i) one();
  const std::uint64_t hits = scene.plant.files->counters().cache_hits.get(), compiles = scene.plant.files->counters().compiles.get();
  {
    const bench::AllocationCount allocations(state);
    for (auto _ : state) one();
  }
  state.counters["octets"] = scene.size;
  const auto more = [](const Counter& counter, std::uint64_t before) { return counter.get() > before; };
  bench::check(cache == 0 ? more(scene.plant.files->counters().compiles, compiles) : more(scene.plant.files->counters().cache_hits, hits), "it is what it is called");
}

// Every modem has another file (its MAC stands in it), and nothing is remembered: the worst case.
void provision_compiled_ns_per_request(benchmark::State& state) { request(state, true, 0); }
BENCHMARK(provision_compiled_ns_per_request);
// The TLVs are remembered; time, address and MICs are each download's own.
void provision_sealed_ns_per_request(benchmark::State& state) { request(state, true, 64 << 20); }
BENCHMARK(provision_sealed_ns_per_request);
void provision_remembered_ns_per_request(benchmark::State& state) { request(state, false, 64 << 20); }
BENCHMARK(provision_remembered_ns_per_request);

// What a reply of DHCP that names a file costs more, for one of so many modems at random.
void hand_out(benchmark::State& state, bool generated_names) {
  const auto modems = static_cast<std::uint32_t>(state.range(0));
  HandedOut table({.generated_names = generated_names, .remembered = modems}, {1, 2});
  HandedOut::NameRoom room;
  Instant now{.mono_ns = 0, .wall = kStart};
  std::minstd_rand random(1);
  const auto one = [&](std::uint32_t modem) {
    const auto name = table.hand_out(
        {.address = {kFirstAddress.value + modem}, .giaddr = kRelay, .hardware = {modem + 1u}, .modem = {modem + 1u}, .until = now.wall + 3600, .file = "gold.cm", .client_class = "cm"}, now, room);
    benchmark::DoNotOptimize(name.data());
  };
  for (std::uint32_t modem = 0; modem < modems; ++modem) one(modem);
  now.wall += 1000;  // names of before are over
  const bench::AllocationCount allocations(state);
  for (auto _ : state) one(static_cast<std::uint32_t>(random()) % modems);
}
void provision_hand_out_ns_per_reply(benchmark::State& state) { hand_out(state, false); }
BENCHMARK(provision_hand_out_ns_per_reply)->Arg(1000)->Arg(50'000)->Arg(1'000'000);
void provision_hand_out_generated_ns_per_reply(benchmark::State& state) { hand_out(state, true); }
BENCHMARK(provision_hand_out_generated_ns_per_reply)->Arg(1000)->Arg(50'000)->Arg(1'000'000);

}  // namespace
