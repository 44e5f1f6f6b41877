// source.h: where a piece of configuration text stands, and how an error about it is shown: file:line:column, the line, a caret.
// Built by the parser, read by everybody who wants to say where something was written. Load time only, one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace coaxd::config {

struct SourcePos {
  std::uint32_t file = 0;    // index into Sources
  std::uint32_t line = 0;    // from 1; 0: not from a file
  std::uint32_t column = 0;  // from 1
};

struct SourceFile {
  std::string name;
  std::string text;
  std::vector<std::size_t> lines;  // where each begins: a big file can be warned about many thousand times
};

class Sources {
 public:
  std::uint32_t add(std::string name, std::string text);
  const SourceFile& file(std::uint32_t index) const { return files_[index]; }
  std::string_view line_text(SourcePos pos) const;
  std::string where(SourcePos pos) const;  // "dhcpd.conf:12:5", the form of every tool an editor can jump from

 private:
  std::deque<SourceFile> files_;  // a deque: the lexer's views into a text outlive the adding of others
};

enum class Severity : std::uint8_t { warning, error };

struct Diagnostic {
  Severity severity = Severity::error;
  SourcePos pos;
  std::string message;  // dhcpd's words where tools grep for them (dhcpd-compat §2)
  std::string_view meant = {};  // what was probably meant: not in dhcpd's line
  // "FILE line N: MESSAGE", which is dhcpd's to the letter; "FILE:LINE:COL: error", with what was meant; the line, tabs expanded; a caret.
  std::string render(const Sources& sources) const;
};

}  // namespace coaxd::config
