// static_files.h: the files below one folder, as a FileSource. Whatever name a stranger sends, nothing outside the folder is opened: a leading / means the folder, as
// does the folder's own path (old dhcpd.confs say /tftpboot/gold.cm), `..` is refused, and so is a link that leads out of it (openat2(2), RESOLVE_BENEATH; where the kernel lacks it, any link).
//
// Small files are kept in memory, up to a bound, those used last; within `recheck` of the last look at it a file is served without a system call, and
// after that it is the same while device, inode, size and times are. Larger ones are read block by block through one descriptor that all their transfers share:
// mmap would end the process if such a file were cut short. A file that is replaced by rename(2) is never mixed with its successor.
// One thread; what it hands out is any thread's.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <expected>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/tftp/files.h"

namespace coaxd::tftp {

struct StaticFilesSettings {
  std::size_t memory = 64 << 20;            // for contents, with kEntryCost for each file
  std::uint64_t largest_in_memory = 1 << 20;
  std::size_t open_files = 64;              // larger ones that stay open
  Millis recheck{1000};
  bool for_everybody_only = true;           // as tftpd-hpa: a file that others may not read (o+r) is not for strangers
  bool openat2 = true;                      // false: as where the kernel lacks it
};

class StaticFiles final : public FileSource {
 public:
  static constexpr std::size_t kEntryCost = 512;

  // The error is errno of opening the folder.
  static std::expected<std::unique_ptr<StaticFiles>, int> make(const std::string& root, const StaticFilesSettings& settings);
  ~StaticFiles();

  FileAnswer open(const FileQuery& query) override;

  std::size_t cached_files() const noexcept { return entries_.size(); }
  std::size_t memory() const noexcept { return memory_; }  // what the cache holds; transfers may hold more that it has given up
  std::uint64_t loads() const noexcept { return loads_; }

 private:
  // What makes a file another one.
  struct Identity {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;
    bool operator==(const Identity&) const noexcept = default;
  };
  struct Entry {
    std::string name{};
    Identity identity{};
    std::int64_t checked_ns = 0;
    std::shared_ptr<const Contents> contents{};
    std::size_t cost = 0;
    bool open = false;  // it keeps a descriptor
  };
  using Entries = std::list<Entry>;  // the last used first

  StaticFiles(int fd, std::string root, const StaticFilesSettings& settings);
  std::expected<std::string_view, ErrorCode> path_of(std::string_view name) const noexcept;
  static Identity identity_of(const struct stat& status) noexcept;
  std::expected<Entries::iterator, ErrorCode> look(std::string_view path, std::int64_t now_ns);
  bool load(Entry& entry, int fd);
  FileAnswer serve(Entries::iterator entry) noexcept;
  Entries::iterator insert(Entry entry);
  void erase(Entries::iterator entry);

  const int root_;
  const std::string prefix_;  // the folder's own path with a / behind it
  StaticFilesSettings settings_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_name_;  // views of Entry::name
  std::size_t memory_ = 0, open_ = 0;
  std::uint64_t loads_ = 0;
};

}  // namespace coaxd::tftp
