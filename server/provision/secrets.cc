#include "server/provision/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

namespace coaxd::provision {
namespace {

using Error = std::unexpected<std::string>;

void wipe(docsis::Octets& octets) noexcept {
  if (!octets.empty()) ::explicit_bzero(octets.data(), octets.size());
}

// The file's octets, and nothing else's: they are wiped.
class FileText {
 public:
  FileText() = default;
  FileText(const FileText&) = delete;
  FileText& operator=(const FileText&) = delete;
  ~FileText() { ::explicit_bzero(room_.data(), room_.size()); }

  std::expected<std::string_view, std::string> read(const std::string& path, uid_t user);

 private:
  std::array<char, Secrets::kLargestFile + 1> room_;
};

std::expected<std::string_view, std::string> FileText::read(const std::string& path, uid_t user) {
  const auto error = [&](std::string what) { return Error(fmt::format("[docsis] secrets {}: {}", path, std::move(what))); };
  const auto unreadable = [&] { return error(fmt::format("the server may not read it; make it its own: chown {} {}", user, path)); };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 && errno == EACCES && user != ::geteuid()) return error(fmt::format("user {}, who asks, may not read it; ask as root", ::geteuid()));
  if (fd < 0 && errno == EACCES) return unreadable();
  if (fd < 0 && errno == ENOENT)
    return error("there is no such file; write a line `* \"KEY\"` into it (and chmod 600), or name another one, or \"\" where no CMTS has a key");
  if (fd < 0) return error(fmt::format("cannot be opened: {}", std::strerror(errno)));
  const auto fail = [&](std::string what) {
    ::close(fd);
    return error(std::move(what));
  };
  struct stat status;
  if (::fstat(fd, &status) != 0) return fail(fmt::format("cannot be looked at: {}", std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) return fail("is no file; write the shared secrets into one");
  if ((status.st_mode & 077) != 0) {
    return fail(fmt::format("others than its owner may read or write it (mode {:04o}), and it holds the plant's keys; chmod 600 {}", status.st_mode & 07777, path));
  }
  if (status.st_uid != 0 && status.st_uid != user) {
    return fail(fmt::format("it belongs to user {}, who can change it; make it root's, or the server's own (user {})", status.st_uid, user));
  }
  if (status.st_uid != user && user != ::geteuid()) {  // root reads it on behalf of a server that will not be root
    ::close(fd);
    return unreadable();
  }
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = ::read(fd, room_.data() + size, room_.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(fmt::format("cannot be read: {}", std::strerror(errno)));
    size += static_cast<std::size_t>(got);
    if (got == 0 || size == room_.size()) break;
  }
  if (size > Secrets::kLargestFile) return fail(fmt::format("is larger than {} octets: is it the right file?", Secrets::kLargestFile));
  ::close(fd);
  return std::string_view(room_.data(), size);
}

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// The words of one line. What is wrong is said without the words themselves.
class Line {
 public:
  explicit Line(std::string_view text) noexcept : text_(text) {}

  bool at_end() noexcept {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
    begin_ = at_;
    return at_ == text_.size() || text_[at_] == '#';
  }
  // Of what was read or looked for last: where its first octet stands, or should.
  std::size_t column() const noexcept { return begin_ + 1; }
  // Up to the next blank.
  std::string_view word() noexcept {
    if (at_end()) return {};
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '\t' && text_[at_] != '\r') ++at_;
    return text_.substr(begin_, at_ - begin_);
  }
  bool take(std::string_view wanted) noexcept {
    if (at_end() || !text_.substr(at_).starts_with(wanted)) return false;
    const std::size_t end = at_ + wanted.size();
    if (end < text_.size() && text_[end] != ' ' && text_[end] != '\t') return false;
    at_ = end;
    return true;
  }
  // Into `key`; the answer is what is wrong, and `key` is empty then.
  std::string take_key(docsis::SharedSecret& key) {
    if (at_end()) return "a key is missing here; write it as \"text\" or 0xHEX";
    key.octets.reserve(Secrets::kLongestKey);  // so that it never moves and leaves a copy behind
    std::string problem = text_[at_] == '"' ? quoted(key.octets) : hexadecimal(key.octets);
    if (problem.empty() && too_long_) problem = "the key is longer than 64 octets, and a CMTS takes no more";
    if (problem.empty() && at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '\t' && text_[at_] != '\r') {
      problem = "a blank is missing behind the key";
      begin_ = at_;
    }
    if (!problem.empty()) {
      wipe(key.octets);
      key.octets.clear();
    }
    return problem;
  }

 private:
  void add(docsis::Octets& to, unsigned octet) {
    if (to.size() < Secrets::kLongestKey) to.push_back(static_cast<std::uint8_t>(octet));
    else too_long_ = true;  // told at the end
  }
  std::string quoted(docsis::Octets& to) {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\') {
        add(to, static_cast<unsigned char>(text_[at_]));
        continue;
      }
      const std::string_view rest = text_.substr(at_ + 1);
      if (rest.starts_with('"') || rest.starts_with('\\')) {
        add(to, static_cast<unsigned char>(rest[0]));
        ++at_;
      } else if (rest.size() > 2 && rest[0] == 'x' && digit_of(rest[1]) >= 0 && digit_of(rest[2]) >= 0) {
        add(to, static_cast<unsigned>(digit_of(rest[1]) * 16 + digit_of(rest[2])));
        at_ += 3;
      } else {
        begin_ = at_;
        return "a backslash stands before \", another backslash or xHH; write \\\\ for one that is part of the key";
      }
    }
    if (at_ == text_.size()) return "the key's closing \" is missing";
    ++at_;
    return {};
  }
  std::string hexadecimal(docsis::Octets& to) {
    if (!text_.substr(at_).starts_with("0x")) return "this is no key; write it as \"text\" or 0xHEX";
    std::size_t at = at_ + 2;
    for (; at + 1 < text_.size() && digit_of(text_[at]) >= 0 && digit_of(text_[at + 1]) >= 0; at += 2) {
      add(to, static_cast<unsigned>(digit_of(text_[at]) * 16 + digit_of(text_[at + 1])));
    }
    if (at < text_.size() && digit_of(text_[at]) >= 0) return "the key has an odd number of hexadecimal digits; an octet has two";
    if (to.empty()) return "0x wants hexadecimal digits; a CMTS without a key is \"\"";
    at_ = at;
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0, begin_ = 0;
  bool too_long_ = false;
};

// KEY [extended KEY]. The answer is what is wrong.
std::string take_seal(Line& line, docsis::Seal& seal) {
  std::string problem = line.take_key(seal.secret);
  if (problem.empty() && line.take("extended")) problem = line.take_key(seal.extended_secret.emplace());
  return problem;
}

std::expected<Secrets::Entry, std::string> read_entry(Line& line, std::uint64_t& next_id) {
  Secrets::Entry entry;
  const std::string_view cmts = line.word();
  if (cmts != "*") {
    const auto prefix = parse_prefix(cmts);
    if (!prefix) return Error("a line begins with a CMTS's address, a prefix such as 10.64.0.0/16 (no bits behind its length), or * for the others: * \"KEY\"");
    entry.cmts = *prefix;
  }
  docsis::Seal seal;
  std::string problem = take_seal(line, seal);
  entry.key = std::make_unique<const SealKey>(next_id++, std::move(seal));  // at once: it wipes
  if (!problem.empty()) return Error(std::move(problem));
  if (line.take("old")) {
    docsis::Seal old;
    problem = take_seal(line, old);
    entry.old = std::make_unique<const SealKey>(next_id++, std::move(old));
    if (!problem.empty()) return Error(std::move(problem));
    if (!line.take("until")) return Error("an old key is good for a time; write `until 2026-12-01T06:00Z` behind it");
    const auto until = line.at_end() ? std::nullopt : parse_utc(line.word());
    if (!until) return Error("this is no time; write it in UTC as 2026-12-01T06:00Z");
    entry.until = *until;
  }
  if (!line.at_end()) return Error("this is more than a line holds: CMTS, key, `extended` key, `old` key `until` time; a key with blanks or # stands in quotes");
  return entry;
}

}  // namespace

SealKey::~SealKey() {
  wipe(seal_.secret.octets);
  if (seal_.extended_secret) wipe(seal_.extended_secret->octets);
}

std::shared_ptr<const Secrets> Secrets::none(std::uint64_t& next_id) {
  auto secrets = std::make_shared<Secrets>();
  secrets->entries_.push_back({.cmts = {}, .key = std::make_unique<const SealKey>(next_id++, docsis::Seal{}), .old = nullptr});
  return secrets;
}

std::expected<std::shared_ptr<const Secrets>, std::string> Secrets::load(const std::string& path, uid_t user, std::uint64_t& next_id) {
  const auto file = std::make_unique<FileText>();
  const auto text = file->read(path, user);
  if (!text) return Error(text.error());
  return parse(*text, path, next_id);
}

std::expected<std::shared_ptr<const Secrets>, std::string> Secrets::parse(std::string_view text, std::string_view name, std::uint64_t& next_id) {
  auto secrets = std::make_shared<Secrets>();
  std::string problems;
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    Line line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.at_end()) continue;
    const std::size_t column = line.column();
    auto entry = read_entry(line, next_id);
    if (!entry) {
      problems += fmt::format("{}:{}:{}: error: {}\n", name, number, line.column(), entry.error());
      continue;
    }
    entry->line = number;
    const auto same = std::ranges::find(secrets->entries_, entry->cmts, &Entry::cmts);
    if (same != secrets->entries_.end()) {
      problems += fmt::format("{}:{}:{}: error: line {} is for this CMTS already; leave one of them out (`old KEY until TIME` stands behind the new key)\n", name, number, column, same->line);
      continue;
    }
    secrets->entries_.push_back(std::move(*entry));
  }
  if (!problems.empty()) return Error(std::move(problems));
  if (secrets->entries_.empty()) return Error(fmt::format("{}: holds no key; write a line `* \"KEY\"`\n", name));
  std::ranges::sort(secrets->entries_, [](const Entry& a, const Entry& b) { return a.cmts.length() > b.cmts.length(); });
  return secrets;
}

const Secrets::Entry* Secrets::find(Ipv4 cmts) const noexcept {
  for (const Entry& entry : entries_)
    if (entry.cmts.contains(cmts)) return &entry;
  return nullptr;
}

std::optional<WallSeconds> parse_utc(std::string_view text) noexcept {
  if (!text.ends_with('Z')) return std::nullopt;
  text.remove_suffix(1);
  // One of `form`'s characters a character: 0 is a digit.
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  if (text.size() != kForm.size() && text.size() != kForm.size() - 3) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (kForm[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != kForm[i]) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t size) {
    unsigned value = 0;
    std::from_chars(text.data() + at, text.data() + at + size, value);
    return value;
  };
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(number(0, 4))), std::chrono::month(number(5, 2)), std::chrono::day(number(8, 2))};
  const unsigned hour = number(11, 2), minute = number(14, 2), second = text.size() == kForm.size() ? number(17, 2) : 0;
  if (!day.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return std::chrono::sys_days(day).time_since_epoch().count() * WallSeconds{86400} + hour * 3600 + minute * 60 + second;
}

std::optional<Prefix> parse_prefix(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const auto network = Ipv4::parse(text.substr(0, slash));
  if (!network) return std::nullopt;
  unsigned length = 32;
  if (slash != text.npos) {
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, length);
    if (error != std::errc{} || rest != end || length > 32) return std::nullopt;
  }
  const Prefix prefix{*network, {length == 0 ? 0 : 0xffffffffu << (32 - length)}};
  if (!prefix.contains(*network)) return std::nullopt;
  return prefix;
}

}  // namespace coaxd::provision
