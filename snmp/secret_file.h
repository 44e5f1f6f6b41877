// secret_file.h: a file that only the server may read, and its words: read once, wiped, never shown. Control thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "snmp/keys.h"

namespace coaxd::snmp {

// The file's octets, and nothing else's: they are wiped.
class SecretFile {
 public:
  SecretFile() = default;
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  ~SecretFile();

  // Refuses what others can read or change. `setting` is who names the file, `example` a line of it, both for messages.
  std::expected<std::string_view, std::string> read(const std::string& path, uid_t user, std::string_view setting, std::string_view example);

 private:
  std::array<char, Keys::kLargestFile + 1> room_;
};

// The words of one line; `#` begins a comment.
class SecretLine {
 public:
  explicit SecretLine(std::string_view text) noexcept : text_(text) {}

  bool at_end() noexcept;
  std::size_t column() const noexcept { return begin_ + 1; }  // of what was read or looked for last
  std::string_view word() noexcept;                           // up to the next blank
  bool take(std::string_view wanted) noexcept;
  // "text", with \" and \\ in it. The error says what is wrong, without the text.
  std::expected<Secret, std::string> quoted(std::size_t longest);

 private:
  bool is_blank(std::size_t at) const noexcept { return text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\r'; }
  std::string_view text_;
  std::size_t at_ = 0, begin_ = 0;
};

}  // namespace coaxd::snmp
