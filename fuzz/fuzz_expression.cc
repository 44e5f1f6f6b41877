// Statements of dhcpd.conf over a packet: text up to the first NUL, then the option area of a request. What parses and resolves is
// executed, twice: the same must come out. Effects must lie where they outlive the packet, the options of the reply
// must be ones that may be sent, and its limits those of RFC 2131.
#include <algorithm>
#include <bitset>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"
#include "server/config/host_table.h"
#include "server/config/parser.h"
#include "server/engine/classify.h"
#include "server/engine/reply_options.h"

namespace coaxd {
namespace {

using namespace engine;

struct Outcome {
  std::vector<std::string> lines;
  bool operator==(const Outcome&) const = default;
};

class Run {
 public:
  Run(const config::Config& config, const wire::Message& request)
      : request_(request), scratch_(16 * 1024), arena_(scratch_), reply_(config.options()) {
    context_.config = &config;
    context_.request = &request;
    context_.reply = &reply_;
    context_.arena = &arena_;
    context_.globals = &globals_;
    context_.binding = &binding_;
    context_.has_lease = true;
    context_.leased_address = Ipv4::of(10, 0, 0, 9);
    context_.now.wall = 1'700'000'000;
    context_.names = &names();
    binding_.ends = 1'700'000'600;
    if (!config.hosts().empty()) context_.host = config.hosts()[0].get();
  }

  Outcome play() {
    ClassSet classes;
    classify(context_, classes);
    REQUIRE(classes.size() <= ClassSet::kMaximum);
    execute_scope(context_.config->global(), nullptr, context_);
    add_executed_classes(context_, classes);
    execute_classes(classes, &context_.config->global(), context_);
    for (const config::Statement* block : {context_.on_commit, context_.on_expiry, context_.on_release}) {
      if (block != nullptr) execute(block->body, context_);
    }
    REQUIRE(context_.depth == 0 && context_.frame == nullptr);
    REQUIRE(Variables::well_formed(binding_.get(lease::Item::variables)));

    Outcome outcome;
    for (const Effect& effect : std::span(context_.effects).first(context_.effect_count)) keep(effect, outcome);
    std::vector<wire::ReplyOption> out(kMaxReplyOptions);
    out.resize(select_reply_options({&reply_, &context_, &request_, true}, arena_, out));
    std::bitset<256> seen;
    for (const wire::ReplyOption& option : out) {
      REQUIRE(option.code != 0 && option.code != 82 && option.code != 255 && !seen[option.code]);
      seen[option.code] = true;
      outcome.lines.push_back(std::to_string(option.code) + std::string(as_text(option.value)));
    }
    outcome.lines.emplace_back(as_text(binding_.packed()));
    // RFC 2131 §2: 576 octets, less the headers and the fixed fields, or more where the client asks for it.
    const wire::ReplyLimits limits = reply_limits(reply_, request_);
    REQUIRE(limits.option_room >= 64 && limits.option_room <= std::max<std::size_t>(1500 - 264, request_.raw().size()));
    REQUIRE(!limits.cookie || limits.echo_vendor_area.empty());
    outcome.lines.push_back(std::to_string(limits.option_room) + (limits.may_overload ? "+" : "-"));
    return outcome;
  }

 private:
  static const config::HostTable& names() {
    static const config::HostTable table({{"ns.isp.example", {Ipv4::of(10, 0, 0, 53), Ipv4::of(10, 0, 0, 54)}}, {"none.example", {}}});
    return table;
  }
  bool in_arena(Bytes octets) const {
    return octets.empty() || (octets.data() >= scratch_.data() && octets.data() + octets.size() <= scratch_.data() + scratch_.size());
  }
  void keep(const Effect& effect, Outcome& outcome) const {
    if (effect.kind == Effect::Kind::log) {
      REQUIRE(in_arena(effect.text));
      outcome.lines.emplace_back(as_text(effect.text));
      return;
    }
    REQUIRE(!effect.argv.empty());
    for (std::size_t i = 0; i < effect.argv.size(); ++i) {
      REQUIRE(i == 0 || in_arena(effect.argv[i]));
      outcome.lines.emplace_back(as_text(effect.argv[i]));
    }
  }

  const wire::Message& request_;
  std::vector<std::uint8_t> scratch_;
  Arena arena_;
  OptionState reply_;
  GlobalVariables globals_;
  lease::Binding binding_;
  Context context_;
};

}  // namespace
}  // namespace coaxd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  const std::uint8_t* const nul = std::find(data, data + size, std::uint8_t{0});
  std::string text(data, nul);
  if (!fuzz::patterns_are_small(text)) return 0;
  const auto no_includes = [](const std::string&, std::string&, std::string& error) {
    error = "no includes here";
    return false;
  };
  config::Ast ast = config::parse("fuzz", std::move(text), no_includes);
  if (!ast.ok()) return 0;
  const auto config = config::resolve(std::move(ast), {});
  if (!config) return 0;

  std::vector<std::uint8_t> datagram(240);
  datagram[0] = 1;
  datagram[1] = 1;
  datagram[2] = 6;
  datagram[44] = 's';
  datagram[108] = 'f';
  store_be32(&datagram[236], 0x63825363);
  if (nul != data + size) datagram.insert(datagram.end(), nul + 1, data + size);
  wire::Message request;
  if (!request.parse(datagram)) return 0;
  const auto first = Run(**config, request).play();
  REQUIRE(first == Run(**config, request).play());
  return 0;
}
