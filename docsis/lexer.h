// lexer.h: configuration text as tokens, in either dialect. A token is a view into the text, with its place; nothing is allocated for it. What is no token is told
// once, to the report, and comes as TokenKind::bad. One thread, for one text, which outlives it. Source: reference docsis, section 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "docsis/problem.h"
#include "docsis/report.h"
#include "docsis/token_shapes.h"

namespace coaxd::docsis {

struct Token {
  TokenKind kind = TokenKind::end;
  bool variables = false;  // a string with ${...} in it
  bool plain = false;      // a string without anything to undo: no escapes
  Position at;
  std::string_view text{};  // of a string what stands between the quotes
  bool is(TokenKind other) const noexcept { return kind == other; }
  bool is_word(std::string_view word) const noexcept { return kind == TokenKind::word && text == word; }
  // Behind it, where something can be missing: a token ends on its line.
  Position end() const noexcept { return at.plus(text.size() + (kind == TokenKind::string ? 2 : 0)); }
};

class Lexer {
 public:
  // The utility's own limit, of its buffer for strings.
  static constexpr std::size_t kLongestString = 2048;

  // `number`: which of the report's texts it is.
  Lexer(std::string_view text, Report& report, std::uint32_t number = 0)
      : text_(text), number_(number), report_(report), native_(report.native()), variables_(report.variables() && text.find("${") != text.npos) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // some editors' way to say UTF-8
    if (native_ && text.starts_with(kByteOrderMark)) offset_ = line_start_ = kByteOrderMark.size();
  }

  Token next();

 private:
  Position place(std::size_t offset) const noexcept {
    return {.line = line_, .column = static_cast<std::uint32_t>(offset - line_start_ + 1), .text = number_};
  }
  char peek(std::size_t ahead = 0) const noexcept { return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0'; }
  void take_line() noexcept;
  bool skip_blanks();
  bool skip_comment();
  bool skip_line_comment() noexcept;
  Token string();
  Token with_variables(std::size_t size);
  std::size_t size_with_variables() noexcept;
  Token bad(Cause cause, Position at, std::string message, std::string mend = {});
  Token unknown_character();

  std::string_view text_;
  std::uint32_t number_;
  Report& report_;
  bool native_, variables_;
  std::size_t offset_ = 0, line_start_ = 0;
  std::size_t no_variable_before_ = 0;  // so that a long run is looked through once, not for each of its tokens
  std::uint32_t line_ = 1;
};

// An octet as a message shows it: 'x', or 0x1b.
std::string shown(char c);

}  // namespace coaxd::docsis
