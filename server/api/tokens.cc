#include "server/api/tokens.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "server/base/did_you_mean.h"
#include "server/config/setting_values.h"

namespace coaxd::api {
namespace {

constexpr std::size_t kLongestName = 64;
constexpr std::array<std::string_view, 3> kRoleWords = {"sensor", "desk", "admin"};

std::unexpected<std::string> fail(std::string what) { return std::unexpected(std::move(what)); }

std::string hex(const std::uint8_t* octets, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) fmt::format_to(std::back_inserter(text), "{:02x}", octets[i]);
  return text;
}

bool parse_hash(std::string_view text, TokenHash& out) {
  if (text.size() != 2 * out.size() || text.find_first_not_of("0123456789abcdef") != text.npos) return false;
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(value(text[2 * i]) << 4 | value(text[2 * i + 1]));
  return true;
}

// What is wrong with a name; "": nothing.
std::string why_no_name(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; });
  if (!name.empty() && name.size() <= kLongestName && plain) return {};
  return fmt::format("'{}' is no name: letters, digits, - _ and . (at most {})", name, kLongestName);
}

std::string why_no_role(std::string_view word) {
  if (parse_role(word)) return {};
  const std::string_view meant = did_you_mean(word, kRoleWords);
  return fmt::format("'{}' is no role: sensor, desk or admin{}", word, meant.empty() ? "" : fmt::format("; did you mean {}?", meant));
}

std::expected<Token, std::string> read_line(const std::string& text) {
  std::istringstream words(text);
  Token token;
  std::string role, hash;
  words >> token.name >> role >> hash;
  if (hash.empty()) return fail("a line is NAME ROLE HASH; coaxctl token new NAME ROLE prints one");
  if (std::string why = why_no_name(token.name); !why.empty()) return fail(std::move(why));
  if (std::string why = why_no_role(role); !why.empty()) return fail(std::move(why));
  token.role = *parse_role(role);
  if (!parse_hash(hash, token.hash)) return fail("the third word is the SHA-256 of the token, 64 digits in small letters, and not the token itself; coaxctl token new NAME ROLE prints it");
  for (std::string word; words >> word;) {
    if (word.starts_with('#')) break;
    if (word.starts_with("from=")) {
      auto prefixes = config::parse_prefixes(word.substr(5));
      if (!prefixes || prefixes->empty()) return fail(fmt::format("'{}': write addresses and prefixes as from=10.9.0.0/24,192.0.2.7", word));
      token.from = std::move(*prefixes);
    } else if (word.starts_with("sources=") && word.size() > 8) {
      std::istringstream names(word.substr(8));
      for (std::string name; std::getline(names, name, ',');) token.sources.push_back(name);
    } else {
      return fail(fmt::format("'{}' is not known; behind the hash stand from=PREFIX,... and sources=NAME,...", word));
    }
  }
  return token;
}

}  // namespace

TokenHash hash_of(std::string_view token) {
  TokenHash hash;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

std::expected<std::shared_ptr<const Tokens>, std::string> Tokens::load(const std::string& path, uid_t user) {
  const auto refuse = [&](std::string what) { return fail(fmt::format("[api] tokens {}: {}", path, what)); };
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) return refuse("there is no such file: coaxctl token new NAME ROLE prints a line for it (then chmod 600)");
  if (fd < 0) return refuse(fmt::format("{}: chown {} {}", std::strerror(errno), user, path));  // NOLINT(concurrency-mt-unsafe): since glibc 2.32 it is safe
  struct stat status {};
  const bool known = fstat(fd, &status) == 0;
  std::string text;
  char piece[4096];
  for (ssize_t got = 0; known && S_ISREG(status.st_mode) && text.size() <= kLargestFile && (got = read(fd, piece, sizeof piece)) > 0;) text.append(piece, static_cast<std::size_t>(got));
  close(fd);
  if (!known || !S_ISREG(status.st_mode)) return refuse("is no file");
  if ((status.st_mode & 077) != 0) return refuse(fmt::format("others than its owner may read or write it (mode {:04o}): chmod 600 {}", status.st_mode & 07777, path));
  if (status.st_uid != 0 && status.st_uid != user) return refuse(fmt::format("it belongs to user {}, who can change it: make it root's, or the server's own (user {})", status.st_uid, user));
  if (text.size() > kLargestFile) return refuse(fmt::format("is larger than {} octets: is it the right file?", kLargestFile));
  return parse(text, path);
}

std::expected<std::shared_ptr<const Tokens>, std::string> Tokens::parse(std::string_view text, std::string_view name) {
  auto tokens = std::make_shared<Tokens>();
  std::string problems;
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == line.npos || line[first] == '#') continue;
    auto token = read_line(line);
    std::string wrong = token ? std::string{} : token.error();
    if (token)
      for (const Token& other : tokens->tokens_)
        if (other.name == token->name || other.hash == token->hash) wrong = fmt::format("line {} has this {} already; leave one of them out", other.line, other.name == token->name ? "name" : "hash");
    if (!wrong.empty()) {
      problems += fmt::format("{}:{}: error: {}\n", name, number, wrong);
      continue;
    }
    token->line = number;
    tokens->tokens_.push_back(std::move(*token));
  }
  if (!problems.empty()) return fail(std::move(problems));
  return tokens;
}

const Token* Tokens::find(std::string_view token) const noexcept {
  const TokenHash wanted = hash_of(token);
  const Token* found = nullptr;
  for (const Token& each : tokens_)
    if (CRYPTO_memcmp(each.hash.data(), wanted.data(), wanted.size()) == 0) found = &each;
  return found;
}

bool may_come_from(const Token& token, std::string_view peer) {
  if (token.from.empty()) return true;
  const auto address = Ipv4::parse(peer.starts_with("::ffff:") ? peer.substr(7) : peer);
  return address && std::ranges::any_of(token.from, [&](const Prefix& prefix) { return prefix.contains(*address); });
}

std::expected<NewToken, std::string> new_token(std::string_view name, std::string_view role) {
  if (std::string why = why_no_name(name); !why.empty()) return fail(why + ".");
  if (std::string why = why_no_role(role); !why.empty()) return fail(why + ".");
  std::array<std::uint8_t, 32> secret;
  if (getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) return fail(fmt::format("the kernel gives no random octets: {}.", std::strerror(errno)));
  NewToken made{.token = hex(secret.data(), secret.size()), .line = {}};
  const TokenHash hash = hash_of(made.token);
  made.line = fmt::format("{} {} {}", name, role, hex(hash.data(), hash.size()));
  OPENSSL_cleanse(secret.data(), secret.size());
  return made;
}

}  // namespace coaxd::api
