// tokens.h: who may use the API, and as what: one file, which only the server may read, a line each:
//
//     # NAME        ROLE    SHA-256 of the token                            from where         sources that it may name
//     ids-1         sensor  9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b8…  from=10.9.0.0/24   sources=suricata,snort
//     helpdesk      desk    60303ae22b998861bce3b28f33eec1be758a213c86c93…
//
// `coaxctl token new NAME ROLE` makes a token, shows it once, and prints the line. Tokens are 256 random bits, so their hashes need no salt and no slowness: nobody can guess one.
// A value, any thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/http.h"
#include "server/base/ipv4.h"

namespace coaxd::api {

using TokenHash = std::array<std::uint8_t, 32>;
TokenHash hash_of(std::string_view token);

struct Token {
  std::string name;
  Role role = Role::sensor;
  TokenHash hash{};
  std::vector<Prefix> from{};          // empty: from anywhere
  std::vector<std::string> sources{};  // empty: any
  unsigned line = 0;
};

class Tokens {
 public:
  static constexpr std::size_t kLargestFile = 1 << 20;

  // `user` is whom the server runs as, now or once it is started. The error is one line a problem: where, what, and what to do.
  static std::expected<std::shared_ptr<const Tokens>, std::string> load(const std::string& path, uid_t user);
  static std::expected<std::shared_ptr<const Tokens>, std::string> parse(std::string_view text, std::string_view name);

  // Looks at all of them, however many octets agree: the time it takes tells nothing. Null: none.
  const Token* find(std::string_view token) const noexcept;
  std::size_t size() const noexcept { return tokens_.size(); }

 private:
  std::vector<Token> tokens_;
};

bool may_come_from(const Token& token, std::string_view peer);

// A fresh one from the kernel's random numbers, and its line of the file. The error: the kernel gives none, or a name or role is wrong.
struct NewToken {
  std::string token, line;
};
std::expected<NewToken, std::string> new_token(std::string_view name, std::string_view role);

}  // namespace coaxd::api
