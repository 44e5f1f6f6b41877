// text.h: configuration text <-> Document.
//
// The grammar is the `docsis` utility's. In the native dialect more is allowed: comments from # or // to the end of the line; \\ \" \t \n \$ \xNN in strings;
// `include "path";` for statements of another file; ${name} and ${name:default} (template.h); names in SnmpWriteControl and ObjectID, and MODULE::name; labels as
// values of Integer, `BitString label,label`, Counter64, TimeTicks as days:hours:minutes:seconds.hundredths; lists of one item; every legal IPv6 address. A keyword
// out of its place and a value that SYNTAX forbids are told; and all problems of a text are, not the first one.
// The utility's dialect takes what it takes and writes its bytes, wrong ones too (reference: docsis, sections 2 to 5); what crashes it is an error.
//
// parse() touches no file: what a text names is read by the caller's function. Any thread.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "docsis/mib_names.h"
#include "docsis/tree.h"

namespace coaxd::docsis {

enum class Dialect : std::uint8_t { native, utility };

// The contents of the file at `path`, relative to the text's own folder; or why not ("No such file or directory").
using ReadFile = std::function<std::expected<std::string, std::string>(std::string_view path)>;

struct ParseOptions {
  Dialect dialect = Dialect::native;
  const MibNames* mibs = &built_in_mibs();
  ReadFile read_file;       // unset: every file is missing
  bool mta = false;         // an MTA file even if it does not begin with MtaConfigDelimiter
  bool variables = true;    // ${name} of the native dialect; else it is text, as for the utility
  // parse(): the value of a variable; nothing: its default.
  std::function<std::optional<std::string_view>(std::string_view name)> value_of = {};
  bool unknown_values = false;  // parse(): a value with a variable that has neither is an unknown node, and no error
};

struct Unknown {
  std::string variable;
  Position at;
};
struct Parsed {
  Document document;
  Problems warnings;
  std::vector<Unknown> unknown;  // where options.unknown_values lets it pass
};
std::expected<Parsed, Problems> parse(std::string_view text, std::string_view name, const ParseOptions& options);

struct PrintOptions {
  const MibNames* mibs = &built_in_mibs();
  bool numeric_oids = false;  // -o: ".1.3.6...", no comments with enum labels
  bool hide_hash = false;     // -nohash: the MTA hash in a comment, so that the text can be encoded again
  // utility: its text to the letter. native: keywords for all that the table knows, and another form where the utility's could not be read again (strings with
  // quotes or backslashes, empty blocks, names that lose octets, digit maps).
  Dialect dialect = Dialect::utility;
};
// What `docsis -d` prints, to the letter; but a TLV at whose length the utility ends is a GenericTLV. Any Document that decode() or parse() made.
std::string print(const Document& document, const PrintOptions& options);

// The same tree as JSON: [{"code": 3, "name": "NetworkAccess", "value": 1}, {"code": 24, "name": ..., "tlvs": [...]}]; value as a number, string, or list by
// its kind, unknown ones as "hex". One document, a newline at the end.
std::string print_json(const Document& document, const PrintOptions& options);

}  // namespace coaxd::docsis
