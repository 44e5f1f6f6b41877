#include "snmp/keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "snmp/secret_file.h"

namespace coaxd::snmp {
namespace {

using Error = std::unexpected<std::string>;

constexpr std::size_t kShortestPassphrase = 8;  // RFC 3414 §11.2

template <typename T>
struct Choice {
  std::string_view name;
  T value;
};
constexpr Choice<AuthProtocol> kAuthNames[] = {{"md5", AuthProtocol::md5},       {"sha", AuthProtocol::sha1},       {"sha1", AuthProtocol::sha1},    {"sha224", AuthProtocol::sha224},
                                               {"sha256", AuthProtocol::sha256}, {"sha384", AuthProtocol::sha384}, {"sha512", AuthProtocol::sha512}};
constexpr Choice<PrivProtocol> kPrivNames[] = {
    {"des", PrivProtocol::des}, {"aes", PrivProtocol::aes128}, {"aes128", PrivProtocol::aes128}, {"aes192", PrivProtocol::aes192}, {"aes256", PrivProtocol::aes256}};
constexpr Choice<Version> kVersionNames[] = {{"v1", Version::v1}, {"v2c", Version::v2c}, {"v3", Version::v3}};

// One of the names; else what is wrong, without the word: it may be a passphrase in the wrong place.
template <typename T>
std::expected<T, std::string> choose(std::string_view word, std::span<const Choice<T>> choices, std::string_view what) {
  std::vector<std::string_view> names;
  for (const Choice<T>& choice : choices) {
    if (choice.name == word) return choice.value;
    names.push_back(choice.name);
  }
  return Error(fmt::format("expecting {}: {}", what, fmt::join(names, ", ")));
}

std::expected<Key, std::string> read_key(SecretLine& line) {
  Key key;
  key.name = line.word();
  if (key.name.starts_with('"')) return Error("a line begins with a name for it, without quotes, as [snmp] cmts says it: north v2c \"COMMUNITY\"");
  const auto version = choose<Version>(line.word(), kVersionNames, "the version of SNMP");
  if (!version) return Error(version.error());
  key.version = *version;
  const auto take = [&](Secret& into, std::string_view what, std::size_t shortest = 0) -> std::string {
    auto text = line.quoted(Keys::kLongestWord);
    if (!text) return fmt::format("{}: {}", what, text.error());
    if (text->text().size() < shortest) return fmt::format("{} has {} octets at least (RFC 3414 §11.2)", what, shortest);
    into = std::move(*text);
    return {};
  };
  if (key.version != Version::v3) {
    if (std::string problem = take(key.community, "the community"); !problem.empty()) return Error(std::move(problem));
    if (key.community.text().empty()) return Error("the community is empty; write the one that the CMTS has for writing");
  } else {
    Secret user;
    if (std::string problem = take(user, "the user"); !problem.empty()) return Error(std::move(problem));
    key.user = user.text();
    if (key.user.empty() || key.user.size() > 32) return Error("a user's name has 1 to 32 octets (RFC 3414 §5)");
    if (line.take("auth")) {
      const auto auth = choose<AuthProtocol>(line.word(), kAuthNames, "an authentication protocol behind auth");
      if (!auth) return Error(auth.error());
      key.auth = *auth;
      if (std::string problem = take(key.auth_passphrase, "the passphrase of auth", kShortestPassphrase); !problem.empty()) return Error(std::move(problem));
    }
    if (line.take("priv")) {
      if (key.auth == AuthProtocol::none) return Error("privacy needs authentication (RFC 3414 §1.4.2); write auth sha256 \"PASSPHRASE\" before priv");
      const auto priv = choose<PrivProtocol>(line.word(), kPrivNames, "a privacy protocol behind priv");
      if (!priv) return Error(priv.error());
      key.priv = *priv;
      if (std::string problem = take(key.priv_passphrase, "the passphrase of priv", kShortestPassphrase); !problem.empty()) return Error(std::move(problem));
    }
  }
  if (!line.at_end()) return Error("this is more than a line holds: NAME v2c \"COMMUNITY\", or NAME v3 \"USER\" auth sha256 \"PASSPHRASE\" priv aes128 \"PASSPHRASE\"");
  return key;
}

}  // namespace

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  text_ = other.text_;
  other.wipe();
  return *this;
}

void Secret::wipe() noexcept {
  if (!text_.empty()) ::explicit_bzero(text_.data(), text_.size());
  text_.clear();
}

std::expected<std::shared_ptr<const Keys>, std::string> Keys::load(const std::string& path, uid_t user) {
  const auto file = std::make_unique<SecretFile>();
  const auto text = file->read(path, user, "[snmp] keys", "name v2c \"COMMUNITY\"");
  if (!text) return Error(text.error());
  return parse(*text, path);
}

std::expected<std::shared_ptr<const Keys>, std::string> Keys::parse(std::string_view text, std::string_view name) {
  auto keys = std::make_shared<Keys>();
  std::string problems;
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    SecretLine line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.at_end()) continue;
    const std::size_t column = line.column();
    auto key = read_key(line);
    if (!key) {
      problems += fmt::format("{}:{}:{}: error: {}\n", name, number, line.column(), key.error());
      continue;
    }
    key->line = number;
    if (const Key* same = keys->find(key->name)) {
      problems += fmt::format("{}:{}:{}: error: line {} has this name already; give one of them another\n", name, number, column, same->line);
      continue;
    }
    keys->keys_.push_back(std::move(*key));
  }
  if (!problems.empty()) return Error(std::move(problems));
  return keys;
}

const Key* Keys::find(std::string_view name) const noexcept {
  const auto key = std::ranges::find(keys_, name, &Key::name);
  return key == keys_.end() ? nullptr : &*key;
}

}  // namespace coaxd::snmp
