// disk.h: the file operations that the store needs, as an interface, so that the simulation's disk can forget what was not synced, run
// full and fail the Nth write. Two users with two rhythms: a worker's journal must never wait (asynchronous half, completions are
// polled by the owner's loop), recovery and the fold thread may (blocking half). SQLite has its own VFS and does not come here.
// Real ones: io/uring_disk.h (on the worker's ring), store/posix_disk.h (blocking; asynchronous half completes at once).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "server/base/bytes.h"

namespace coaxd::store {

using FileHandle = int;

// One asynchronous disk per worker; only its worker calls it.
class AsyncDisk {
 public:
  virtual ~AsyncDisk() = default;
  // Writes all of `data` at `offset` and, if `sync`, makes data and size durable after it (fdatasync). The octets must stay as they are until
  // the completion with this token has been delivered: result 0, or -errno (of the write or the sync).
  virtual void write(FileHandle file, std::uint64_t offset, Bytes data, bool sync, std::uint64_t token) = 0;
};

// Blocking half. Errors are errno values.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual std::expected<FileHandle, int> create(const std::string& path, std::uint64_t preallocate) = 0;  // exclusive, zero-filled
  virtual std::expected<FileHandle, int> open(const std::string& path, bool writable) = 0;
  virtual std::expected<std::uint64_t, int> size(FileHandle file) = 0;
  virtual std::expected<std::size_t, int> read(FileHandle file, std::uint64_t offset, MutableBytes out) = 0;
  // The first `size` octets as they stand, for as long as the pointer is held, the file closed or not. What cannot be read back from the disk
  // ends the process: for octets that read() has just delivered, and not while packets are served.
  virtual std::expected<std::shared_ptr<const std::uint8_t>, int> map(FileHandle file, std::uint64_t size) = 0;
  virtual std::expected<void, int> write(FileHandle file, std::uint64_t offset, Bytes data) = 0;
  virtual std::expected<void, int> sync(FileHandle file) = 0;
  virtual void close(FileHandle file) = 0;
  virtual std::expected<void, int> rename(const std::string& from, const std::string& to) = 0;
  virtual std::expected<void, int> remove(const std::string& path) = 0;
  virtual std::expected<void, int> sync_directory(const std::string& path) = 0;
  virtual std::expected<std::vector<std::string>, int> list(const std::string& directory) = 0;
  // By how many octets files there can still grow.
  virtual std::expected<std::uint64_t, int> room(const std::string& directory) = 0;
};

}  // namespace coaxd::store
