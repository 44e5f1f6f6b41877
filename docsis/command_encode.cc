// command_encode.h
#include "docsis/command_encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "docsis/binary.h"
#include "docsis/command_files.h"
#include "docsis/command_listing.h"
#include "docsis/command_report.h"
#include "docsis/command_variables.h"
#include "docsis/dial_plan.h"
#include "docsis/text.h"

namespace coaxd::docsis {
namespace {

constexpr std::string_view kDialPlan = "dialplan.txt";
constexpr std::string_view kStdout = "-";
constexpr int kFile = static_cast<int>(Cause::grammar);          // an input or output that cannot be opened
constexpr int kKeyFile = static_cast<int>(Cause::missing_file);
constexpr int kOther = static_cast<int>(Cause::value);

class Encoder {
 public:
  Encoder(const CommandOptions& options, const MibNames& mibs, const Console& console) : options_(options), mibs_(mibs), console_(console), variables_(options) {}

  int prepare() {
    seal_.address = options_.address;
    seal_.utility_walk = options_.compat;
    if (!options_.keys.empty()) {
      const auto key = read_file(options_.keys.front(), console_);
      if (!key) return fail(kKeyFile, fmt::format("key file {}: {}", options_.keys.front(), key.error()));
      seal_.secret = SharedSecret::from_file(as_bytes(*key));
      // Neither is wrong, and both are what a file of another kind in its place looks like.
      const std::size_t octets = key->find_last_not_of("\r\n") + 1;
      if (octets > seal_.secret.octets.size()) complain(console_, fmt::format("key file {}: of its {} octets the first 64 count", options_.keys.front(), octets));
      if (octets == 0) complain(console_, fmt::format("key file {} is empty: the CMTS MIC has no secret", options_.keys.front()));
    }
    if (options_.dial_plan) {
      auto plan = read_file(kDialPlan, console_);
      if (!plan || plan->empty()) return fail(kOther, fmt::format("{}: {}", kDialPlan, plan ? "is empty" : plan.error()));
      dial_plan_ = std::move(*plan);
    }
    return 0;
  }

  int file(std::string_view name, std::string_view output) {
    if (is_same_file(name, output)) return fail(kFile, fmt::format("{} would be written over", name));
    if (!options_.keys.empty() && is_same_file(options_.keys.front(), output))
      return fail(kFile, fmt::format("the key file {} would be written over; the words are TEXT KEYFILE OUT", options_.keys.front()));
    const auto text = read_file(name, console_);
    if (!text) return fail(kFile, fmt::format("{}: {}", name, text.error()));
    const std::string_view shown = name == "-" ? "<stdin>" : name;
    auto parsed = parse(*text, shown,
                        {.dialect = options_.compat ? Dialect::utility : Dialect::native,
                         .mibs = &mibs_,
                         .read_file = files_beside(name),
                         .mta = options_.mta,
                         .variables = options_.native_text,
                         .value_of = std::ref(variables_)});
    if (!parsed) {
      show(parsed.error(), shown, *text, console_.err);
      return status_of(parsed.error());
    }
    show(parsed->warnings, shown, *text, console_.err);
    if (!options_.compat && !options_.native_text)
      if (const int status = refuse_extras(*text, shown, name); status != 0) return status;
    if (const int status = seal(parsed->document, shown, *text); status != 0) return status;
    const auto problem = write_file(output, octets_, console_);
    if (problem) return fail(kFile, fmt::format("{}: {}", output, *problem));
    if (!options_.quiet && output != kStdout) list(parsed->document.kind);  // behind it: a reader who goes away must not cost the file
    return 0;
  }
  void finish() const { variables_.complain_of_unused(console_); }

 private:
  int fail(int status, std::string_view message) {
    complain(console_, message);
    return status;
  }
  int tell(const Problems& problems, std::string_view name, std::string_view text) {
    show(problems, name, text, console_.err);
    return status_of(problems);
  }

  // What is good only in our grammar (text.h): scripts rely on what the utility refuses, and so does who goes back to it. Where the utility itself stumbles over a
  // good text (a file in its limits, a length in its listing) it is not asked.
  int refuse_extras(std::string_view text, std::string_view shown, std::string_view name) {
    auto plain = parse(text, shown, {.dialect = Dialect::utility, .mibs = &mibs_, .read_file = files_beside(name), .mta = options_.mta});
    if (plain || plain.error().front().cause == Cause::missing_file || plain.error().front().cause == Cause::listing) return 0;
    for (Problem& problem : plain.error())
      if (problem.severity == Severity::error) problem.mend = "the utility refuses it; --native takes it";
    return tell(plain.error(), shown, text);
  }

  int seal(Document& document, std::string_view name, std::string_view text) {
    octets_.clear();
    const bool delimited = !document.nodes.empty() && document.nodes.front().code == 254;
    if ((options_.hash != MtaHash::none || options_.dial_plan) && !delimited)
      return fail(kOther, fmt::format("{}: a hash or a dial plan is for MTA files, which begin with MtaConfigDelimiter 1", name));
    if (document.kind == FileKind::modem) {
      const auto sealed = coaxd::docsis::seal(document, seal_, octets_);
      return sealed ? 0 : tell(sealed.error(), name, text);
    }
    if (!delimited && !options_.compat)
      complain(console_, fmt::format("{} does not begin with MtaConfigDelimiter 1, and no MTA takes it; a modem's file is written with -e", name));
    if (!options_.mta) complain(console_, fmt::format("{} begins with MtaConfigDelimiter, so it is written as an MTA file, without MICs", name));
    if (options_.dial_plan && !add_dial_plan(document, dial_plan_))
      return fail(kOther, fmt::format("{}: {} goes before the closing MtaConfigDelimiter 255, which is missing, and has up to {} octets", name, kDialPlan,
                                      kMostDialPlan));
    auto sealed = seal_mta(document, options_.hash);
    if (!sealed) return tell(sealed.error(), name, text);
    octets_ = std::move(*sealed);
    return 0;
  }

  void list(FileKind kind) {
    std::string text;
    if (kind == FileKind::mta && options_.dial_plan) text += "Adding PC20 dialplan from external file.\n";
    if (kind == FileKind::mta && options_.hash != MtaHash::none)
      text += options_.hash == MtaHash::euro   ? "Adding EU ConfigHash to MTA file.\n"
              : options_.hash == MtaHash::ietf ? "Adding IETF ConfigHash to MTA file.\n"
                                               : "Adding NA ConfigHash to MTA file.\n";
    Listing how;
    how.print = {.mibs = options_.numeric_oids ? &no_mibs() : &mibs_, .numeric_oids = options_.numeric_oids, .hide_hash = options_.hide_hash};
    how.utility_walk = options_.compat;
    how.address = options_.address;
    text += listing(octets_, how);
    std::fwrite(text.data(), 1, text.size(), console_.out);
  }

  const CommandOptions& options_;
  const MibNames& mibs_;
  const Console& console_;
  CommandVariables variables_;
  Seal seal_;
  std::string dial_plan_;
  Octets octets_;  // of one file after the other
};

// The utility skips what has no extension, or one shorter than the new one, and ends with the first text that is wrong. Ours goes on.
int many(Encoder& encoder, const CommandOptions& options, const Console& console) {
  int status = 0;
  std::size_t failed = 0;
  if (!options.compat && !options.output.contains('.'))
    complain(console, fmt::format("{0} has no dot: a.cfg becomes a{0}; for a.{0} write .{0}", options.output));
  std::map<std::string, std::string_view> written;  // by which text
  for (const std::string_view name : options.files) {
    if (options.compat && extension_of(name).size() < options.output.size()) {
      complain(console, fmt::format("{} is left out: its extension is shorter than {}", name, options.output));
      continue;
    }
    const std::string output = with_extension(name, options.output);
    const auto [other, is_new] = written.emplace(output, name);
    if (!is_new && other->second != name && !options.compat) {
      complain(console, fmt::format("{}: {} is written from {} already; give the texts names that differ before the extension", name, output, other->second));
      if (status == 0) status = kFile;
      ++failed;
      continue;
    }
    if (!options.quiet) complain(console, fmt::format("{} -> {}", name, output));
    const int own = encoder.file(name, output);
    if (status == 0) status = own;
    failed += own != 0;
    if (own != 0 && options.compat) break;
  }
  if (failed != 0 && !options.compat) complain(console, fmt::format("{} of {} texts made no file", failed, options.files.size()));
  return status;
}

}  // namespace

int run_encode(const CommandOptions& options, const MibNames& mibs, const Console& console) {
  Encoder encoder(options, mibs, console);
  if (const int status = encoder.prepare(); status != 0) return status;
  const int status = options.many ? many(encoder, options, console) : encoder.file(options.files.front(), options.output);
  encoder.finish();
  return status;
}

}  // namespace coaxd::docsis
