#include "server/tftp/static_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

#include "server/tftp/packet.h"

namespace coaxd::tftp {

namespace {

constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;  // a FIFO must not keep us waiting
constexpr int kAttempts = 3;                                            // to read a file that somebody is writing

// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

bool read_all(int fd, std::uint64_t offset, MutableBytes out) noexcept {
  while (!out.empty()) {
    const ssize_t got = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;  // the file has become shorter
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return true;
}

class OpenContents final : public Contents {
 public:
  OpenContents(int fd, std::uint64_t size) noexcept : Contents(size), fd_(fd) {}
  bool read(std::uint64_t offset, MutableBytes out) const noexcept override { return read_all(fd_.get(), offset, out); }

 private:
  const Descriptor fd_;
};

// What a client is told of an errno: RFC 1350 knows "not found", "not allowed" and the rest.
ErrorCode code_of(int error) noexcept {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG: return ErrorCode::file_not_found;
    case EACCES:
    case EPERM:
    case EXDEV:  // the path leads out of the folder
    case ELOOP:
    case ENXIO: return ErrorCode::access_violation;  // a socket, or a FIFO without a writer
    default: return ErrorCode::undefined;
  }
}

int open_with_kernel(int root, const char* path, std::uint64_t flags) noexcept {
  open_how how{};
  how.flags = flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
}

// Folder by folder, following no link.
int open_by_steps(int root, const char* path) noexcept {
  Descriptor folder(-1);
  int at = root;
  for (;;) {
    while (*path == '/') ++path;
    const char* end = std::strchr(path, '/');
    if (end == nullptr) return ::openat(at, path, kReadFlags | O_NOFOLLOW);
    char step[kMaxName + 1];
    const auto size = static_cast<std::size_t>(end - path);
    if (size >= sizeof step) {
      errno = ENAMETOOLONG;
      return -1;
    }
    std::memcpy(step, path, size);
    step[size] = '\0';
    const int next = ::openat(at, step, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0) return -1;
    folder.reset(next);
    at = next;
    path = end;
  }
}

}  // namespace

std::expected<std::unique_ptr<StaticFiles>, int> StaticFiles::make(const std::string& root, const StaticFilesSettings& settings) {
  const int fd = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(errno);
  return std::unique_ptr<StaticFiles>(new StaticFiles(fd, root, settings));
}

StaticFiles::StaticFiles(int fd, std::string root, const StaticFilesSettings& settings)
    : root_(fd), prefix_(root.ends_with('/') ? std::move(root) : std::move(root) + '/'), settings_(settings) {
  if (!settings_.openat2) return;
  // Before Linux 5.6, or where a container's filter does not know it.
  const Descriptor tried(open_with_kernel(root_, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  settings_.openat2 = tried.get() >= 0;
}

StaticFiles::~StaticFiles() { ::close(root_); }

// The name as a path below the root: what is left of it without the root's own path and leading slashes.
std::expected<std::string_view, ErrorCode> StaticFiles::path_of(std::string_view name) const noexcept {
  if (name.starts_with(prefix_)) name.remove_prefix(prefix_.size());
  while (name.starts_with('/')) name.remove_prefix(1);
  if (name.empty() || name.size() > kMaxName) return std::unexpected(ErrorCode::file_not_found);
  if (name.contains('\0')) return std::unexpected(ErrorCode::access_violation);
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view step = rest.substr(0, rest.find('/'));
    if (step == "..") return std::unexpected(ErrorCode::access_violation);
    rest.remove_prefix(std::min(rest.size(), step.size() + 1));
  }
  return name;
}

FileAnswer StaticFiles::open(const FileQuery& query) {
  const auto path = path_of(query.name);
  if (!path) return FileAnswer::refused(path.error());
  const auto known = by_name_.find(*path);
  if (known != by_name_.end() && query.now.mono_ns - known->second->checked_ns < settings_.recheck.count() * 1'000'000) return serve(known->second);

  const auto found = look(*path, query.now.mono_ns);
  if (!found) {
    if (known != by_name_.end()) erase(known->second);
    return FileAnswer::refused(found.error());
  }
  return serve(*found);
}

// The entry of a file that is there and may be read, as it is now.
std::expected<StaticFiles::Entries::iterator, ErrorCode> StaticFiles::look(std::string_view path, std::int64_t now_ns) {
  char text[kMaxName + 1];
  std::memcpy(text, path.data(), path.size());
  text[path.size()] = '\0';
  Descriptor file(settings_.openat2 ? open_with_kernel(root_, text, kReadFlags) : open_by_steps(root_, text));
  if (file.get() < 0) return std::unexpected(code_of(errno));

  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    struct stat status;
    if (::fstat(file.get(), &status) != 0) return std::unexpected(ErrorCode::undefined);
    if (!S_ISREG(status.st_mode)) return std::unexpected(ErrorCode::access_violation);
    if (settings_.for_everybody_only && (status.st_mode & S_IROTH) == 0) return std::unexpected(ErrorCode::access_violation);
    const Identity identity = identity_of(status);
    if (const auto known = by_name_.find(path); known != by_name_.end()) {
      known->second->checked_ns = now_ns;
      if (known->second->identity == identity) return known->second;
      erase(known->second);
    }
    Entry entry{.name = std::string(path), .identity = identity, .checked_ns = now_ns};
    if (!load(entry, file.get())) continue;
    // Had somebody written it meanwhile, it might be half the old and half the new.
    if (::fstat(file.get(), &status) != 0 || identity_of(status) != identity) continue;
    if (entry.open) {
      entry.contents = std::make_shared<OpenContents>(file.release(), identity.size);
    }
    return insert(std::move(entry));
  }
  return std::unexpected(ErrorCode::undefined);
}

// False: it has become shorter than it was.
bool StaticFiles::load(Entry& entry, int fd) {
  const std::uint64_t size = entry.identity.size;
  entry.open = size > settings_.largest_in_memory || size + kEntryCost > settings_.memory;
  entry.cost = kEntryCost + (entry.open ? 0 : static_cast<std::size_t>(size));
  if (entry.open) return true;
  std::vector<std::uint8_t> octets(static_cast<std::size_t>(size));
  if (!read_all(fd, 0, octets)) return false;
  ++loads_;
  entry.contents = std::make_shared<MemoryContents>(std::move(octets));
  return true;
}

FileAnswer StaticFiles::serve(Entries::iterator entry) noexcept {
  entries_.splice(entries_.begin(), entries_, entry);
  return FileAnswer::ready(entry->contents);
}

StaticFiles::Entries::iterator StaticFiles::insert(Entry entry) {
  memory_ += entry.cost;
  open_ += entry.open ? 1 : 0;
  entries_.push_front(std::move(entry));
  const auto inserted = entries_.begin();
  by_name_.emplace(inserted->name, inserted);
  while (entries_.size() > 1 && memory_ > settings_.memory) erase(std::prev(entries_.end()));
  for (auto at = entries_.end(); open_ > settings_.open_files && --at != inserted;) {
    const auto victim = at++;
    if (victim->open) erase(victim);
  }
  return inserted;
}

void StaticFiles::erase(Entries::iterator entry) {
  memory_ -= entry->cost;
  open_ -= entry->open ? 1 : 0;
  by_name_.erase(entry->name);
  entries_.erase(entry);
}

StaticFiles::Identity StaticFiles::identity_of(const struct stat& status) noexcept {
  const auto ns = [](const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; };
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = ns(status.st_mtim),
          .changed_ns = ns(status.st_ctim)};
}

}  // namespace coaxd::tftp
