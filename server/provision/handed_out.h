// handed_out.h: what DHCP has told about files: to which address, of which modem, behind which relay, and which name. The engine hands it out with each reply that
// names a file; the TFTP side looks here who asks and what for. What counts is the last reply; whether the address is his whom it told is the lease table's to say
// (requester.h), for a note may be of a reply that was never sent.
//
// Generated names. Anybody on the plant can ask for gold.cm; nobody can ask for abcdefgh2345abcdefgh2345.cm to whom DHCP has not told it. Such a name is the address and 88
// bits that only the seed's owner could foresee, in base 32: it is found again by the address, also when a CMTS asks for the modem. It is good until it has been
// fetched whole or its time is over; a repeated REQUEST gets the same one again, so that it does not matter which of two ACKs the modem has heard.
// All of it is in memory: after a restart modems whose ACK came before it ask DHCP once more, as they do after every failed download (MULPI 3.1 §10.2.5).
//
// A table of fixed size, 512 octets for each address that is to be remembered: a bucket has four places of 256, and half of all are spare; who comes fifth takes the place that was named longest ago. Any thread, everything: a
// bucket is written under its version (odd: somebody writes) and read as lease/slot.h reads its payload: words stored with release, loaded with acquire, the version again.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "server/base/atomic.h"
#include "server/base/hash.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/engine/file_names.h"
#include "server/lease/mapped_memory.h"
#include "server/subscriber/mac.h"

namespace coaxd::provision {

using engine::Handing;
using Nonce = std::array<std::uint8_t, 11>;

// What is remembered of one. Words, so that a copy of it can be taken while somebody writes: the first is where it is found, of the others only those that are in use are
// copied.
class Handed {
 public:
  static constexpr std::uint8_t kUsed = 1, kOldSecret = 2, kFixed = 4, kGenerated = 8;
  static constexpr std::size_t kText = 198;

  Ipv4 address;
  std::uint32_t named_at = 0;
  std::uint64_t hardware = 0, modem = 0;
  Ipv4 giaddr;
  std::uint32_t until = 0;
  std::uint32_t served_at = 0;  // when this modem last had a file whole; 0: never
  Nonce nonce{};
  std::uint8_t flags = 0;       // kGenerated: the nonce was handed out; kUsed: it is used; kOldSecret: the last file was under the former secret; kFixed: Handing::fixed

  std::string_view file() const noexcept { return {text_.data(), file_size_}; }
  std::string_view client_class() const noexcept { return {text_.data() + file_size_, class_size_}; }
  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  // A class that has no room is left out: then a template that wants it says so.
  void set_texts(std::string_view file, std::string_view client_class) noexcept;

 private:
  friend class HandedOut;
  std::size_t words() const noexcept;

  std::uint8_t file_size_ = 0, class_size_ = 0;
  std::array<char, kText> text_{};
};
static_assert(sizeof(Handed) == 248 && std::is_trivially_copyable_v<Handed>);

class HandedOut final : public engine::FileNames {
 public:
  struct Settings {
    bool generated_names = false;
    std::uint32_t name_seconds = 120;
    bool single_download = true;
    std::size_t remembered = std::size_t{1} << 16;
    std::vector<std::string> unasked{};  // names that begin so stay as they are: any modem may fetch them
  };
  static constexpr std::size_t kNameSize = 27;  // 24 digits and ".cm"
  using NameRoom = std::array<char, kLongest>;

  // The seed must be nobody else's: names are made of it.
  HandedOut(const Settings& settings, HashSeed seed);

  void prefetch(Ipv4 address) const noexcept override;
  // Notes it.
  std::string_view hand_out(const Handing& handing, Instant now, std::span<char, kLongest> room) noexcept override;

  bool find(Ipv4 address, Handed& out) const noexcept;
  struct Name {
    Ipv4 address;
    Nonce nonce;
  };
  // Of a generated name; nothing: it is none.
  std::optional<Name> parse(std::string_view name) const noexcept;
  enum class Standing : std::uint8_t { good, unknown, used, expired };
  Standing standing(const Handed& handed, const Nonce& nonce, WallSeconds now) const noexcept;
  // The modem that stood there as `asked` says when it asked has a file whole.
  void served(const Handed& asked, bool old_secret, WallSeconds now) noexcept;

  const Settings& settings() const noexcept { return settings_; }
  std::size_t capacity() const noexcept { return buckets_ * kPlaces; }

 private:
  static constexpr std::size_t kPlaces = 4, kWords = sizeof(Handed) / 8;
  // What is looked at for every place stands in one cache line.
  struct alignas(64) Bucket {
    Atomic<std::uint64_t> version;
    std::array<Atomic<std::uint64_t>, kPlaces> first;
    alignas(64) std::array<std::array<Atomic<std::uint64_t>, kWords - 1>, kPlaces> others;

    std::size_t place_of(Ipv4 address) const noexcept;  // kPlaces: it has none
    std::size_t least() const noexcept;                 // the writer's
    void load(std::size_t place, Handed& out) const noexcept;
    void store(std::size_t place, const Handed& from) noexcept;
  };
  static_assert(sizeof(Bucket) == 1024);
  class Writing;

  Bucket& bucket_of(Ipv4 address) const noexcept;
  bool generates(std::string_view file) const noexcept;
  Nonce fresh_nonce(const Handing& handing) noexcept;

  const Settings settings_;
  const HashSeed seed_;
  const std::size_t buckets_;
  lease::MappedMemory memory_;
  Atomic<std::uint64_t> nonces_{0};
};

}  // namespace coaxd::provision
