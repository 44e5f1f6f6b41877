// Configuration text, in both dialects: text up to the first NUL, what it includes or names under any path up to the next, then the value of every variable. What
// parses encodes; what encodes decodes, to the same octets; what is refused is refused at a place of the text. A template whose variables have all their defaults
// is the file that its text is; with other values it is refused, or a file under its secret.
#include <algorithm>
#include <string>

#include "docsis/binary.h"
#include "docsis/file.h"
#include "docsis/template.h"
#include "docsis/text.h"
#include "fuzz/fuzz.h"

namespace coaxd::docsis {
namespace {

struct Input {
  std::string text, file, value;
};

std::string take_part(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\0'), rest.size());
  std::string part(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

void check_problems(const Problems& problems, const Input& input) {
  const auto lines = static_cast<std::uint32_t>(std::ranges::count(input.text, '\n') + std::ranges::count(input.file, '\n') + 1);
  for (const Problem& problem : problems) {
    REQUIRE(!problem.message.empty());
    REQUIRE((problem.severity == Severity::warning) == (problem.cause == Cause::none));
    REQUIRE(problem.at.line >= 1 && problem.at.line <= lines && problem.at.column >= 1);
    REQUIRE(!render(problem, input.text).empty());
  }
}

// In the utility's dialect a long varbind becomes TLV 64 with two octets of length, which nobody reads so in a modem's file.
bool has_wrong_64(const std::vector<Node>& nodes, bool mta) {
  return std::ranges::any_of(nodes, [&](const Node& node) { return (node.wide && node.code == kLongVarbindCode && !mta) || has_wrong_64(node.children, false); });
}

const Seal& seal_of_fuzz() {
  static const Seal kSeal{.secret = SharedSecret{{'k', 'e', 'y'}}, .extended_secret = {}};
  return kSeal;
}

void check_octets(const Document& document) {
  const auto octets = encode(document);
  REQUIRE(octets.has_value());
  if (has_wrong_64(document.nodes, document.kind == FileKind::mta)) return;
  const auto decoded = decode(*octets, "fuzz");
  REQUIRE(decoded.has_value());
  REQUIRE(encode(decoded->document) == *octets);
}

std::optional<Document> parse_text(const Input& input, const ParseOptions& options) {
  auto parsed = parse(input.text, "fuzz.cfg", options);
  check_problems(parsed ? parsed->warnings : parsed.error(), input);
  REQUIRE(has_error(parsed ? parsed->warnings : parsed.error()) != parsed.has_value());
  if (!parsed) return std::nullopt;
  check_octets(parsed->document);
  return std::move(parsed->document);
}

// The sealed file, or nothing.
std::optional<Octets> compiled(const Template& from, const Variables& variables, const Input& input) {
  Compiler compiler;
  Octets out;
  const bool mta = from.kind() == FileKind::mta;
  const auto done = mta ? compiler.compile_mta(from, variables, MtaHash::none, out) : compiler.compile(from, variables, {}, seal_of_fuzz(), out);
  if (done) return out;
  REQUIRE(has_error(done.error()));
  for (const Problem& problem : done.error()) REQUIRE(!problem.message.empty() && !render(problem, input.text).empty());
  return std::nullopt;
}

void check_template(const Input& input, const ParseOptions& options, const std::optional<Document>& document) {
  const auto made = Template::parse(input.text, "fuzz.cfg", options);
  REQUIRE(made.has_value() || !document);
  if (!made) return check_problems(made.error(), input);
  if (document) {
    Octets whole;
    const bool mta = document->kind == FileKind::mta;
    const bool sealed = mta || seal(*document, seal_of_fuzz(), whole).has_value();
    if (mta) whole = encode(*document).value();
    const auto same = compiled(*made, {}, input);
    REQUIRE(same.has_value() == sealed);
    REQUIRE(!same || *same == whole);
  }
  const auto other = compiled(*made, [&](std::string_view) { return std::optional<std::string_view>(input.value); }, input);
  if (other && made->kind() == FileKind::modem) REQUIRE(verify(*other, seal_of_fuzz().secret).cm_mic == Verdict::State::right);
}

}  // namespace
}  // namespace coaxd::docsis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  using namespace coaxd::docsis;
  std::string_view rest = as_text({data, size});
  Input input;
  input.text = take_part(rest);
  input.file = take_part(rest);
  input.value = rest;
  const auto read = [&](std::string_view path) -> std::expected<std::string, std::string> {
    if (path == "missing") return std::unexpected("No such file or directory");
    return input.file;
  };
  (void)parse_text(input, {.dialect = Dialect::utility, .read_file = read});
  const ParseOptions native{.dialect = Dialect::native, .read_file = read};
  check_template(input, native, parse_text(input, native));
  return 0;
}
