// leases_lexer.h: the words of a dhcpd.leases file. The lexical rules are those of dhcpd.conf (dhcpd-compat §1), and so few of them matter here
// that this reader has its own: it must go on after damage, which a configuration parser need not. Views into the text; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coaxd::store {

struct LeasesToken {
  enum class Kind : unsigned char {
    end,
    word,         // anything between blanks and punctuation: names, numbers, dates, addresses
    string,       // `text` is what stands between the quotes, escapes and all
    punctuation,  // one of { } ; = , ( )
    unfinished,   // a string that the file's end cuts off
  };
  Kind kind = Kind::end;
  std::string_view text;
  std::size_t begin = 0, end = 0;  // offsets
  bool is(std::string_view what) const noexcept { return (kind == Kind::word || kind == Kind::punctuation) && text == what; }
};

class LeasesLexer {
 public:
  explicit LeasesLexer(std::string_view text) noexcept : text_(text) {}

  LeasesToken next() noexcept;
  std::string_view text() const noexcept { return text_; }
  std::size_t offset() const noexcept { return at_; }
  void seek(std::size_t offset) noexcept { at_ = offset; }
  // Of the line that holds `offset`, counted from 1. Cheap near the offset that was asked for last.
  unsigned line_of(std::size_t offset) noexcept;

 private:
  void skip_blanks() noexcept;

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t counted_to_ = 0;
  unsigned line_ = 1;
};

// `\t \r \n \b`, `\ooo`, `\xHH`, any other `\c` is c (dhcpd-compat §1).
std::string unescape(std::string_view text);

}  // namespace coaxd::store
