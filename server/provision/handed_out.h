// handed_out.h: what DHCP has told about files: to which address, of which modem, behind which relay, and which name. The engine notes it with each reply that
// names a file; the TFTP side looks there who asks and what for. The note is of the last reply: an OFFER's goes with it, since no address with a lease is offered.
//
// Generated names. Anybody on the plant can ask for gold.cm; nobody can ask for abcdefgh2345abcdefgh2345.cm to whom DHCP has not told it. Such a name is the address and 88
// bits that only the seed's owner could foresee, in base 32: it is found again by the address, also when a CMTS asks for the modem. It is good until it has been
// fetched whole or its time is over; a repeated REQUEST gets the same one again, so that it does not matter which of two ACKs the modem has heard.
// All of it is in memory: after a restart modems whose ACK came before it ask DHCP once more, as they do after every failed download (MULPI 3.1 §10.2.5).
//
// A table of fixed size, four places for a bucket of addresses; who comes fifth takes the place that was named longest ago. Any thread, everything: a bucket is
// written under its version (odd: somebody writes) and read as lease/slot.h reads its payload: words stored with release, loaded with acquire, the version again.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "server/base/atomic.h"
#include "server/base/hash.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/lease/mapped_memory.h"
#include "server/subscriber/mac.h"

namespace coaxd::provision {

// A reply of DHCP that names a file.
struct Handing {
  Ipv4 address, giaddr;
  subscriber::Mac hardware{};  // chaddr
  subscriber::Mac modem{};     // it, or the one that it is behind (option 82.2)
  WallSeconds until = 0;       // of the lease
  bool fixed = false;          // the address is a host's of the configuration, and no lease of the table
  std::string_view file;       // as the configuration has it: 1 to 128 octets
  std::string_view client_class{};
};

using Nonce = std::array<std::uint8_t, 11>;

// What is remembered of it. Words, so that a copy of it can be taken while somebody writes.
class Handed {
 public:
  static constexpr std::uint8_t kUsed = 1, kOldSecret = 2, kFixed = 4;
  static constexpr std::size_t kText = 206;

  Ipv4 address, giaddr;
  std::uint64_t hardware = 0, modem = 0;
  std::uint32_t until = 0, named_at = 0;
  std::uint32_t served_at = 0;  // when this modem last had a file whole; 0: never
  Nonce nonce{};
  std::uint8_t flags = 0;       // kUsed: of the nonce; kOldSecret: the last file was under the former secret; kFixed: Handing::fixed

  std::string_view file() const noexcept { return {text_.data(), file_size_}; }
  std::string_view client_class() const noexcept { return {text_.data() + file_size_, class_size_}; }
  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  // What has no room is left out: then a template that wants it says so.
  void set_texts(std::string_view file, std::string_view client_class) noexcept;

 private:
  std::uint8_t file_size_ = 0, class_size_ = 0;
  std::array<char, kText> text_{};
};
static_assert(sizeof(Handed) == 256 && std::is_trivially_copyable_v<Handed>);

class HandedOut {
 public:
  struct Settings {
    bool generated_names = false;
    std::uint32_t name_seconds = 120;
    bool single_download = true;
    std::size_t remembered = std::size_t{1} << 16;
  };
  static constexpr std::size_t kNameSize = 27;  // 24 digits and ".cm"
  using NameRoom = std::array<char, kNameSize>;

  // The seed must be nobody else's: names are made of it.
  HandedOut(const Settings& settings, HashSeed seed);

  // Notes it. The name that the reply is to have: Handing::file, or a generated one in `room`.
  std::string_view hand_out(const Handing& handing, Instant now, NameRoom& room) noexcept;

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
  std::size_t capacity() const noexcept { return (mask_ + 1) * kPlaces; }

 private:
  static constexpr std::size_t kPlaces = 4, kWords = sizeof(Handed) / 8;
  struct alignas(64) Bucket {
    Atomic<std::uint64_t> version;
    std::array<std::array<Atomic<std::uint64_t>, kWords>, kPlaces> places;
  };
  class Writing;

  Bucket& bucket_of(Ipv4 address) const noexcept;
  static Ipv4 address_in(const std::array<Atomic<std::uint64_t>, kWords>& place) noexcept;
  static void load(const std::array<Atomic<std::uint64_t>, kWords>& place, Handed& out) noexcept;
  static void store(const Handed& from, std::array<Atomic<std::uint64_t>, kWords>& place) noexcept;
  Nonce fresh_nonce(const Handing& handing) noexcept;

  const Settings settings_;
  const HashSeed seed_;
  const std::size_t mask_;
  lease::MappedMemory memory_;
  Atomic<std::uint64_t> nonces_{0};
};

}  // namespace coaxd::provision
