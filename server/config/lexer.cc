#include "server/config/lexer.h"

#include <array>

#include <fmt/format.h>

namespace coaxd::config {
namespace {

enum Class : std::uint8_t { kBlank = 1, kDigit = 2, kHex = 4, kLetter = 8, kWord = 16 };

// ASCII only: an octet >= 0x80 is a symbol of its own, and so always an error.
constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (const char c : std::string_view(" \t\n\v\f\r"))
    classes[static_cast<unsigned char>(c)] = kBlank;
  for (int c = '0'; c <= '9'; ++c) classes[static_cast<std::size_t>(c)] = kDigit | kHex | kWord;
  for (int c = 'a'; c <= 'z'; ++c) {
    const auto bits = static_cast<std::uint8_t>(kLetter | kWord | (c <= 'f' ? kHex : 0));
    classes[static_cast<std::size_t>(c)] = bits;
    classes[static_cast<std::size_t>(c - 32)] = bits;
  }
  classes['-'] = classes['_'] = kWord;
  return classes;
}
constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

constexpr bool is(char c, std::uint8_t classes) {
  return (kClasses[static_cast<unsigned char>(c)] & classes) != 0;
}

constexpr int hex_value(char c) {
  if (!is(c, kHex)) return -1;
  return is(c, kDigit) ? c - '0' : (c | 0x20) - 'a' + 10;
}

}  // namespace

void Lexer::back_to(Mark mark) noexcept {
  offset_ = mark.offset;
  line_start_ = mark.line_start;
  line_ = mark.line;
}

void Lexer::new_line() noexcept {
  ++line_;
  line_start_ = offset_;
}

void Lexer::error(const Token& token, std::string message) {
  diagnostics_.push_back({Severity::error, token.pos, std::move(message)});
}

void Lexer::skip_blanks_and_comments() {
  while (offset_ < text_.size()) {
    const char c = text_[offset_];
    if (is(c, kBlank)) {
      ++offset_;
      if (c == '\n') new_line();
    } else if (c == '#') {
      const std::size_t end = text_.find('\n', offset_);
      offset_ = end == std::string_view::npos ? text_.size() : end;
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skip_blanks_and_comments();
  Token token;
  token.pos = {file_, line_, static_cast<std::uint32_t>(offset_ - line_start_ + 1)};
  if (offset_ == text_.size()) return token;
  const char c = text_[offset_];
  if (is(c, kLetter)) return word_token(token);
  if (is(c, kDigit) || c == '-') return number_token(token);
  if (c == '"') return string_token(token);
  token.kind = TokenKind::symbol;
  token.text = text_.substr(offset_++, 1);
  return token;
}

Token Lexer::word_token(Token token) {
  const std::size_t start = offset_;
  std::uint32_t hash = keyword_hash(kKeywordHashStart, text_[offset_++]);
  bool hex = true;
  for (; offset_ < text_.size() && offset_ - start < kTokenLimit && is(text_[offset_], kWord); ++offset_) {
    hex = hex && is(text_[offset_], kHex);
    hash = keyword_hash(hash, text_[offset_]);
  }
  if (offset_ - start == kTokenLimit) error(token, "token larger than internal buffer");
  token.text = text_.substr(start, offset_ - start);
  token.keyword = find_keyword(token.text, hash);
  token.kind = token.keyword != Keyword::none ? TokenKind::keyword
               : hex                          ? TokenKind::number_or_name
                                              : TokenKind::name;
  return token;
}

// A number is promoted to "number or name" by a hex letter and to a name by any other letter, `-`
// or `_`, never back; except that `0x` and a hex digit are a "number or name".
Token Lexer::number_token(Token token) {
  const std::size_t start = offset_++;
  token.kind = TokenKind::number;
  for (; offset_ < text_.size() && offset_ - start < kTokenLimit; ++offset_) {
    const char c = text_[offset_];
    if (!is(c, kWord)) break;
    const std::size_t length = offset_ - start;
    if (token.kind == TokenKind::number && is(c, kDigit)) continue;
    if (token.kind != TokenKind::name && is(c, kHex)) {
      token.kind = TokenKind::number_or_name;
    } else if (length == 2 && is(c, kHex) && text_[start] == '0' &&
               (text_[start + 1] | 0x20) == 'x') {
      token.kind = TokenKind::number_or_name;
    } else {
      token.kind = TokenKind::name;
    }
  }
  if (offset_ - start == kTokenLimit) error(token, "numeric token larger than internal buffer");
  token.text = text_.substr(start, offset_ - start);
  return token;
}

Token Lexer::string_token(Token token) {
  token.kind = TokenKind::string;
  ++offset_;
  const Mark start = mark();
  while (offset_ < text_.size() && text_[offset_] != '"') {
    if (text_[offset_] == '\\') {
      back_to(start);
      token.text = unescape(token);
      return token;
    }
    if (offset_ - start.offset == kTokenLimit - 1) {
      error(token, "string constant larger than internal buffer");
      token.text = text_.substr(start.offset, kTokenLimit - 1);
      return token;
    }
    if (text_[offset_++] == '\n') new_line();
  }
  token.text = text_.substr(start.offset, offset_ - start.offset);
  if (offset_ == text_.size()) {
    error(token, "eof in string constant");
  } else {
    ++offset_;
  }
  return token;
}

// From behind the opening quote up to and with the closing one. Escapes are a small machine,
// because an octal one that breaks off after zeros drops the offending character and takes the next
// one as if it followed a backslash (observed).
std::string_view Lexer::unescape(const Token& token) {
  enum { plain, escape, octal, hex } state = plain;
  int value = 0;
  int digits = 0;
  std::string& out = unescaped_.emplace_back();
  const auto finish_digits = [&] {
    out.push_back(static_cast<char>(value));
    state = plain;
  };
  while (offset_ < text_.size()) {
    if (out.size() == kTokenLimit - 1) {
      error(token, "string constant larger than internal buffer");
      return out;
    }
    const char c = text_[offset_++];
    if (c == '\n') new_line();
    switch (state) {
      case plain:
        if (c == '"') return out;
        if (c == '\\') {
          state = escape;
        } else {
          out.push_back(c);
        }
        break;
      case escape:
        value = digits = 0;
        if (c == 'x') {
          state = hex;
        } else if (c >= '0' && c <= '3') {
          state = octal;
          value = c - '0';
          digits = 1;
        } else {
          constexpr std::string_view kLetters = "trnb", kMeaning = "\t\r\n\b";
          const std::size_t known = kLetters.find(c);
          out.push_back(known == std::string_view::npos ? c : kMeaning[known]);
          state = plain;
        }
        break;
      case octal:
        if (c >= '0' && c <= '7') {
          value = value * 8 + (c - '0');
          if (++digits == 3) finish_digits();
        } else if (value == 0) {
          state = escape;
        } else {
          error(token, fmt::format("invalid octal digit {:x}", static_cast<unsigned char>(c)));
          state = plain;
        }
        break;
      case hex:
        if (hex_value(c) >= 0) {
          value = value * 16 + hex_value(c);
          if (++digits == 2) finish_digits();
        } else {
          error(token, fmt::format("invalid hex digit: {:x}", static_cast<unsigned char>(c)));
          state = plain;
        }
        break;
    }
  }
  error(token, "eof in string constant");
  return out;
}

}  // namespace coaxd::config
