#include "server/store/leases_lexer.h"

#include <algorithm>

namespace coaxd::store {
namespace {

constexpr std::string_view kPunctuation = "{};=,()";

bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The value of `digits` digits in that base at the head of `text`; -1 when they are not there.
int number_at(std::string_view text, std::size_t digits, int base) noexcept {
  if (text.size() < digits) return -1;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
    if (digit >= base) return -1;
    value = value * base + digit;
  }
  return value;
}

}  // namespace

void LeasesLexer::skip_blanks() noexcept {
  while (at_ < text_.size()) {
    if (text_[at_] == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (is_blank(text_[at_])) {
      ++at_;
    } else {
      return;
    }
  }
}

LeasesToken LeasesLexer::next() noexcept {
  using Kind = LeasesToken::Kind;
  skip_blanks();
  const std::size_t begin = at_;
  if (begin >= text_.size()) return {Kind::end, {}, text_.size(), text_.size()};
  if (text_[begin] == '"') {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    if (at_ >= text_.size()) {
      at_ = text_.size();
      return {Kind::unfinished, text_.substr(begin + 1), begin, at_};
    }
    ++at_;
    return {Kind::string, text_.substr(begin + 1, at_ - begin - 2), begin, at_};
  }
  if (kPunctuation.contains(text_[begin])) {
    ++at_;
    return {Kind::punctuation, text_.substr(begin, 1), begin, at_};
  }
  while (at_ < text_.size() && !is_blank(text_[at_]) && !kPunctuation.contains(text_[at_]) && text_[at_] != '"' &&
         text_[at_] != '#') {
    ++at_;
  }
  return {Kind::word, text_.substr(begin, at_ - begin), begin, at_};
}

unsigned LeasesLexer::line_of(std::size_t offset) noexcept {
  const auto lines = [this](std::size_t from, std::size_t to) {
    return static_cast<unsigned>(std::ranges::count(text_.substr(from, to - from), '\n'));
  };
  if (offset < counted_to_) {
    line_ -= lines(offset, counted_to_);
  } else {
    line_ += lines(counted_to_, offset);
  }
  counted_to_ = offset;
  return line_;
}

std::string unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const std::string_view rest = text.substr(++i);
    const int octal = number_at(rest, 3, 8);
    const int hex = rest[0] == 'x' ? number_at(rest.substr(1), 2, 16) : -1;
    if (octal >= 0 && octal <= 255) {
      out += static_cast<char>(octal);
      i += 2;
    } else if (hex >= 0) {
      out += static_cast<char>(hex);
      i += 2;
    } else {
      constexpr std::string_view kNames = "trnb", kValues = "\t\r\n\b";
      const std::size_t known = kNames.find(rest[0]);
      out += known == std::string_view::npos ? rest[0] : kValues[known];
    }
  }
  return out;
}

}  // namespace coaxd::store
