// posix_disk.h: the real disk, blocking. PosixFileSystem serves recovery and the fold thread (any thread, it has no state); PosixDisk is
// an AsyncDisk whose write() does the work at once, for servers without io_uring, tools and tests: the owner drains poll() afterwards.
#pragma once

#include <deque>
#include <optional>

#include "server/store/disk.h"

namespace coaxd::store {

class PosixFileSystem final : public FileSystem {
 public:
  // The one that StoreOptions.files == nullptr means.
  static PosixFileSystem& instance();

  std::expected<FileHandle, int> create(const std::string& path, std::uint64_t preallocate) override;
  std::expected<FileHandle, int> open(const std::string& path, bool writable) override;
  std::expected<std::uint64_t, int> size(FileHandle file) override;
  std::expected<std::size_t, int> read(FileHandle file, std::uint64_t offset, MutableBytes out) override;
  std::expected<std::shared_ptr<const std::uint8_t>, int> map(FileHandle file, std::uint64_t size) override;
  std::expected<void, int> write(FileHandle file, std::uint64_t offset, Bytes data) override;
  std::expected<void, int> sync(FileHandle file) override;
  void close(FileHandle file) override;
  std::expected<void, int> rename(const std::string& from, const std::string& to) override;
  std::expected<void, int> remove(const std::string& path) override;
  std::expected<void, int> sync_directory(const std::string& path) override;
  std::expected<std::vector<std::string>, int> list(const std::string& directory) override;
  std::expected<std::uint64_t, int> room(const std::string& directory) override;
};

struct DiskCompletion {
  std::uint64_t token = 0;
  int result = 0;
};

class PosixDisk final : public AsyncDisk {
 public:
  void write(FileHandle file, std::uint64_t offset, Bytes data, bool sync, std::uint64_t token) override;
  // The oldest completion not yet taken. Never delivered from inside write(): no recursion into the journal.
  std::optional<DiskCompletion> poll();

 private:
  std::deque<DiskCompletion> completions_;
};

}  // namespace coaxd::store
