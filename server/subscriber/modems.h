// modems.h: the modem records as they are changed: by the operator (set, erase: coaxctl, the control API), and by what the workers see.
// A change is durable before set() or erase() returns, and every worker's next packet sees it; no packet waits for it. What was seen (times,
// capabilities, the file) is in memory at once and in the store some seconds later: after a crash the last of it is missing.
//
// Threads: all of it is the owner's (the control thread); workers read table() through their Readers. Errors are sentences for the operator.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/subscriber/modem_table.h"

namespace coaxd::subscriber {

// Where records survive: server/store/modem_rows.h.
class ModemStore {
 public:
  enum class Kind : std::uint8_t {
    put,   // the whole record, new or again
    seen,  // only what was seen of it
    erase,
  };
  struct Row {
    Kind kind = Kind::put;
    const Modem* modem = nullptr;  // of an erased one only the MAC counts
  };
  virtual ~ModemStore() = default;
  // How many rows could not be read: somebody has edited the file.
  virtual std::expected<std::uint64_t, std::string> load_modems(const std::function<void(Modem)>& use) = 0;
  // All of them or none, durable when it returns. `patient`: an operator waits, so it is tried again for a while when somebody has locked the store.
  virtual std::expected<void, std::string> write_modems(std::span<const Row> rows, bool patient) = 0;
};

class Modems {
 public:
  // Modems that nobody has set, only seen: so many are remembered. Some 400 octets each.
  static constexpr std::size_t kMostSeen = 1'000'000;

  Modems(ModemStore& store, HashSeed seed) : store_(store), table_(seed) {}

  std::expected<std::uint64_t, std::string> load();  // how many could not be read
  ModemTable& table() noexcept { return table_; }

  struct Setting {
    Mac mac;
    ModemChange change;
  };
  // Each makes its record if there is none. All are taken over, or none and the error is of the first that is wrong.
  std::expected<void, std::string> set(std::span<const Setting> settings, WallSeconds now);
  // False: there is no such record. What is still seen of the modem makes it again, without profile and variables.
  std::expected<bool, std::string> erase(Mac mac);
  std::optional<Modem> get(Mac mac) const;
  std::size_t size() const noexcept { return table_.size(); }
  std::vector<Mac> all() const;  // ascending: for a list that is made piece by piece with get()

  // Once a second: takes over what the workers saw, and stores some of it.
  void tick();
  // All of it: at the end, when the workers have stopped.
  std::expected<void, std::string> store_what_was_seen();
  // Why it could not be stored last; "" when it could.
  const std::string& ailment() const noexcept { return ailment_; }

 private:
  static Modem as_it_is(const ModemTable::Record& record);
  void collect();
  void take_over(const Sighting& sighting);
  std::expected<void, std::string> write(std::vector<Modem>& modems, ModemStore::Kind kind);
  void store_fresh();
  bool store_seen(std::size_t records);

  ModemStore& store_;
  ModemTable table_;
  std::vector<Mac> fresh_;  // sightings that are not stored yet
  std::size_t place_ = 0;   // where the round through the records is that looks for times to be stored
  std::string ailment_;
};

}  // namespace coaxd::subscriber
