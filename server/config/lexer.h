// lexer.h: dhcpd.conf as tokens, in dhcpd's own classes: what is a number, a word or either decides
// what many statements mean. Zero-copy: a token's text is a view into the file, or into the lexer
// for a string with escapes; both live as long as the lexer and its source. One thread, load time.
// Source: dhcpd-compat §1.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/keyword.h"
#include "server/config/source.h"

namespace coaxd::config {

enum class TokenKind : std::uint8_t {
  end_of_file,
  string,          // text without the quotes, escapes undone
  number,          // decimal digits, perhaps after a '-'
  number_or_name,  // every character after the first is a hex digit: hex data where data is
                   // expected, else a name
  name,
  keyword,
  symbol,  // one character
};

struct Token {
  TokenKind kind = TokenKind::end_of_file;
  Keyword keyword = Keyword::none;
  SourcePos pos;
  std::string_view text;

  bool is(char symbol) const noexcept {
    return kind == TokenKind::symbol && text.front() == symbol;
  }
  bool is(Keyword word) const noexcept { return keyword == word; }
  // A word of any kind, keywords included: what option names and the like may be.
  bool is_identifier() const noexcept {
    return kind == TokenKind::name || kind == TokenKind::number_or_name ||
           kind == TokenKind::keyword;
  }
  // A word that is nobody's keyword: what variables may be called.
  bool is_plain_name() const noexcept {
    return kind == TokenKind::name || kind == TokenKind::number_or_name;
  }
  bool is_hex() const noexcept {
    return kind == TokenKind::number || kind == TokenKind::number_or_name;
  }
};

class Lexer {
 public:
  // dhcpd's buffer: strings, numbers and words that leave no room for a NUL behind them are errors,
  // and end there.
  static constexpr std::size_t kTokenLimit = 1500;

  // Errors go to `diagnostics`, which outlives the lexer.
  Lexer(std::uint32_t file, std::string_view text, std::vector<Diagnostic>& diagnostics)
      : file_(file), text_(text), diagnostics_(diagnostics) {}

  Token next();

  // A place to come back to: whether `10` begins an address or a host name shows two tokens later.
  struct Mark {
    std::size_t offset, line_start;
    std::uint32_t line;
  };
  Mark mark() const noexcept { return {offset_, line_start_, line_}; }
  void back_to(Mark mark) noexcept;

 private:
  void skip_blanks_and_comments();
  Token word_token(Token token);
  Token number_token(Token token);
  Token string_token(Token token);
  std::string_view unescape(const Token& token);
  void error(const Token& token, std::string message);
  void new_line() noexcept;

  std::uint32_t file_;
  std::string_view text_;
  std::vector<Diagnostic>& diagnostics_;
  std::size_t offset_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
  std::deque<std::string> unescaped_;
};

}  // namespace coaxd::config
