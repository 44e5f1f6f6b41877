// command_inspect.h
#include "docsis/command_inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

#include "docsis/binary.h"
#include "docsis/check.h"
#include "docsis/command_files.h"
#include "docsis/command_report.h"
#include "docsis/command_variables.h"
#include "docsis/dial_plan.h"
#include "docsis/diff_text.h"
#include "docsis/file.h"
#include "docsis/json.h"
#include "docsis/text.h"

namespace coaxd::docsis {
namespace {

constexpr int kNothing = 0, kFound = 1, kTrouble = 2;
constexpr int kOther = static_cast<int>(Cause::value), kListing = static_cast<int>(Cause::listing);
constexpr std::string_view kExtractedPlan = "dialplan_output.txt";  // the utility's name for it, which its text gives

void put(std::string_view text, std::FILE* to) { std::fwrite(text.data(), 1, text.size(), to); }
std::string_view shown(std::string_view name) noexcept { return name == "-" ? "<stdin>" : name; }

PrintOptions print_options(const CommandOptions& options, const MibNames& mibs) {
  PrintOptions print;
  print.mibs = options.numeric_oids ? &no_mibs() : &mibs;
  print.numeric_oids = options.numeric_oids;
  print.hide_hash = options.hide_hash;
  print.dialect = options.native_text ? Dialect::native : Dialect::utility;
  return print;
}

// A configuration in either form.
struct Loaded {
  std::string contents;
  bool text = false;
  Document document;
  Problems problems;
  bool readable = false;  // else there is no document
};
Loaded load(std::string_view name, std::string contents, const CommandOptions& options, const MibNames& mibs, CommandVariables& variables) {
  Loaded loaded;
  loaded.contents = std::move(contents);
  loaded.text = is_text(loaded.contents);
  if (loaded.text) {
    auto parsed = parse(loaded.contents, shown(name),
                        {.dialect = options.compat ? Dialect::utility : Dialect::native,
                         .mibs = &mibs,
                         .read_file = files_beside(name),
                         .mta = options.mta,
                         .value_of = std::ref(variables),
                         .unknown_values = options.action == Action::check});
    loaded.readable = parsed.has_value();
    loaded.problems = parsed ? std::move(parsed->warnings) : std::move(parsed.error());
    if (parsed) {
      std::ranges::move(told(parsed->unknown, parsed->document.texts), std::back_inserter(loaded.problems));
      loaded.document = std::move(parsed->document);
    }
  } else {
    auto decoded = decode(as_bytes(loaded.contents), shown(name));
    loaded.readable = decoded.has_value();
    loaded.problems = decoded ? std::move(decoded->warnings) : std::move(decoded.error());
    if (decoded) loaded.document = std::move(decoded->document);
  }
  return loaded;
}

void add_findings(Loaded& loaded, Problems found) {
  merge(loaded.problems, std::move(found));
  std::ranges::sort(loaded.problems, {}, [](const Problem& problem) {
    return std::tuple{problem.at.text, problem.at.line, problem.at.column, problem.offset, std::string_view(problem.message)};
  });
}

bool is_mic(const Difference& difference) noexcept {
  const Node* node = difference.before != nullptr ? difference.before : difference.after;
  return (node->code == kCmMicCode || node->code == kCmtsMicCode) && difference.path.find('.') == std::string::npos;
}

}  // namespace

int run_decode(const CommandOptions& options, const MibNames& mibs, const Console& console) {
  const std::string_view name = options.files.front();
  const auto contents = read_file(name, console);
  if (!contents) {
    complain(console, fmt::format("{}: {}", name, contents.error()));
    return kOther;
  }
  const auto decoded = decode(as_bytes(*contents), shown(name));
  if (!decoded) {
    show(decoded.error(), shown(name), {}, console.err);
    if (is_text(*contents)) complain(console, fmt::format("{} is a text already; -e encodes it", name));
    return kOther;
  }
  show(decoded->warnings, shown(name), {}, console.err);
  const Document& document = decoded->document;
  const PrintOptions print_as = print_options(options, mibs);
  put(options.json ? print_json(document, print_as) : print(document, print_as), console.out);

  if (const auto plan = options.json || options.native_text ? std::nullopt : dial_plan_of(document))
    if (const auto problem = write_file(kExtractedPlan, as_bytes(*plan), console)) complain(console, fmt::format("{}: {}", kExtractedPlan, *problem));

  // The utility ends at these. Ours has shown their octets.
  Problems unlisted = check(document, shown(name), {.release = {}, .mibs = nullptr});
  std::erase_if(unlisted, [](const Problem& problem) { return problem.cause != Cause::listing; });
  if (unlisted.empty()) return 0;
  if (!options.compat)
    for (Problem& problem : unlisted) problem.severity = Severity::warning;
  show(unlisted, shown(name), {}, console.err);
  return options.compat ? kListing : 0;
}

int run_check(const CommandOptions& options, const MibNames& mibs, const Console& console) {
  int status = kNothing;
  bool first = true;
  std::string json = "[";
  CommandVariables variables(options);
  for (const std::string_view name : options.files) {
    auto contents = read_file(name, console);
    if (!contents) {
      complain(console, fmt::format("{}: {}", name, contents.error()));
      status = kTrouble;
      continue;
    }
    Loaded loaded = load(name, std::move(*contents), options, mibs, variables);
    if (loaded.readable) add_findings(loaded, check(loaded.document, shown(name), {.release = options.release, .mibs = &mibs}));
    if (options.json)
      append_json(loaded.problems, first, json);
    else
      show(loaded.problems, shown(name), loaded.contents, console.out);
    if (has_error(loaded.problems)) status = std::max(status, kFound);
  }
  if (options.json) put(json + (first ? "]\n" : "\n]\n"), console.out);
  variables.complain_of_unused(console);
  return status;
}

int run_diff(const CommandOptions& options, const MibNames& mibs, const Console& console) {
  CommandVariables variables(options);
  std::array<Loaded, 2> sides;
  for (std::size_t side = 0; side < sides.size(); ++side) {
    const std::string_view name = options.files[side];
    auto contents = read_file(name, console);
    if (!contents) {
      complain(console, fmt::format("{}: {}", name, contents.error()));
      return kTrouble;
    }
    sides[side] = load(name, std::move(*contents), options, mibs, variables);
    if (!sides[side].readable) {
      show(sides[side].problems, shown(name), sides[side].contents, console.err);
      return kTrouble;
    }
  }
  variables.complain_of_unused(console);
  // A text as its file: cut where a value is too long for one TLV, and what a reader of the octets takes it for.
  for (std::size_t side = 0; side < sides.size(); ++side) {
    if (!sides[side].text) continue;
    const auto octets = encode(sides[side].document);
    if (!octets) {
      show(octets.error(), shown(options.files[side]), sides[side].contents, console.err);
      return kTrouble;
    }
    if (auto read = decode(*octets, shown(options.files[side]))) sides[side].document = std::move(read->document);
  }
  auto differences = diff(sides[0].document, sides[1].document);
  // MICs follow from the rest; a text has none.
  const bool only_mics = std::ranges::all_of(differences, is_mic);
  if (!only_mics || sides[0].text != sides[1].text) std::erase_if(differences, is_mic);

  const FileKind kind = sides[0].document.kind;
  PrintOptions print_as = print_options(options, mibs);
  print_as.dialect = Dialect::native;
  if (options.json)
    put(diff_json(differences, kind, print_as), console.out);
  else if (!differences.empty())
    put(fmt::format("--- {}\n+++ {}\n{}", shown(options.files[0]), shown(options.files[1]), diff_text(differences, kind, print_as)), console.out);
  if (!options.json && only_mics && !differences.empty()) put("The MICs alone differ: another secret, or wrong ones (docsis verify).\n", console.out);
  return differences.empty() ? kNothing : kFound;
}

namespace {

struct Judged {
  Verdict verdict;
  std::size_t key = 0;  // that matches; of none the first
  bool matches = false;
  bool ipv6 = false;
};

bool is_right(const Verdict& verdict, bool mta) noexcept {
  using enum Verdict::State;
  if (mta) return verdict.mta_hash == right;
  return verdict.cm_mic == right && verdict.cmts_mic == right && verdict.extended_cmts_mic != wrong;
}

Judged judge(Bytes file, std::span<const SharedSecret> secrets) {
  Judged judged;
  for (const bool ipv6 : {false, true}) {
    for (std::size_t key = 0; key < secrets.size(); ++key) {
      const Verdict verdict = verify(file, secrets[key], ipv6 ? DynamicAddress::ip6 : DynamicAddress::ip4);
      const bool matches = is_right(verdict, is_mta(file));
      if (!matches && (key != 0 || ipv6)) continue;
      judged = {.verdict = verdict, .key = key, .matches = matches, .ipv6 = ipv6};
      if (matches) return judged;
    }
  }
  return judged;
}

struct Named {
  std::string_view json, words;
  Verdict::State Verdict::* state;
};
constexpr Named kStates[] = {
    {"cm_mic", "CM MIC", &Verdict::cm_mic},
    {"cmts_mic", "CMTS MIC", &Verdict::cmts_mic},
    {"extended_cmts_mic", "extended CMTS MIC", &Verdict::extended_cmts_mic},
    {"mta_hash", "MTA hash", &Verdict::mta_hash},
};
constexpr std::string_view kStateWords[] = {"absent", "right", "wrong", "unknown"};

std::string_view word(Verdict::State state) noexcept { return kStateWords[static_cast<std::size_t>(state)]; }

std::string verdict_line(std::string_view name, const Judged& judged, bool mta, std::span<const std::string_view> keys) {
  std::string line = fmt::format("{}: ", name);
  bool first = true;
  for (const Named& named : kStates) {
    const Verdict::State state = judged.verdict.*named.state;
    const bool of_mta = named.state == &Verdict::mta_hash;
    const bool expected = mta ? of_mta : !of_mta && named.state != &Verdict::extended_cmts_mic;
    if (state == Verdict::State::absent && !expected) continue;
    fmt::format_to(std::back_inserter(line), "{}{} {}", first ? "" : ", ", named.words, word(state));
    first = false;
  }
  if (!mta) line += judged.matches ? fmt::format(" with {}", keys[judged.key]) : keys.size() == 1 ? fmt::format(" with {}", keys[0]) : " with every key";
  if (judged.ipv6) line += ", which covers TLV 59 in place of 20";
  return line + "\n";
}

std::string verdict_json(std::string_view name, const Judged& judged, std::span<const std::string_view> keys) {
  std::string json = R"({"file": )";
  append_json(name, json);
  for (const Named& named : kStates) fmt::format_to(std::back_inserter(json), R"(, "{}": "{}")", named.json, word(judged.verdict.*named.state));
  json += R"(, "key": )";
  if (judged.matches)
    append_json(keys[judged.key], json);
  else
    json += "null";
  return json + "}";
}

}  // namespace

int run_verify(const CommandOptions& options, const Console& console) {
  std::vector<SharedSecret> secrets;
  for (const std::string_view name : options.keys) {
    const auto key = read_file(name, console);
    if (!key) {
      complain(console, fmt::format("key file {}: {}", name, key.error()));
      return kTrouble;
    }
    secrets.push_back(SharedSecret::from_file(as_bytes(*key)));
  }
  int status = kNothing;
  std::string json;
  for (const std::string_view name : options.files) {
    const auto contents = read_file(name, console);
    if (!contents) {
      complain(console, fmt::format("{}: {}", name, contents.error()));
      status = kTrouble;
      continue;
    }
    if (is_text(*contents)) {
      complain(console, fmt::format("{} is a text, which has no MICs; -e encodes it", name));
      status = kTrouble;
      continue;
    }
    const Bytes file = as_bytes(*contents);
    const Judged judged = judge(file, secrets);
    if (!judged.matches) status = std::max(status, kFound);
    if (options.json)
      json += (json.empty() ? "[\n  " : ",\n  ") + verdict_json(shown(name), judged, options.keys);
    else
      put(verdict_line(shown(name), judged, is_mta(file), options.keys), console.out);
  }
  if (options.json) put(json.empty() ? "[]\n" : json + "\n]\n", console.out);
  return status;
}

}  // namespace coaxd::docsis
