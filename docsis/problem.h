// problem.h: what is wrong with a configuration text, a binary or a value, where, and how to mend it. Nothing in docsis/ prints, exits or
// throws: a function that can fail returns problems, and whoever called it shows them (server/base/excerpt.h draws the caret).
// Values only, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coaxd::docsis {

struct Position {
  std::uint32_t line = 0;    // from 1; 0: not from a text
  std::uint32_t column = 0;  // from 1, in octets
  std::uint32_t text = 0;    // which of Texts
  Position plus(std::size_t octets) const noexcept { return {.line = line, .column = static_cast<std::uint32_t>(column + octets), .text = text}; }
  bool operator==(const Position&) const noexcept = default;
};

// What one configuration is written in: its own text, and those that it includes.
struct Text {
  std::string name = {};      // as the caller named it, or the statement that includes it
  Position included_at = {};  // of that statement; line 0: nobody includes it
};
using Texts = std::vector<Text>;

enum class Severity : std::uint8_t { warning, error };

// What kind of thing went wrong. The values are the exit statuses by which users of the `docsis` utility tell errors apart.
enum class Cause : std::uint8_t {
  none = 0,             // a warning
  grammar = 2,          // a token that may not stand there; an input that cannot be read
  listing = 211,        // a known TLV with a length that it cannot have
  range = 241,          // an integer out of range
  list_item = 245,      // an item of a list above 65535
  missing_file = 251,   // a file that the text names
  value = 255,          // everything else: unknown keyword or character, bad address, string length, unknown name
};

struct Problem {
  Severity severity = Severity::error;
  Cause cause = Cause::value;
  std::string file = {};   // as the caller named it, or the file that it includes
  Position at = {};        // in a text
  std::size_t offset = 0;  // in a binary, when at.line is 0
  std::string message = {};  // "MaxCPE is 0 to 255": what is so, in the TLV's own words
  std::string mend = {};   // what to write instead, where that is known
  std::vector<std::string> included_from = {};  // "gold.cfg:3:11": the statement that includes `file`; then the one that includes that text, up to the first
};

// In the order in which they were found: all of a text, not the first one.
using Problems = std::vector<Problem>;

inline bool has_error(const Problems& problems) noexcept {
  for (const Problem& problem : problems)
    if (problem.severity == Severity::error) return true;
  return false;
}

// Names the file of problem.at, and who includes it. Without texts, as of a binary, nothing.
void locate(Problem& problem, const Texts& texts);
void locate(Problems& problems, const Texts& texts);

// "gold.cfg:12:5: error: MESSAGE; MEND", then the line of `text` and a caret, then who includes it. A binary: "gold.cm: offset 0x4c: error: ...".
std::string render(const Problem& problem, std::string_view text);

}  // namespace coaxd::docsis
