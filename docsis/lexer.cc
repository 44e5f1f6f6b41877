#include "docsis/lexer.h"

#include <fmt/format.h>

namespace coaxd::docsis {

std::string shown(char c) {
  if (c > ' ' && c < '\x7f') return fmt::format("'{}'", c);
  return fmt::format("0x{:02x}", static_cast<unsigned char>(c));
}

Token Lexer::bad(Cause cause, Position at, std::string message, std::string mend) {
  report_.error(cause, at, std::move(message), std::move(mend));
  return {.kind = TokenKind::bad, .at = at};
}

void Lexer::take_line() noexcept {
  ++offset_;
  ++line_;
  line_start_ = offset_;
}

// The opener is greedy in the utility: /**/ opens a comment, and what follows up to the next */ is lost without a word. Natively it is an empty one.
bool Lexer::skip_comment() {
  const Position at = place(offset_);
  offset_ += 2;
  if (!native_) {
    while (peek() == '*') ++offset_;
    if (peek() == '/') report_.warning(at, "the comment that /**/ opens does not end there in this dialect", "write /* */");
  }
  for (; offset_ < text_.size(); ++offset_) {
    while (offset_ < text_.size() && text_[offset_] == '\n') take_line();
    if (peek() == '*' && peek(1) == '/') {
      offset_ += 2;
      return true;
    }
    if (peek() == '/' && peek(1) == '*') report_.warning(place(offset_), "a comment begins inside a comment", "comments do not nest: the first */ ends both");
  }
  offset_ = text_.size();
  report_.error(Cause::grammar, at, "a comment is never closed", "end it with */");
  return false;
}

bool Lexer::skip_line_comment() noexcept {
  if (!native_ || (peek() != '#' && !(peek() == '/' && peek(1) == '/'))) return false;
  while (offset_ < text_.size() && text_[offset_] != '\n') ++offset_;
  return true;
}

// False: the rest is a comment that never ends, which is told.
bool Lexer::skip_blanks() {
  while (offset_ < text_.size()) {
    const char c = text_[offset_];
    if (c == '\n') take_line();
    else if (c == ' ' || c == '\t') ++offset_;
    else if (c == '\r' && peek(1) == '\n') ++offset_;
    else if (c == '/' && peek(1) == '*') {
      if (!skip_comment()) return false;
    } else if (!skip_line_comment()) {
      break;
    }
  }
  return true;
}

Token Lexer::next() {
  if (report_.ended() || !skip_blanks() || offset_ >= text_.size()) return {.kind = TokenKind::end, .at = place(offset_)};
  if (variables_)
    if (const std::size_t size = size_with_variables(); size > 0) return with_variables(size);
  const Position at = place(offset_);
  const auto symbol = [&](TokenKind kind) { return Token{.kind = kind, .at = at, .text = text_.substr(offset_++, 1)}; };
  switch (text_[offset_]) {
    case '{': return symbol(TokenKind::open);
    case '}': return symbol(TokenKind::close);
    case ';': return symbol(TokenKind::semicolon);
    case '"': return string();
    default: break;
  }
  const Shape shape = longest_shape(text_.substr(offset_), native_);
  if (shape.size == 0) return unknown_character();
  const Token token{.kind = shape.kind, .at = at, .text = text_.substr(offset_, shape.size)};
  offset_ += shape.size;
  return token;
}

Token Lexer::unknown_character() {
  const Position at = place(offset_);
  const char c = text_[offset_];
  // One message for what is beside it too: an address with a slip of the pen, a word in another script.
  constexpr std::string_view kEnds = " \t\r\n;{}\"";
  for (++offset_; offset_ < text_.size() && kEnds.find(text_[offset_]) == kEnds.npos;) ++offset_;
  const std::string_view mend = c == '\r'               ? "end lines with LF or CR LF"
                                : c == '#' || c == '/'  ? "comments are written /* like this */"
                                : c == '\''             ? "texts stand in \"double quotes\""
                                : c == ':'              ? "addresses are written 00:00:5e:00:53:01, 2001:db8::1"
                                : static_cast<signed char>(c) < 0 ? "only texts in quotes and comments hold it"
                                                            : "write a keyword, a blank, its value and ';'";
  return bad(Cause::value, at, fmt::format("{} may not stand here", shown(c)), std::string(mend));
}

// In the utility a backslash is only good before a quote; in the native dialect it always takes the next octet with it.
Token Lexer::string() {
  const Position at = place(offset_);
  const std::size_t start = ++offset_;
  Token token{.kind = TokenKind::string, .plain = true, .at = at};
  for (; offset_ < text_.size(); ++offset_) {
    const char c = text_[offset_];
    if (c == '"') {
      token.text = text_.substr(start, offset_ - start);
      ++offset_;
      if (!native_ && token.text.size() > kLongestString)
        return bad(Cause::value, at, fmt::format("a string of {} octets", token.text.size()), fmt::format("at most {} fit", kLongestString));
      return token;
    }
    if (c == '\n') break;
    if (c == '\t') {
      const Position tab = place(offset_);
      const std::size_t end = text_.find_first_of("\"\n", offset_);
      offset_ = end == text_.npos ? text_.size() : text_[end] == '"' ? end + 1 : end;
      return bad(Cause::value, tab, "a tab inside a string", native_ ? "write \\t, or end the string before it" : "end the string before it, or write a blank");
    }
    if (c == '\\') {
      token.plain = false;
      if ((native_ && peek(1) != '\n' && peek(1) != '\t') || peek(1) == '"') ++offset_;
    } else if (variables_ && c == '$' && peek(1) == '{') {
      token.variables = true;
    }
  }
  return bad(Cause::value, at, "a string does not end on its line", "close it with \"");
}

// A run without blanks that holds ${...}: its value is read when the variables are known. 0: here is none.
std::size_t Lexer::size_with_variables() noexcept {
  if (offset_ < no_variable_before_) return 0;
  bool found = false;
  std::size_t at = offset_;
  while (at < text_.size()) {
    const char c = text_[at];
    if (c == '$' && at + 1 < text_.size() && text_[at + 1] == '{') {
      const std::size_t end = text_.find_first_of("}\n", at);
      if (end == text_.npos || text_[end] == '\n') return at + 2 - offset_;
      at = end + 1;
      found = true;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' || c == '{' || c == '}' || c == '"') {
      break;
    } else {
      ++at;
    }
  }
  if (found) return at - offset_;
  no_variable_before_ = at;
  return 0;
}

Token Lexer::with_variables(std::size_t size) {
  const Position at = place(offset_);
  const Token token{.kind = TokenKind::variable, .variables = true, .at = at, .text = text_.substr(offset_, size)};
  offset_ += size;
  if (token.text.ends_with("${")) return bad(Cause::grammar, at, "a variable is never closed", "write ${name} or ${name:default}");
  return token;
}

}  // namespace coaxd::docsis
