// A file of SNMP keys.
#include <fmt/format.h>

#include <string>

#include "fuzz/fuzz.h"
#include "snmp/keys.h"

namespace coaxd::snmp {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string line_of(const Key& key) {
  static constexpr std::string_view kAuth[] = {"", "md5", "sha", "sha224", "sha256", "sha384", "sha512"}, kPriv[] = {"", "des", "aes", "aes192", "aes256"};
  if (key.version != Version::v3) return fmt::format("{} {} {}\n", key.name, key.version == Version::v1 ? "v1" : "v2c", quoted(key.community.text()));
  std::string line = fmt::format("{} v3 {}", key.name, quoted(key.user));
  if (key.auth != AuthProtocol::none) line += fmt::format(" auth {} {}", kAuth[static_cast<std::size_t>(key.auth)], quoted(key.auth_passphrase.text()));
  if (key.priv != PrivProtocol::none) line += fmt::format(" priv {} {}", kPriv[static_cast<std::size_t>(key.priv)], quoted(key.priv_passphrase.text()));
  return line + "\n";
}

bool same(const Key& a, const Key& b) {
  return a.name == b.name && a.version == b.version && a.community.text() == b.community.text() && a.user == b.user && a.auth == b.auth && a.priv == b.priv &&
         a.auth_passphrase.text() == b.auth_passphrase.text() && a.priv_passphrase.text() == b.priv_passphrase.text();
}

}  // namespace
}  // namespace coaxd::snmp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd::snmp;
  const auto keys = Keys::parse({reinterpret_cast<const char*>(data), size}, "k");
  if (!keys) {
    REQUIRE(keys.error().starts_with("k:") && keys.error().ends_with('\n'));
    return 0;
  }
  std::string written;
  for (const Key& key : (*keys)->all()) {
    REQUIRE((*keys)->find(key.name) == &key);
    REQUIRE(key.priv == PrivProtocol::none || key.auth != AuthProtocol::none);
    written += line_of(key);
  }
  const auto again = Keys::parse(written, "k");
  REQUIRE(again && (*again)->all().size() == (*keys)->all().size());
  for (std::size_t i = 0; i < (*keys)->all().size(); ++i) REQUIRE(same((*again)->all()[i], (*keys)->all()[i]));
  return 0;
}
