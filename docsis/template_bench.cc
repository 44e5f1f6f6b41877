// What a download costs that is compiled for its modem: a template of 40 TLVs at top level, a dozen values of it variables, TLV 19 and 20, and the MICs. ns are
// per file. Beside it the same without variables, parsing, and the seals alone, so that one sees where the time goes.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "bench/allocations.h"
#include "bench/check.h"
#include "docsis/binary.h"
#include "docsis/template.h"
#include "docsis/text.h"

namespace coaxd::docsis {
namespace {

using bench::check;

// A 3.0 modem as many operators provision it: flows, classifiers, SNMP access, filters, firmware. `plain` without variables.
std::string text_of(bool plain) {
  const auto value = [&](std::string_view name, std::string_view written) { return plain ? std::string(written) : "${" + std::string(name) + "}"; };
  std::string text = "Main {\n NetworkAccess 1; GlobalPrivacyEnable 1; MaxClassifiers 20;\n MaxCPE " + value("cpe", "4") + ";\n";
  for (const std::string_view flow : {"Us", "Ds"}) {
    text += " " + std::string(flow) + "ServiceFlow { " + std::string(flow) + "ServiceFlowRef " + (flow == "Us" ? "1" : "2") +
            "; QosParamSetType 7; ServiceClassName \"" + value("class", "gold") + "\"; MaxRateSustained " + value(flow == "Us" ? "up" : "down", "50000000") +
            "; MaxTrafficBurst " + value("burst", "640000") + "; TrafficPriority 1; }\n";
  }
  text += " UsPacketClass { ClassifierRef 1; ServiceFlowRef 1; RulePriority 64; IpPacketClassifier { IpProto 17; DstPortStart " + value("sip", "5060") +
          "; DstPortEnd " + value("sip", "5060") + "; } }\n";
  text += " SwUpgradeFilename \"" + value("firmware", "hub7_v2.14.bin") + "\";\n SwUpgradeServer " + value("tftp", "10.64.0.9") + ";\n";
  text += " SnmpMibObject sysContact.0 String \"" + value("contact", "noc@example.net") + "\";\n SnmpMibObject docsDevNmAccessIp.1 IPAddress " +
          value("manager", "172.20.0.0") + ";\n";
  text += " SnmpMibObject docsDevNmAccessIpMask.1 IPAddress 255.255.0.0;\n SnmpMibObject docsDevNmAccessCommunity.1 String \"" +
          value("community", "r3adonly") + "\";\n";
  text += " SnmpMibObject docsDevNmAccessControl.1 Integer 2;\n SnmpMibObject docsDevNmAccessStatus.1 Integer 4;\n";
  for (int filter = 1; filter <= 6; ++filter) {
    const std::string index = std::to_string(filter);
    text += " SnmpMibObject docsDevFilterIpStatus." + index + " Integer 4;\n SnmpMibObject docsDevFilterIpControl." + index +
            " Integer 1;\n SnmpMibObject docsDevFilterIpProtocol." + index + " Integer 17;\n SnmpMibObject docsDevFilterIpDestPortLow." + index +
            " Integer 137;\n";
  }
  return text + "}\n";
}

std::optional<std::string_view> value_of(std::string_view name) {
  static constexpr struct {
    std::string_view name, value;
  } kValues[] = {{"cpe", "4"},        {"class", "gold"}, {"up", "50000000"},           {"down", "50000000"},       {"burst", "640000"},       {"sip", "5060"},
                 {"firmware", "hub7_v2.14.bin"}, {"tftp", "10.64.0.9"}, {"contact", "noc@example.net"}, {"manager", "172.20.0.0"}, {"community", "r3adonly"}};
  for (const auto& each : kValues)
    if (each.name == name) return each.value;
  return std::nullopt;
}

Template made(bool plain) {
  auto parsed = Template::parse(text_of(plain), "bench.cfg", {.read_file = {}});
  check(parsed.has_value(), "the template parses");
  return std::move(*parsed);
}
const Seal kSeal{.secret = SharedSecret{{'n', 'o', 'r', 't', 'h', '-', 'h', 'u', 'b', '-', '7'}}, .extended_secret = {}};

void compile(benchmark::State& state, bool plain, const Dynamic& dynamic) {
  const Template from = made(plain), same = made(true);
  const Variables variables = value_of;
  Compiler compiler;
  Octets out, expected;
  check(compiler.compile(same, {}, dynamic, kSeal, expected).has_value() && compiler.compile(from, variables, dynamic, kSeal, out).has_value(), "it compiles");
  check(out == expected && verify(out, kSeal.secret).cmts_mic == Verdict::State::right, "the file is what its text says, under its secret");
  const auto decoded = decode(out, "bench");
  check(decoded.has_value() && decoded->document.nodes.size() >= 40, "forty TLVs");
  const bench::AllocationCount allocations(state);
  for (auto _ : state) {
    (void)compiler.compile(from, variables, dynamic, kSeal, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["octets"] = static_cast<double>(out.size());
}

void compile_template_ns_per_file(benchmark::State& state) { compile(state, false, {.timestamp = 3'913'056'000, .modem_address = 0x0a408107}); }
BENCHMARK(compile_template_ns_per_file);
void compile_without_variables_ns_per_file(benchmark::State& state) { compile(state, true, {}); }
BENCHMARK(compile_without_variables_ns_per_file);

void parse_template_ns_per_file(benchmark::State& state) {
  const std::string text = text_of(false);
  for (auto _ : state) benchmark::DoNotOptimize(Template::parse(text, "bench.cfg", {.read_file = {}}).has_value());
}
BENCHMARK(parse_template_ns_per_file);

// What the command does for each text, without its listing.
void text_to_sealed_file_ns_per_file(benchmark::State& state) {
  const std::string text = text_of(true);
  Octets out;
  for (auto _ : state) {
    const auto parsed = parse(text, "bench.cfg", {.read_file = {}});
    out.clear();
    benchmark::DoNotOptimize(seal(parsed->document, kSeal, out).has_value());
  }
}
BENCHMARK(text_to_sealed_file_ns_per_file);

void seals_alone_ns_per_file(benchmark::State& state) {
  const auto parsed = parse(text_of(true), "bench.cfg", {.read_file = {}});
  check(parsed.has_value(), "the text parses");
  const Octets tlvs = encode(parsed->document).value();
  Octets out;
  check(seal_tlvs(out = tlvs, 0, kSeal).has_value(), "it is sealed");
  const bench::AllocationCount allocations(state);
  for (auto _ : state) {
    out.assign(tlvs.begin(), tlvs.end());
    (void)seal_tlvs(out, 0, kSeal);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(seals_alone_ns_per_file);

}  // namespace
}  // namespace coaxd::docsis
