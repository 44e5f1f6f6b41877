// sim_disk.h: a disk in memory that behaves as badly as a real one may: what was not synced is kept, kept in part (torn at 512 octets) or lost
// when the power goes; names last only once their directory was synced; it runs full; the Nth operation fails; and after a failed
// sync the data looks written but is not (Linux marks the pages clean). Equal seeds give equal misfortune. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "server/store/disk.h"
#include "server/store/posix_disk.h"

namespace coaxd::store {

class SimDisk final : public FileSystem {
 public:
  static constexpr std::size_t kSector = 512;

  explicit SimDisk(std::uint64_t seed) : random_(seed) {}

  // --- misfortune ---
  void crash();  // power cut; open handles are dead afterwards
  void kill();   // the process only: nothing is forgotten
  void set_capacity(std::uint64_t octets) { capacity_ = octets; }
  // The nth operation from now (1: the next) fails; `lasting`: it and all after it, until heal().
  void fail_at(std::uint64_t nth, int error, bool lasting = false);
  void heal() { fail_at_ = 0; }
  // Operations that change something: writes, syncs, names. What crash tests count.
  std::uint64_t operations() const { return operations_; }
  std::uint64_t used() const;

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
  // For SQLite (sim_vfs.h).
  std::expected<void, int> truncate(FileHandle file, std::uint64_t size);
  bool exists(const std::string& path) const { return names_.contains(path); }

 private:
  struct Inode {
    std::vector<std::uint8_t> live;
    std::vector<std::uint8_t> durable;
    std::set<std::size_t> dirty;  // sectors of `live` not in `durable`
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  struct NameChange {
    std::string erased;  // empty: none
    std::string set;     // empty: none
    std::shared_ptr<Inode> inode;
  };

  int begin_operation();  // 0 or the error it is to fail with
  Inode* inode_of(FileHandle file);
  void forget(Inode& inode);
  void keep_sector(Inode& inode, std::size_t sector) const;
  static void apply(Names& names, const NameChange& change);
  bool coin() { return (random_() & 1) != 0; }

  std::mt19937_64 random_;
  Names names_, durable_names_;
  std::vector<NameChange> unsynced_names_;
  std::map<FileHandle, std::shared_ptr<Inode>> open_;
  FileHandle next_handle_ = 3;
  std::uint64_t capacity_ = ~std::uint64_t{0};
  std::uint64_t operations_ = 0;
  std::uint64_t fail_at_ = 0;
  int fail_error_ = 0;
  bool fail_lasting_ = false;
};

// A worker's asynchronous half: nothing happens until step() says so.
class SimAsyncDisk final : public AsyncDisk {
 public:
  explicit SimAsyncDisk(SimDisk& disk) : disk_(disk) {}

  void write(FileHandle file, std::uint64_t offset, Bytes data, bool sync, std::uint64_t token) override;
  bool idle() const { return waiting_.empty() && completions_.empty(); }
  // Carries out the oldest write (and its sync). False: there is none.
  bool step();
  std::optional<DiskCompletion> poll();

 private:
  struct Write {
    FileHandle file;
    std::uint64_t offset;
    Bytes data;
    bool sync;
    std::uint64_t token;
  };
  SimDisk& disk_;
  std::deque<Write> waiting_;
  std::deque<DiskCompletion> completions_;
};

}  // namespace coaxd::store
