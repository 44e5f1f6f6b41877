// What a configuration file of 40 TLVs costs: a gold profile with two service flows, classifiers and SNMP objects, some 300 octets.
#include <benchmark/benchmark.h>

#include "bench/allocations.h"
#include "bench/check.h"
#include "docsis/binary.h"
#include "docsis/testing/hex.h"

namespace coaxd::docsis {
namespace {

using bench::AllocationCount;
using bench::check;

// By line: access, computers, firmware; privacy's timers; a flow up, a flow down, with a classifier each; five SNMP objects.
constexpr std::string_view kBody =
    "03010112011015040a4000030908676f6c642e62696e"
    "112401040000000a02040000000a030400000258040400000001050400000001060400000258"
    "181601020001060107070101080405f5e100090400030d40"
    "191601020002060107070103080405f5e1000904000f4240"
    "161001010103020001050105090402020006"
    "171001010203020002050105090402020011"
    "0b123010060b2b06010201450102010201020101"
    "0b153013060b2b0601020145010201030140040a400000"
    "0b123010060b2b06010201450102010401020103"
    "0b123010060b2b06010201450102010501020104"
    "0b123010060b2b06010201450102010601020105";

std::size_t count_of(const std::vector<Node>& nodes) {
  std::size_t count = nodes.size();
  for (const Node& node : nodes) count += count_of(node.children);
  return count;
}

Seal gold_seal() { return {.secret = SharedSecret::from_file(as_bytes("a secret of 24 characters\n"))}; }

const Document& gold() {
  static const Document document = [] {
    auto decoded = decode(testing::hex(kBody), "gold");
    check(decoded.has_value() && count_of(decoded->document.nodes) == 40, "the profile is not what it was");
    return std::move(decoded->document);
  }();
  return document;
}

Octets gold_file() {
  Octets file;
  check(seal(gold(), gold_seal(), file).has_value(), "the file cannot be sealed");
  const Verdict verdict = verify(file, gold_seal().secret);
  check(verdict.cm_mic == Verdict::State::right && verdict.cmts_mic == Verdict::State::right, "the seals are wrong");
  return file;
}

void decode_40_tlvs_ns_per_file(benchmark::State& state) {
  const Octets file = gold_file();
  AllocationCount count{state};
  for (auto _ : state) benchmark::DoNotOptimize(decode(file, "gold"));
}
BENCHMARK(decode_40_tlvs_ns_per_file);

void encode_40_tlvs_ns_per_file(benchmark::State& state) {
  const auto decoded = decode(gold_file(), "gold");
  check(encode(decoded->document) == gold_file(), "encode(decode(file)) is not the file");
  AllocationCount count{state};
  for (auto _ : state) benchmark::DoNotOptimize(encode(decoded->document));
}
BENCHMARK(encode_40_tlvs_ns_per_file);

// What a server does for a download: the tree is there.
void seal_40_tlvs_ns_per_file(benchmark::State& state) {
  const Seal how = gold_seal();
  Octets out = gold_file();
  AllocationCount count{state};
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(seal(gold(), how, out));
  }
}
BENCHMARK(seal_40_tlvs_ns_per_file);

// And where the octets are there too (template.h).
void seal_octets_40_tlvs_ns_per_file(benchmark::State& state) {
  const Seal how = gold_seal();
  const Octets body = testing::hex(kBody);
  Octets out = gold_file();
  AllocationCount count{state};
  for (auto _ : state) {
    out.assign(body.begin(), body.end());
    benchmark::DoNotOptimize(seal_tlvs(out, 0, how));
  }
}
BENCHMARK(seal_octets_40_tlvs_ns_per_file);

void verify_40_tlvs_ns_per_file(benchmark::State& state) {
  const Octets file = gold_file();
  const Seal how = gold_seal();
  AllocationCount count{state};
  for (auto _ : state) benchmark::DoNotOptimize(verify(file, how.secret));
}
BENCHMARK(verify_40_tlvs_ns_per_file);

void find_keyword_ns_per_look_up(benchmark::State& state) {
  const Tlv* const flow = find_code(nullptr, 24);
  bool misplaced = false;
  check(find_keyword(flow, "MaxRateSustained", misplaced) == find_code(flow, 8) && !misplaced, "the keyword is not found");
  std::string_view keyword = "MaxRateSustained";
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(keyword);
    benchmark::DoNotOptimize(find_keyword(flow, keyword, misplaced));
  }
}
BENCHMARK(find_keyword_ns_per_look_up);

void find_code_ns_per_look_up(benchmark::State& state) {
  const Tlv* const flow = find_code(nullptr, 24);
  std::uint8_t code = 43;
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(code);
    benchmark::DoNotOptimize(find_code(flow, code));
  }
}
BENCHMARK(find_code_ns_per_look_up);

}  // namespace
}  // namespace coaxd::docsis
