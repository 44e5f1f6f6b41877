#include "snmp/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace coaxd::snmp {
namespace {

using Error = std::unexpected<std::string>;

}  // namespace

SecretFile::~SecretFile() { ::explicit_bzero(room_.data(), room_.size()); }

std::expected<std::string_view, std::string> SecretFile::read(const std::string& path, uid_t user, std::string_view setting, std::string_view example) {
  const auto error = [&](std::string what) { return Error(fmt::format("{} {}: {}", setting, path, std::move(what))); };
  const auto unreadable = [&] { return error(fmt::format("the server may not read it; make it its own: chown {} {}", user, path)); };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 && errno == EACCES && user != ::geteuid()) return error(fmt::format("user {}, who asks, may not read it; ask as root", ::geteuid()));
  if (fd < 0 && errno == EACCES) return unreadable();
  if (fd < 0 && errno == ENOENT) return error(fmt::format("there is no such file; write a line `{}` into it (and chmod 600), or name another one", example));
  if (fd < 0) return error(fmt::format("cannot be opened: {}", std::strerror(errno)));
  const auto fail = [&](std::string what) {
    ::close(fd);
    return error(std::move(what));
  };
  struct stat status;
  if (::fstat(fd, &status) != 0) return fail(fmt::format("cannot be looked at: {}", std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) return fail(fmt::format("is no file; write lines such as `{}` into one", example));
  if ((status.st_mode & 077) != 0) return fail(fmt::format("others than its owner may read or write it (mode {:04o}); chmod 600 {}", status.st_mode & 07777, path));
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
  if (size == room_.size()) return fail(fmt::format("is larger than {} octets: is it the right file?", room_.size() - 1));
  ::close(fd);
  return std::string_view(room_.data(), size);
}

bool SecretLine::at_end() noexcept {
  while (at_ < text_.size() && is_blank(at_)) ++at_;
  begin_ = at_;
  return at_ == text_.size() || text_[at_] == '#';
}

std::string_view SecretLine::word() noexcept {
  if (at_end()) return {};
  while (at_ < text_.size() && !is_blank(at_)) ++at_;
  return text_.substr(begin_, at_ - begin_);
}

bool SecretLine::take(std::string_view wanted) noexcept {
  if (at_end() || !text_.substr(at_).starts_with(wanted)) return false;
  const std::size_t end = at_ + wanted.size();
  if (end < text_.size() && !is_blank(end)) return false;
  at_ = end;
  return true;
}

std::expected<Secret, std::string> SecretLine::quoted(std::size_t longest) {
  if (at_end() || text_[at_] != '"') return Error("expecting it here in quotes: \"TEXT\"");
  std::array<char, 256> plain;  // wiped below; `longest` fits
  std::size_t size = 0;
  std::string problem;
  for (++at_; at_ < text_.size() && text_[at_] != '"' && problem.empty(); ++at_) {
    if (text_[at_] == '\\' && ++at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\') problem = "a backslash stands before \" or another backslash; write \\\\ for one that is part of it";
    if (size == std::min(longest, plain.size())) problem = fmt::format("is longer than {} octets", longest);
    else if (at_ < text_.size()) plain[size++] = text_[at_];
  }
  if (problem.empty() && at_ >= text_.size()) problem = "the closing \" is missing";
  if (problem.empty()) ++at_;
  if (problem.empty() && at_ < text_.size() && !is_blank(at_)) problem = "a blank is missing behind the closing \"";
  Secret secret(std::string_view(plain.data(), size));
  ::explicit_bzero(plain.data(), plain.size());
  if (!problem.empty()) return Error(std::move(problem));
  return secret;
}

}  // namespace coaxd::snmp
