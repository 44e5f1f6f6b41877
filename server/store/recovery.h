// recovery.h: what the journals hold that SQLite does not: reads the segments of earlier lives once, at start, makes durable what it
// could read, and keeps the newest change of each address for the walk over SQLite. Main thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/store/fold.h"
#include "server/store/lease_store.h"

namespace coaxd::store {

class Replay {
 public:
  // Reads every segment in `journals` behind its folded batch; sets last_batch and last_segment of each, and makes
  // spares of those of which nothing is needed. The error is an errno.
  std::expected<void, int> run(FileSystem& files, Journals& journals, RecoveryStats& stats);

  struct Change {
    std::uint32_t generation = 0;
    std::uint32_t at = 0;
    std::uint64_t key = 0;
    std::size_t begin = 0;  // of the record's octets
    std::size_t size = 0;
  };
  using Changes = std::unordered_map<std::uint32_t, Change>;  // by address, the latest of each
  const Changes& changes() const noexcept { return changes_; }
  bool decode(const Change& change, DecodedRecord& out) const noexcept;

 private:
  void keep(Bytes octets, const Record& record, std::uint64_t key);
  std::expected<void, int> read_journal(FileSystem& files, JournalCursor& cursor, RecoveryStats& stats);

  Changes changes_;
  std::vector<std::uint8_t> octets_;
};

}  // namespace coaxd::store
