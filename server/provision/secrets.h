// secrets.h: the keys that CMTSs share with us, under which modem files are sealed. One file, which nobody but the server may read:
//
//     # CMTS           key             while it is being changed
//     *                "north-hub-7"
//     10.64.0.0/16     "south"         old "former key" until 2026-12-01T06:00Z
//     10.65.0.1        0x6b657939      extended "of TLV 43.6 alone"
//
// `*` is for all that no other line is for; of several prefixes the longest counts. A prefix stands for the relay's address (giaddr), which is the CMTS's; where
// that is not known, for the address that asks. "" says that the CMTS has none.
//
// A change of keys. What we send is under one key, so somebody has to be first. Ours is the new one, at once; but during the time that `until` gives, a modem that comes
// back within kComeBack seconds of a whole file has evidently not been let in with it, and gets the old one, and so on in turn. So a plant is moved CMTS by CMTS in any
// order, with or without a secondary key there (`cable shared-secondary-secret`), and at most one registration of each modem is refused.
//
// A message names the line and never shows it. Keys are wiped when the last worker has let them go.
// load() is the control thread's; the rest is a value, any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docsis/binary.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"

namespace coaxd::provision {

// What a file is sealed with. Cannot be copied: there is one place to wipe.
class SealKey {
 public:
  SealKey(std::uint64_t id, docsis::Seal seal) noexcept : id_(id), seal_(std::move(seal)) {}
  SealKey(const SealKey&) = delete;
  SealKey& operator=(const SealKey&) = delete;
  ~SealKey();

  std::uint64_t id() const noexcept { return id_; }  // never that of another key
  const docsis::Seal& seal() const noexcept { return seal_; }

 private:
  const std::uint64_t id_;
  docsis::Seal seal_;
};

class Secrets {
 public:
  static constexpr std::size_t kLongestKey = 64, kLargestFile = 64 << 10;
  static constexpr WallSeconds kComeBack = 600;

  struct Entry {
    Prefix cmts;
    std::unique_ptr<const SealKey> key, old;
    WallSeconds until = 0;  // of the old one
    unsigned line = 0;

    // The old key while it may still be needed; null: it is over.
    const SealKey* old_at(WallSeconds now) const noexcept { return old != nullptr && now < until ? old.get() : nullptr; }
  };

  // One empty key for all: there is no file.
  static std::shared_ptr<const Secrets> none(std::uint64_t& next_id);
  // `next_id` goes on with each key; `user` is whom the server runs as, now or once it is started. The error is one line a problem: where, what, and what to do.
  static std::expected<std::shared_ptr<const Secrets>, std::string> load(const std::string& path, uid_t user, std::uint64_t& next_id);
  static std::expected<std::shared_ptr<const Secrets>, std::string> parse(std::string_view text, std::string_view name, std::uint64_t& next_id);

  const Entry* find(Ipv4 cmts) const noexcept;  // null: no line is for it
  const std::vector<Entry>& entries() const noexcept { return entries_; }

 private:
  std::vector<Entry> entries_;  // the longest prefix first
};

// "2026-12-01T06:00Z", with or without seconds.
std::optional<WallSeconds> parse_utc(std::string_view text) noexcept;
// "10.1.0.0/16" or one address; no bits beyond the prefix's length.
std::optional<Prefix> parse_prefix(std::string_view text) noexcept;

}  // namespace coaxd::provision
