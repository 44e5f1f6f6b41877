// keys.h: how agents are to be convinced: communities of v1 and v2c, users of v3 (RFC 3414), by the names that coaxd.toml has for them. One file, which nobody but
// the server may read:
//
//     # name    version
//     plant     v2c  "community"
//     modems    v1   "community"
//     north     v3   "user"  auth sha256 "passphrase"  priv aes128 "passphrase"
//
// A message names the place and never shows a word of it. They are wiped with their last owner. load() is the control thread's; the rest is a value, any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coaxd::snmp {

enum class Version : std::uint8_t { v1, v2c, v3 };
enum class AuthProtocol : std::uint8_t { none, md5, sha1, sha224, sha256, sha384, sha512 };
enum class PrivProtocol : std::uint8_t { none, des, aes128, aes192, aes256 };

// A text that is wiped, and cannot be copied by accident.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : text_(text) {}
  Secret(Secret&& other) noexcept : text_(other.text_) { other.wipe(); }  // a copy: a moved short string would leave its octets behind
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }
  std::string_view text() const noexcept { return text_; }

 private:
  void wipe() noexcept;
  std::string text_;
};

struct Key {
  std::string name;
  Version version = Version::v2c;
  Secret community;  // v1, v2c
  std::string user;  // v3
  AuthProtocol auth = AuthProtocol::none;
  PrivProtocol priv = PrivProtocol::none;
  Secret auth_passphrase, priv_passphrase;
  unsigned line = 0;
};

class Keys {
 public:
  static constexpr std::size_t kLargestFile = 64 << 10, kLongestWord = 255;

  // `user` is whom the server runs as. The error is one line a problem: where, what, and what to write instead.
  static std::expected<std::shared_ptr<const Keys>, std::string> load(const std::string& path, uid_t user);
  static std::expected<std::shared_ptr<const Keys>, std::string> parse(std::string_view text, std::string_view name);

  const Key* find(std::string_view name) const noexcept;
  const std::vector<Key>& all() const noexcept { return keys_; }

 private:
  std::vector<Key> keys_;
};

}  // namespace coaxd::snmp
