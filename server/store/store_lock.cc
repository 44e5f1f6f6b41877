#include "server/store/store_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "server/store/posix_disk.h"
#include "server/store/replaced_file.h"

namespace coaxd::store {
namespace {

// 0: it cannot be told.
int holder_of(int file) {
  std::array<char, 16> text{};
  const ssize_t n = ::pread(file, text.data(), text.size(), 0);
  int pid = 0;
  if (n > 0) std::from_chars(text.data(), text.data() + n, pid);
  return pid;
}

std::unexpected<StoreError> failure(int error, std::string message) {
  return std::unexpected(StoreError{error, std::move(message)});
}

}  // namespace

StoreLock::~StoreLock() {
  if (file_ >= 0) ::close(file_);
}

std::expected<StoreLock, StoreError> StoreLock::acquire(const std::string& store_path, const std::string& directory) {
  const std::string parent = directory_of(store_path);
  if (::mkdir(directory.c_str(), 0750) == 0) {
    (void)PosixFileSystem::instance().sync_directory(parent);
  } else if (errno != EEXIST) {
    return failure(errno, fmt::format("cannot create {}: {}; the store's directory {} must exist and be writable for this user",
                                      directory, std::strerror(errno), parent));
  }
  const std::string path = directory + "/lock";
  StoreLock lock;
  lock.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock.file_ < 0) {
    return failure(errno, fmt::format("cannot open {}: {}; it must be writable for this user", path, std::strerror(errno)));
  }
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failure(errno, fmt::format("cannot lock {}: {}", path, std::strerror(errno)));
    const int pid = holder_of(lock.file_);
    return failure(EWOULDBLOCK, pid > 0 ? fmt::format("store {} is locked by another coaxd (pid {}): stop that one, or give this one a leases file of its own (-lf)",
                                                      store_path, pid)
                                        : fmt::format("store {} is locked by another coaxd: stop that one", store_path));
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.file_, 0) != 0 || ::pwrite(lock.file_, pid.data(), pid.size(), 0) < 0) {
    return failure(errno, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  }
  return lock;
}

}  // namespace coaxd::store
