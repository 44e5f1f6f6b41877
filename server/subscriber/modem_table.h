// modem_table.h: the modem records as the workers read them: by MAC, without a lock, while one thread changes them.
//
// Threads: put(), erase(), find(), collect(), next() are the owner's (the control thread). Each other thread has a Reader of its own; read() and the
// notes of a Reader are that thread's, wait for nobody and allocate nothing. A record is constant once it is in the table and is replaced
// as a whole, so a reader sees one version of it. What was taken out is freed when no reader can have it any more: a reader shows in `at_`
// the epoch in which it began, each removal begins a new epoch, and what was removed in epoch E waits while any reader is in E or an
// earlier one. All of this is in the single order of sequentially consistent accesses: a reader whose mark we did not see looks at
// the table after we took the record out.
//
// When a modem was seen is the only thing that changes in place: its Seen, shared by all versions of its record.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/atomic.h"
#include "server/base/bytes.h"
#include "server/base/hash.h"
#include "server/base/spsc_queue.h"
#include "server/base/time.h"
#include "server/subscriber/modem.h"
#include "server/wire/cable_device.h"

namespace coaxd::subscriber {

// Written by whoever sees the modem. Each is true by itself; the mark comes after the time that it is for.
struct Seen {
  Atomic<std::uint32_t> dhcp{0}, file{0};         // seconds since 1970; 0: never
  std::array<Atomic<std::uint64_t>, 3> said{};    // hashes of the texts of a Sighting, as the record has them
  Atomic<std::uint64_t> file_name{0};
  Atomic<bool> to_be_stored{false};
};

// What a worker saw that no record says yet: a modem without a record, other capabilities, another file.
struct Sighting {
  enum class Kind : std::uint8_t { dhcp, file } kind = Kind::dhcp;
  Mac mac;
  WallSeconds at = 0;
  // Options 60 and 43, and TLV 5 of 125; or the file's name alone. At most 255 octets each.
  std::array<std::uint8_t, 3> sizes{};
  std::array<char, 765> octets;

  std::string_view text(std::size_t index) const noexcept {
    std::size_t before = 0;
    for (std::size_t i = 0; i < index; ++i) before += sizes[i];
    return {octets.data() + before, sizes[index]};
  }
};
using Texts = std::array<std::string_view, 3>;

class ModemTable {
 public:
  struct Record {
    Modem modem;  // its times are those of `seen`: read them there
    std::shared_ptr<Seen> seen;
  };

  explicit ModemTable(HashSeed seed);
  ~ModemTable();  // after all its readers
  ModemTable(const ModemTable&) = delete;
  ModemTable& operator=(const ModemTable&) = delete;

  class Reader {
   public:
    // Sightings that wait for collect(): a second's worth of modems that nobody has seen before.
    static constexpr std::size_t kQueue = 1024;

    explicit Reader(ModemTable& table);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // Calls `use(const Modem&)` if there is a record. The record lives until `use` returns, which must not read() again.
    template <typename Use>
    bool read(Mac mac, Use&& use) noexcept {
      const Visit visit(*this);
      const Record* record = table_.look_up(mac);
      if (record == nullptr) return false;
      use(record->modem);
      return true;
    }

    // A DISCOVER or REQUEST of the modem. `vouched`: by its CMTS (option 82.2); a modem without a record gets one then.
    void note_dhcp(Mac mac, WallSeconds now, const wire::DeviceSays& said, bool vouched) noexcept;
    // A configuration file that it fetched whole.
    void note_file(Mac mac, WallSeconds now, std::string_view name) noexcept;
    // Sightings that found no room: the modem's next message makes them again.
    std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

   private:
    friend class ModemTable;
    struct Visit {
      explicit Visit(Reader& reader) noexcept : at(reader.at_) { at.store(reader.table_.epoch_.load()); }
      ~Visit() { at.store(0, std::memory_order_release); }  // pairs with reclaim(): we have read all that we wanted
      Atomic<std::uint64_t>& at;
    };
    void report(Sighting::Kind kind, Mac mac, WallSeconds now, const Texts& texts) noexcept;

    ModemTable& table_;
    alignas(64) Atomic<std::uint64_t> at_{0};  // the epoch of the visit in progress; 0: none
    Atomic<std::uint64_t> lost_{0};
    SpscQueue<Sighting> sightings_{kQueue};
  };

  // --- the owner's ---
  void put(Modem modem);  // replaces the record there is; its Seen stays, and is moved on where the modem's times are later
  bool erase(Mac mac);
  const Record* find(Mac mac) const noexcept { return look_up(mac); }  // until the next put() or erase() of that MAC
  std::size_t size() const noexcept { return size_; }
  // What the readers saw, oldest first of each.
  void collect(const std::function<void(const Sighting&)>& use);
  // The records one after another, in no order: `place` begins at 0; null when a round is complete, and `place` is 0 again. What is put
  // meanwhile may be missed or come twice.
  const Record* next(std::size_t& place) const noexcept;
  std::uint64_t lost() const noexcept;
  std::uint64_t hash_of(std::string_view text) const noexcept;

 private:
  struct alignas(32) Slot {
    Atomic<std::uint64_t> key{0};  // MAC with kUsed; stays where its record was erased
    Atomic<const Record*> record{nullptr};
    Atomic<Seen*> seen{nullptr};   // of the record, lives as long: whoever only notes a time does not fetch the record
  };
  struct Slots {
    explicit Slots(std::size_t count) : mask(count - 1), slots(std::make_unique<Slot[]>(count)) {}
    const std::size_t mask;
    const std::unique_ptr<Slot[]> slots;
  };
  static constexpr std::uint64_t kUsed = std::uint64_t{1} << 48;

  Slot* slot_of(const Slots& in, Mac mac) const noexcept;  // where it is, or would be
  const Record* look_up(Mac mac) const noexcept;
  Seen* seen_of(Mac mac) const noexcept;
  void grow();
  template <typename T>
  void retire(std::vector<std::pair<std::uint64_t, std::unique_ptr<const T>>>& list, const T* what);
  void reclaim();

  const HashSeed seed_;
  Atomic<const Slots*> slots_;
  Atomic<std::uint64_t> epoch_{1};
  std::size_t size_ = 0, keys_ = 0;  // records, and slots with a key
  mutable std::mutex readers_mutex_;  // coming, going, being counted: never while reading
  std::vector<Reader*> readers_;
  std::vector<std::pair<std::uint64_t, std::unique_ptr<const Record>>> old_records_;
  std::vector<std::pair<std::uint64_t, std::unique_ptr<const Slots>>> old_slots_;
};

}  // namespace coaxd::subscriber
