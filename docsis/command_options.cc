// command_options.h. The utility's words come in its order: modifiers, then the action, then its files. Ours begin with two dashes and may stand anywhere.
#include "docsis/command_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "docsis/check.h"

namespace coaxd::docsis {
namespace {

using Words = std::span<const std::string_view>;
using Outcome = std::expected<CommandOptions, std::string>;

struct Flag {
  std::string_view word;
  bool CommandOptions::* member;
};
constexpr Flag kModifiers[] = {
    {"-o", &CommandOptions::numeric_oids},
    {"-dialplan", &CommandOptions::dial_plan},
    {"-nohash", &CommandOptions::hide_hash},
    {"-m", &CommandOptions::many},
};
constexpr Flag kLongFlags[] = {
    {"--compat", &CommandOptions::compat},
    {"--quiet", &CommandOptions::quiet},
    {"--json", &CommandOptions::json},
    {"--native", &CommandOptions::native_text},
};
struct Hash {
  std::string_view word;
  MtaHash hash;
};
constexpr Hash kHashes[] = {{"-na", MtaHash::north_american}, {"-eu", MtaHash::euro}, {"-ietf", MtaHash::ietf}};

std::unexpected<std::string> wrong(std::string message) { return std::unexpected(std::move(message)); }

// Takes the words that begin with two dashes; what is left keeps its order.
class LongOptions {
 public:
  explicit LongOptions(CommandOptions& options) : options_(options) {}

  std::expected<std::vector<std::string_view>, std::string> take(Words words) {
    std::vector<std::string_view> left;
    for (std::size_t at = 0; at < words.size(); ++at) {
      const std::string_view word = words[at];
      if (!word.starts_with("--") || word.size() == 2) {
        left.push_back(word);
        continue;
      }
      if (const auto flag = std::ranges::find(kLongFlags, word, &Flag::word); flag != std::end(kLongFlags)) {
        options_.*flag->member = true;
      } else if (word == "--ipv6") {
        options_.address = DynamicAddress::ip6;
      } else if (word == "--help" || word == "--version") {
        options_.action = word == "--help" ? Action::help : Action::version;
        only_words = true;
      } else if (const auto problem = with_value(words, at)) {
        return wrong(*problem);
      }
    }
    return left;
  }
  bool only_words = false;  // --help, --version: whatever else is asked for

 private:
  // --release 3.0 and --release=3.0; --set a=1 and --set=a=1.
  std::optional<std::string> with_value(Words words, std::size_t& at) {
    const std::size_t equals = words[at].find('=');
    const std::string_view name = words[at].substr(0, equals);
    if (name != "--release" && name != "--key" && name != "--set") return fmt::format("there is no option {}", name);
    if (equals == std::string_view::npos && at + 1 == words.size()) return fmt::format("{} needs a value", name);
    const std::string_view value = equals == std::string_view::npos ? words[++at] : words[at].substr(equals + 1);
    if (name == "--key") {
      options_.keys.push_back(value);
    } else if (name == "--set") {
      const std::size_t end = value.find('=');
      if (end == 0 || end == value.npos) return fmt::format("--set needs NAME=VALUE, not {}", value);
      options_.variables.push_back({value.substr(0, end), value.substr(end + 1)});
    } else {
      options_.release = release_of(value);
      if (!options_.release) return fmt::format("there is no DOCSIS {}; write 1.0, 1.1, 2.0, 3.0, 3.1 or 4.0", value);
    }
    return std::nullopt;
  }

  CommandOptions& options_;
};

Outcome decode_action(CommandOptions options, Words words) {
  if (words.empty()) return wrong("-d needs the file to decode");
  options.action = Action::decode;
  options.files.assign(1, words.front());  // as in the utility, what follows counts for nothing
  return options;
}

Outcome encode_action(CommandOptions options, Words words) {
  options.action = Action::encode;
  const std::size_t behind = options.mta ? 1 : 2;  // OUT, or KEYFILE OUT
  if (words.size() < behind + 1)
    return wrong(fmt::format("{}{} needs {}{}", options.many ? "-m" : "", options.mta ? (options.many ? " -p" : "-p") : (options.many ? "" : "-e"),
                             options.mta ? "a text, and " : "a text, a key file, and ",
                             options.many ? "the extension of the files to write" : "the file to write"));
  const std::size_t texts = options.many ? words.size() - behind : 1;
  options.files.assign(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(texts));
  if (!options.mta) options.keys.assign(1, words[texts]);
  options.output = words[texts + behind - 1];
  return options;
}

Outcome own_action(CommandOptions options, Action action, Words words) {
  options.action = action;
  if (action == Action::verify) {
    if (words.size() < (options.keys.empty() ? 2u : 1u)) return wrong("verify needs a key file, and the files to verify");
    if (words.size() > 1) {
      options.keys.insert(options.keys.begin(), words.front());
      words = words.subspan(1);
    }
  } else if (action == Action::diff && words.size() != 2) {
    return wrong("diff needs two files");
  } else if (words.empty()) {
    return wrong("check needs the files to check");
  }
  options.files.assign(words.begin(), words.end());
  return options;
}

struct Own {
  std::string_view word;
  Action action;
};
constexpr Own kOwn[] = {{"check", Action::check}, {"diff", Action::diff}, {"verify", Action::verify}, {"tlvs", Action::tlvs}, {"help", Action::help}};

Outcome with_action(CommandOptions options, Words words) {
  while (!words.empty()) {
    const std::string_view word = words.front();
    const Words behind = words.subspan(1);
    if (const auto own = std::ranges::find(kOwn, word, &Own::word); own != std::end(kOwn) && !options.many) {
      if (own->action == Action::help || own->action == Action::tlvs) {
        options.action = own->action;
        return options;
      }
      return own_action(std::move(options), own->action, behind);
    }
    if (word == "-d") return decode_action(std::move(options), behind);
    if (word == "-e" && !options.many) return encode_action(std::move(options), behind);
    if (word == "-p") {
      options.mta = true;
      const bool dial_plan = !behind.empty() && behind.front() == "-dialplan";  // there too, says the utility
      options.dial_plan |= dial_plan;
      return encode_action(std::move(options), dial_plan ? behind.subspan(1) : behind);
    }
    if (const auto flag = std::ranges::find(kModifiers, word, &Flag::word); flag != std::end(kModifiers)) {
      options.*flag->member = true;
    } else if (const auto hash = std::ranges::find(kHashes, word, &Hash::word); hash != std::end(kHashes)) {
      if (options.hash != MtaHash::none && options.hash != hash->hash) return wrong("an MTA file has one hash: -na, -eu or -ietf");
      options.hash = hash->hash;
    } else if (word == "-M") {
      if (behind.empty()) return wrong("-M needs the directories of the MIB files");
      options.mib_directories = behind.front();
      words = behind;
    } else if (options.many) {
      return encode_action(std::move(options), words);
    } else {
      return wrong(fmt::format("{} is neither an action (-e, -m, -p, -d, check, diff, verify, tlvs) nor an option", word));
    }
    words = words.subspan(1);
  }
  return wrong("no action: -e, -m, -p, -d, check, diff, verify or tlvs");
}

// What would count for nothing is a slip of the pen.
std::optional<std::string> out_of_place(const CommandOptions& options, std::size_t keys_given) {
  using enum Action;
  const bool encodes = options.action == encode, inspects = options.action == check || options.action == diff;
  if (options.json && !inspects && options.action != decode && options.action != verify) return "--json is for -d, check, diff and verify";
  if (options.release && options.action != check) return "--release is for check";
  if (keys_given != 0 && options.action != verify) return "--key is for verify";
  if (!options.variables.empty() && !inspects && !(encodes && options.native_text))
    return encodes ? "--set needs --native: without it ${...} is text, as it is for the utility" : "--set is for check, diff, and --native with -e, -p and -m";
  return std::nullopt;
}

}  // namespace

std::expected<CommandOptions, std::string> parse_words(std::span<const std::string_view> all) {
  CommandOptions options;
  LongOptions longs(options);
  const auto left = longs.take(all);
  if (!left) return wrong(left.error());
  if (longs.only_words) return options;
  if (options.compat && options.native_text) return wrong("--compat and --native are opposites: one of them");
  const std::size_t keys_given = options.keys.size();
  Outcome outcome = with_action(std::move(options), *left);
  if (outcome)
    if (const auto problem = out_of_place(*outcome, keys_given)) return wrong(*problem);
  return outcome;
}

std::string_view usage() noexcept {
  return
      R"(Files that cable modems and MTAs boot with: from readable text, back to it, and looked at.

docsis [OPTION...] -e TEXT KEYFILE OUT        encode a modem's file
docsis [OPTION...] -p TEXT OUT                encode an MTA's file
docsis [OPTION...] -m TEXT... KEYFILE EXT     encode many modems' files: with EXT .cm, gold.cfg becomes gold.cm
docsis [OPTION...] -m -p TEXT... EXT          encode many MTAs' files
docsis [OPTION...] -d FILE                    decode a file: its text
docsis check [--release 3.0] FILE...          what a modem or CMTS would refuse, of texts and of encoded files
docsis diff FILE FILE                         what differs, TLV by TLV, of texts and of encoded files
docsis verify KEYFILE FILE...                 whether the MICs of files are right, and with which secret
docsis tlvs                                   every TLV: keyword, value, range, since when, clause

TEXT     Main { NetworkAccess 1; MaxCPE 3; ClassOfService { ClassID 1; MaxRateDown 10000000; } }     (docsis(1), TEXTS)
KEYFILE  a file that holds the shared secret of the CMTS, and nothing else
"-" in the place of a file is standard input, as OUT standard output.

These stand before -e, -m, -p and -d, and mean what they mean to the docsis utility:
  -o               SNMP objects by their numbers
  -M DIR[:DIR...]  read the MIB files there
  -na -eu -ietf    put a hash into an MTA file: CableLabs' (North America), Excentis' (Europe), RFC 4682's
  -dialplan        put dialplan.txt of this directory into an MTA file
  -nohash          with -d, show the hash as a comment
These may stand anywhere:
  --compat         the octets, texts and limits of the docsis utility, where they are wrong too
  --quiet          write no listing of what was encoded
  --native         with -e, -p, -m: take ${variables}, include, and more that the utility refuses; with -d: text that can be encoded again whatever the file holds
  --set NAME=VALUE the value of ${NAME}; with check, diff, and --native
  --json           -d, check, diff and verify as JSON
  --ipv6           the CMTS MIC covers TLV 59 in place of 20
  --release R      check for a modem of DOCSIS 1.0, 1.1, 2.0, 3.0, 3.1 or 4.0
  --key KEYFILE    verify: one more secret to try
  --help --version

Examples:
  docsis -e gold.cfg secret.key gold.cm
  docsis --quiet -m *.cfg secret.key .cm
  docsis -na -p mta.cfg mta.bin
  docsis -d gold.cm > gold.cfg
  docsis check --release 3.0 *.cm
  docsis check --set cpe=3 gold.cfg
  docsis verify secret.key --key old-secret.key *.cm
)";
}

}  // namespace coaxd::docsis
