// leases_file.h: reads dhcpd.leases, the file that the operator comes with, and decides what of it is newer than the store. Tolerant block by
// block: one that cannot be read is listed with its line and the rest is read; the last block of an address wins, as in dhcpd.
// Main thread; a million leases are kept packed. Source: dhcpd-compat §14; dhcpd.leases(5).
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/store/lease_store.h"
#include "server/store/record.h"

namespace coaxd::store {

struct LeasesRemark {
  unsigned line = 0;
  std::string text;
};

// What is not a lease: hosts made by OMAPI, classes, groups, the state of a failover pair.
struct LeasesDeclaration {
  enum class Kind : std::uint8_t { host, group, class_, subclass, failover_state };
  Kind kind = Kind::host;
  unsigned line = 0;
  std::string name;   // subclass: of the class
  std::string data;   // subclass: its data as written
  std::string body;   // between the braces, as written
  bool deleted = false;
};
std::string_view to_string(LeasesDeclaration::Kind) noexcept;
// What becomes of it, as a sentence for the log and for -T; "" when nobody needs to know.
std::string fate_of(const LeasesDeclaration& declaration);

class LeasesFile {
 public:
  // `now` decides about leases without a state (§14.4).
  static LeasesFile parse(std::string_view text, WallSeconds now);
  // Error: the file cannot be opened or read; a damaged one can.
  static std::expected<LeasesFile, StoreError> read(const std::string& path, WallSeconds now);

  // Addresses, each with its last readable block.
  std::size_t size() const noexcept { return leases_.size(); }
  bool find(Ipv4 address, lease::Binding& out) const;
  void for_each(const std::function<void(Ipv4, const lease::Binding&)>& visit) const;

  // Blocks that were not read. Each may be the last word about an address: not to be passed over without a word.
  const std::vector<LeasesRemark>& damaged() const noexcept { return damaged_; }
  // Statements that were left out of blocks that were read.
  const std::vector<LeasesRemark>& notes() const noexcept { return notes_; }
  const std::vector<LeasesDeclaration>& declarations() const noexcept { return declarations_; }
  // Every block that is read and is no lease, as it is written: dhcpd needs it again when it comes back. Without the state of its failover pair
  // it waits for the partner and answers nobody; hosts made by OMAPI and server-duid exist nowhere else.
  const std::string& others() const noexcept { return others_; }

 private:
  friend class LeasesReader;
  std::unordered_map<std::uint32_t, std::string> leases_;  // encode_binding()
  std::vector<LeasesRemark> damaged_, notes_;
  std::vector<LeasesDeclaration> declarations_;
  std::string others_;
};

// When something last happened to a lease: the client's last transaction, or the start where there was none (old files, abandoned ones).
lease::StoredTime last_event(const lease::Binding& binding) noexcept;

struct CommittedLease {
  std::uint32_t generation = 0;
  lease::StoredTime last_event = 0;
};
// Calls `take` with a record, ready for LeaseStore::import(), for each lease of the file that was ever used and that happened later than what the
// store has (`committed`; nothing: the store does not know the address). Equal times: the store's stays. Returns how many.
std::size_t merge_by_cltt(const LeasesFile& file, const std::function<std::optional<CommittedLease>(Ipv4)>& committed,
                          WallSeconds now, const std::function<void(const Record&)>& take);

}  // namespace coaxd::store
