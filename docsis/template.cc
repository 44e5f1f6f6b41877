// A template is octets with gaps: what no variable touches is encoded when the text is parsed, and compile() copies it. Around it stand steps that say where a
// value is read and where a block, whose length depends on one, begins and ends.
#include "docsis/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "docsis/file.h"
#include "docsis/parser.h"
#include "server/base/bytes.h"

namespace coaxd::docsis {
namespace {

constexpr std::uint8_t kTimestampCode = 19, kModemAddressCode = 20;

struct Step {
  enum class Kind : std::uint8_t {
    octets,   // `size` octets of the pool from `first`
    value,    // hole number `first`
    open,     // of a block, up to its `close`
    close,
    dynamic,  // the next step writes TLV 19 or 20, unless the caller has another
  };
  Kind kind;
  std::uint8_t code = 0;
  bool wide = false;
  const Tlv* row = nullptr;
  std::uint32_t first = 0, size = 0;
  Position at{};
};

// Half a file is none: after an error `out` is empty.
std::unexpected<Problems> refused(Problems problems, Octets& out) {
  out.clear();
  return std::unexpected(std::move(problems));
}

}  // namespace

struct Template::Impl {
  FileKind kind = FileKind::modem;
  Dialect dialect = Dialect::native;
  const MibNames* mibs = nullptr;
  Texts texts;
  Octets pool;
  std::vector<Step> steps;
  std::vector<Hole> holes;
  VariableNames variables;
  Problems warnings;
  Position extended_mic;  // where 43.6 stands, which the seal may have something to say about

  void take(const std::vector<Node>& nodes);

 private:
  bool has_hole(const std::vector<std::uint32_t>& path) const {
    return next_hole_ < holes.size() && holes[next_hole_].path.size() >= path.size() && std::equal(path.begin(), path.end(), holes[next_hole_].path.begin());
  }
  void take(const Node& node, std::vector<std::uint32_t>& path);
  void take_octets(const Node& node);

  std::size_t next_hole_ = 0;  // holes stand in the order of the text, as nodes do
};

void Template::Impl::take_octets(const Node& node) {
  const std::size_t first = pool.size();
  append(node, pool);
  const bool after_dynamic = steps.size() > 1 && steps[steps.size() - 2].kind == Step::Kind::dynamic;
  if (!steps.empty() && steps.back().kind == Step::Kind::octets && !after_dynamic) steps.back().size += static_cast<std::uint32_t>(pool.size() - first);
  else steps.push_back({.kind = Step::Kind::octets, .first = static_cast<std::uint32_t>(first), .size = static_cast<std::uint32_t>(pool.size() - first)});
}

void Template::Impl::take(const Node& node, std::vector<std::uint32_t>& path) {
  if (!has_hole(path)) return take_octets(node);
  if (!node.block) {
    steps.push_back(
        {.kind = Step::Kind::value, .code = node.code, .wide = node.wide, .row = node.tlv, .first = static_cast<std::uint32_t>(next_hole_++), .at = node.at});
    return;
  }
  steps.push_back({.kind = Step::Kind::open, .code = node.code, .wide = node.wide, .row = node.tlv, .at = node.at});
  path.push_back(0);
  for (const Node& child : node.children) {
    take(child, path);
    ++path.back();
  }
  path.pop_back();
  steps.push_back({.kind = Step::Kind::close, .code = node.code, .wide = node.wide, .row = node.tlv, .at = node.at});
}

void Template::Impl::take(const std::vector<Node>& nodes) {
  std::vector<std::uint32_t> path{0};
  for (const Node& node : nodes) {
    const bool dynamic = node.code == kTimestampCode || node.code == kModemAddressCode;
    if (node.code == kVendorSpecificCode)
      for (const Node& child : node.children)
        if (child.code == kCmMicCode) extended_mic = child.at;  // 43.6
    const bool sealed = node.code == kCmMicCode || node.code == kCmtsMicCode || node.code == kPadCode || node.code == kEndCode;
    if (dynamic) steps.push_back({.kind = Step::Kind::dynamic, .code = node.code});
    if (kind == FileKind::mta || !sealed) take(node, path);
    else if (has_hole(path)) ++next_hole_;
    ++path.back();
  }
}

Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

std::expected<Template, Problems> Template::parse(std::string_view text, std::string_view name, const ParseOptions& options) {
  Parser parser(options, true);
  parser.run(text, name);
  if (parser.report().errors() > 0) return std::unexpected(parser.report().take());
  if (auto encoded = encode(parser.document()); !encoded) return std::unexpected(std::move(encoded.error()));
  auto impl = std::make_unique<Impl>();
  impl->kind = parser.document().kind;
  impl->dialect = options.dialect;
  impl->mibs = options.mibs;
  impl->holes = std::move(parser.holes());
  impl->variables = std::move(parser.variables());
  impl->warnings = parser.report().take();
  impl->take(parser.document().nodes);
  impl->texts = std::move(parser.document().texts);
  Template made;
  made.impl_ = std::move(impl);
  return made;
}

FileKind Template::kind() const noexcept { return impl_->kind; }
const std::vector<std::string>& Template::variables() const noexcept { return impl_->variables.names(); }
const Problems& Template::warnings() const noexcept { return impl_->warnings; }

struct Compiler::Impl {
  // Scratch, which keeps its room from one file to the next.
  std::string text;
  Octets contents;
  std::vector<std::optional<std::string_view>> values;
  std::vector<std::size_t> open;  // where the blocks begin that are being written

  bool tlvs(const Template::Impl& from, const Variables& variables, const Dynamic& dynamic, Report& report, Octets& out);

 private:
  bool value(const Template::Impl& from, const Step& step, Report& report, Octets& out);
};

bool Compiler::Impl::value(const Template::Impl& from, const Step& step, Report& report, Octets& out) {
  const Hole& hole = from.holes[step.first];
  const ValueOf value_of = [this](std::uint32_t variable) { return values[variable]; };
  const Token token = expand(hole.pattern, from.variables, value_of, report, text);
  if (token.is(TokenKind::bad)) return false;
  const std::size_t begin = out.size();
  out.push_back(step.code);
  out.resize(out.size() + (step.wide ? 2 : 1));
  if (!read_leaf(hole.spec, token, *from.mibs, report, contents, out)) return false;
  if (close_tlv(out, begin, step.row, step.wide)) return true;
  const std::size_t size = out.size() - begin - (step.wide ? 3 : 2);
  if (hole.spec.snmp && from.kind == FileKind::mta && open.empty() && size <= most_octets(true)) {  // PKT-SP-PROV1.5 §9.1
    out[begin] = kLongVarbindCode;
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(begin) + 1, 0);
    return close_tlv(out, begin, nullptr, true);
  }
  report.error(Cause::value, hole.pattern.at, fmt::format("{} has {} octets, a TLV at most {}", hole.spec.row.name, size, most_octets(step.wide)),
               "shorten the variable's value");
  return false;
}

bool Compiler::Impl::tlvs(const Template::Impl& from, const Variables& variables, const Dynamic& dynamic, Report& report, Octets& out) {
  values.clear();
  for (const std::string& name : from.variables.names()) values.push_back(variables ? variables(name) : std::nullopt);
  open.clear();
  struct Own {
    std::uint8_t code;
    std::optional<std::uint32_t> value;
    bool written = false;
  };
  std::array own{Own{kTimestampCode, dynamic.timestamp}, Own{kModemAddressCode, dynamic.modem_address}};
  const auto write = [&](Own& each) {
    const std::size_t at = out.size();
    out.resize(at + 6);
    out[at] = each.code;
    out[at + 1] = 4;
    store_be32(&out[at + 2], *each.value);
    each.written = true;
  };
  bool good = true;
  for (std::size_t i = 0; i < from.steps.size(); ++i) {
    const Step& step = from.steps[i];
    switch (step.kind) {
      case Step::Kind::octets: {
        const Bytes octets = Bytes(from.pool).subspan(step.first, step.size);
        out.insert(out.end(), octets.begin(), octets.end());
        break;
      }
      case Step::Kind::value: good = value(from, step, report, out) && good; break;
      case Step::Kind::open:
        open.push_back(out.size());
        out.push_back(step.code);
        out.resize(out.size() + (step.wide ? 2 : 1));
        break;
      case Step::Kind::close: {
        const std::size_t begin = open.back();
        open.pop_back();
        if (good && !close_tlv(out, begin, step.row, step.wide)) {
          report.error(Cause::value, step.at,
                       fmt::format("the block of TLV {} holds {} octets, a TLV at most {}", step.code, out.size() - begin - (step.wide ? 3 : 2),
                                   most_octets(step.wide)),
                       "shorten a variable's value");
          good = false;
        }
        break;
      }
      case Step::Kind::dynamic: {
        Own& each = own[step.code == kTimestampCode ? 0 : 1];
        if (!each.value) break;
        if (!each.written) write(each);
        ++i;
        break;
      }
    }
  }
  for (Own& each : own)
    if (each.value && !each.written) write(each);
  return good;
}

Compiler::Compiler() : impl_(std::make_unique<Impl>()) {}
Compiler::~Compiler() = default;

std::expected<void, Problems> Compiler::compile(const Template& from, const Variables& variables, const Dynamic& dynamic, const Seal& seal, Octets& out) {
  out.clear();
  Report report(from.impl_->dialect, &from.impl_->texts);
  if (from.kind() == FileKind::mta) {
    report.error(Cause::value, {.line = 1, .column = 1}, "an MTA's file has no MICs", "take MtaConfigDelimiter away, or compile it as an MTA's");
    return refused(report.take(), out);
  }
  if (!impl_->tlvs(*from.impl_, variables, dynamic, report, out)) return refused(report.take(), out);
  auto sealed = seal_tlvs(out, 0, seal);
  if (sealed) return {};
  for (Problem& problem : sealed.error()) problem.at = from.impl_->extended_mic;
  locate(sealed.error(), from.impl_->texts);
  return refused(std::move(sealed.error()), out);
}

std::expected<void, Problems> Compiler::compile_mta(const Template& from, const Variables& variables, MtaHash hash, Octets& out) {
  out.clear();
  Report report(from.impl_->dialect, &from.impl_->texts);
  if (!impl_->tlvs(*from.impl_, variables, {}, report, out)) return refused(report.take(), out);
  auto hashed = add_mta_hash(out, 0, hash, from.impl_->dialect == Dialect::utility);
  if (hashed) return {};
  for (Problem& problem : hashed.error()) problem.at = {.line = 1, .column = 1};
  locate(hashed.error(), from.impl_->texts);
  return refused(std::move(hashed.error()), out);
}

}  // namespace coaxd::docsis
