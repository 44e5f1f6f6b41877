#include "server/store/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace coaxd::store {
namespace {

using Done = std::expected<void, int>;

Done done(int result) {
  if (result < 0) return std::unexpected(errno);
  return {};
}

// Repeats a system call that a signal has interrupted.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Zeroes are written, not only reserved: on ext4 and XFS the first write into a reserved ("unwritten") extent changes metadata, and then
// every fdatasync of the journal would pay for a file system transaction as well. Each piece is synced, or the next batch of a worker would
// wait behind all of them.
Done fill_with_zeroes(PosixFileSystem& files, FileHandle file, std::uint64_t size) {
  static constexpr std::size_t kChunk = 1 << 20;
  if (const int error = ::posix_fallocate(file, 0, static_cast<off_t>(size)); error != 0) {
    return std::unexpected(error);  // ENOSPC at once, rather than after half of it
  }
  const auto zeroes = std::make_unique<std::uint8_t[]>(kChunk);
  for (std::uint64_t at = 0; at < size; at += kChunk) {
    const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, size - at));
    if (auto written = files.write(file, at, {zeroes.get(), n}); !written) return written;
    if (auto synced = files.sync(file); !synced) return synced;
  }
  return {};
}

}  // namespace

PosixFileSystem& PosixFileSystem::instance() {
  static PosixFileSystem files;
  return files;
}

std::expected<FileHandle, int> PosixFileSystem::create(const std::string& path, std::uint64_t preallocate) {
  const int file = uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640); });
  if (file < 0) return std::unexpected(errno);
  if (preallocate > 0) {
    if (auto filled = fill_with_zeroes(*this, file, preallocate); !filled) {
      ::close(file);
      ::unlink(path.c_str());
      return std::unexpected(filled.error());
    }
  }
  return file;
}

std::expected<FileHandle, int> PosixFileSystem::open(const std::string& path, bool writable) {
  const int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;
  const int file = uninterrupted([&] { return ::open(path.c_str(), flags); });
  if (file < 0) return std::unexpected(errno);
  return file;
}

std::expected<std::uint64_t, int> PosixFileSystem::size(FileHandle file) {
  struct stat status {};
  if (::fstat(file, &status) < 0) return std::unexpected(errno);
  return static_cast<std::uint64_t>(status.st_size);
}

std::expected<std::size_t, int> PosixFileSystem::read(FileHandle file, std::uint64_t offset, MutableBytes out) {
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t n = uninterrupted([&] {
      return ::pread(file, out.data() + have, out.size() - have, static_cast<off_t>(offset + have));
    });
    if (n < 0) return std::unexpected(errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  return have;
}

std::expected<std::shared_ptr<const std::uint8_t>, int> PosixFileSystem::map(FileHandle file, std::uint64_t size) {
  const auto length = static_cast<std::size_t>(size);
  void* octets = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, file, 0);
  if (octets == MAP_FAILED) return std::unexpected(errno);
  return std::shared_ptr<const std::uint8_t>(static_cast<const std::uint8_t*>(octets),
                                             [octets, length](const std::uint8_t*) { ::munmap(octets, length); });
}

Done PosixFileSystem::write(FileHandle file, std::uint64_t offset, Bytes data) {
  while (!data.empty()) {
    const ssize_t n =
        uninterrupted([&] { return ::pwrite(file, data.data(), data.size(), static_cast<off_t>(offset)); });
    if (n < 0) return std::unexpected(errno);
    if (n == 0) return std::unexpected(EIO);
    data = data.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

// fdatasync also makes the size durable (it is needed to read the data back); times are not our business.
Done PosixFileSystem::sync(FileHandle file) { return done(::fdatasync(file)); }

void PosixFileSystem::close(FileHandle file) { ::close(file); }

Done PosixFileSystem::rename(const std::string& from, const std::string& to) {
  return done(std::rename(from.c_str(), to.c_str()));
}

Done PosixFileSystem::remove(const std::string& path) { return done(::unlink(path.c_str())); }

Done PosixFileSystem::sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return std::unexpected(errno);
  const Done result = done(::fsync(directory));
  ::close(directory);
  return result;
}

std::expected<std::uint64_t, int> PosixFileSystem::room(const std::string& directory) {
  struct statvfs state {};
  if (::statvfs(directory.c_str(), &state) != 0) return std::unexpected(errno);
  return std::uint64_t{state.f_bavail} * state.f_frsize;
}

std::expected<std::vector<std::string>, int> PosixFileSystem::list(const std::string& directory) {
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) return std::unexpected(errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  const int error = errno;
  ::closedir(stream);
  if (error != 0) return std::unexpected(error);
  std::ranges::sort(names);
  return names;
}

void PosixDisk::write(FileHandle file, std::uint64_t offset, Bytes data, bool sync, std::uint64_t token) {
  PosixFileSystem& files = PosixFileSystem::instance();
  Done result = files.write(file, offset, data);
  if (result && sync) result = files.sync(file);
  completions_.push_back({token, result ? 0 : -result.error()});
}

std::optional<DiskCompletion> PosixDisk::poll() {
  if (completions_.empty()) return std::nullopt;
  const DiskCompletion completion = completions_.front();
  completions_.pop_front();
  return completion;
}

}  // namespace coaxd::store
