#include "server/provision/handed_out.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace coaxd::provision {
namespace {

constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648 §6, in small letters: no two look alike
constexpr std::string_view kSuffix = ".cm";
constexpr std::size_t kOctets = 15, kLetters = 24;
static_assert(kLetters + kSuffix.size() == HandedOut::kNameSize && kOctets * 8 == kLetters * 5);

void write_name(Ipv4 address, const Nonce& nonce, HandedOut::NameRoom& room) noexcept {
  std::array<std::uint8_t, kOctets> octets;
  store_be32(octets.data(), address.value);
  std::ranges::copy(nonce, octets.begin() + 4);
  std::uint32_t bits = 0;
  int held = 0;
  auto* out = room.data();
  for (const std::uint8_t octet : octets) {
    bits = bits << 8 | octet;
    for (held += 8; held >= 5; held -= 5) *out++ = kDigits[bits >> (held - 5) & 31];
  }
  std::ranges::copy(kSuffix, out);
}

std::uint32_t stored(WallSeconds at) noexcept { return static_cast<std::uint32_t>(std::clamp<WallSeconds>(at, 0, kNever)); }

}  // namespace

void Handed::set_texts(std::string_view file, std::string_view client_class) noexcept {
  if (file.size() > kText) file = {};
  if (client_class.size() > kText - file.size()) client_class = {};
  file_size_ = static_cast<std::uint8_t>(file.copy(text_.data(), file.size()));
  class_size_ = static_cast<std::uint8_t>(client_class.copy(text_.data() + file_size_, client_class.size()));
}

// Right to change a bucket.
class HandedOut::Writing {
 public:
  explicit Writing(Bucket& bucket) noexcept : bucket_(bucket) {
    for (unsigned attempt = 0;; wait_a_moment(attempt++)) {
      version_ = bucket_.version.load(std::memory_order_relaxed);
      // Pairs with the store below: we see what the last writer wrote.
      if ((version_ & 1) == 0 && bucket_.version.compare_exchange_weak(version_, version_ + 1, std::memory_order_acquire, std::memory_order_relaxed)) return;
    }
  }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;
  ~Writing() { bucket_.version.store(version_ + 2, std::memory_order_release); }

  // The place of this address; null: it has none.
  std::array<Atomic<std::uint64_t>, kWords>* find(Ipv4 address) noexcept {
    for (auto& place : bucket_.places)
      if (address_in(place) == address) return &place;
    return nullptr;
  }
  // An empty one, or the one that was named longest ago.
  std::array<Atomic<std::uint64_t>, kWords>& least() noexcept {
    auto* least = &bucket_.places[0];
    std::uint32_t named_at = 0xffffffff;
    for (auto& place : bucket_.places) {
      Handed handed;
      load(place, handed);
      if (handed.address.is_zero()) return place;
      if (handed.named_at < named_at) {
        named_at = handed.named_at;
        least = &place;
      }
    }
    return *least;
  }

 private:
  Bucket& bucket_;
  std::uint64_t version_ = 0;
};

HandedOut::HandedOut(const Settings& settings, HashSeed seed)
    : settings_(settings), seed_(seed), mask_(std::bit_ceil(std::max<std::size_t>(settings.remembered, kPlaces) / kPlaces) - 1), memory_((mask_ + 1) * sizeof(Bucket)) {}

HandedOut::Bucket& HandedOut::bucket_of(Ipv4 address) const noexcept {
  // Addresses are ours to give, so nobody aims at a bucket; neighbours are to be spread.
  const std::uint64_t hash = address.value * std::uint64_t{0x9e3779b97f4a7c15};
  return memory_.as<Bucket>()[(hash >> 32) & mask_];
}

Ipv4 HandedOut::address_in(const std::array<Atomic<std::uint64_t>, kWords>& place) noexcept {
  const std::uint64_t word = place[0].load(std::memory_order_acquire);
  std::uint32_t address;
  std::memcpy(&address, &word, sizeof address);
  return {address};
}

void HandedOut::load(const std::array<Atomic<std::uint64_t>, kWords>& place, Handed& out) noexcept {
  std::array<std::uint64_t, kWords> words;
  for (std::size_t i = 0; i < kWords; ++i) words[i] = place[i].load(std::memory_order_acquire);  // pairs with store()
  std::memcpy(static_cast<void*>(&out), words.data(), sizeof out);
}

void HandedOut::store(const Handed& from, std::array<Atomic<std::uint64_t>, kWords>& place) noexcept {
  std::array<std::uint64_t, kWords> words;
  std::memcpy(words.data(), &from, sizeof from);
  for (std::size_t i = 0; i < kWords; ++i) place[i].store(words[i], std::memory_order_release);  // pairs with load(): who has read one of them sees our version
}

bool HandedOut::find(Ipv4 address, Handed& out) const noexcept {
  if (address.is_zero()) return false;
  const Bucket& bucket = bucket_of(address);
  for (unsigned attempt = 0;; wait_a_moment(attempt++)) {
    const std::uint64_t version = bucket.version.load(std::memory_order_acquire);  // pairs with Writing's end
    if ((version & 1) != 0) continue;
    bool found = false;
    for (const auto& place : bucket.places) {
      if (address_in(place) != address) continue;
      load(place, out);
      found = true;
      break;
    }
    if (bucket.version.load(std::memory_order_relaxed) == version) return found;
  }
}

Nonce HandedOut::fresh_nonce(const Handing& handing) noexcept {
  struct {
    std::uint64_t number, hardware;
    std::uint32_t address, half;
  } input{nonces_.fetch_add(1, std::memory_order_relaxed), handing.hardware.value, handing.address.value, 0};
  const auto hash = [&] { return hash_bytes(seed_, {reinterpret_cast<const std::uint8_t*>(&input), sizeof input}); };
  const std::uint64_t first = hash();
  input.half = 1;
  const std::uint64_t second = hash();
  Nonce nonce;
  std::memcpy(nonce.data(), &first, sizeof first);
  std::memcpy(nonce.data() + sizeof first, &second, nonce.size() - sizeof first);
  return nonce;
}

std::string_view HandedOut::hand_out(const Handing& handing, Instant now, NameRoom& room) noexcept {
  if (handing.file.empty() || handing.address.is_zero()) return handing.file;
  Handed next;
  next.address = handing.address;
  next.giaddr = handing.giaddr;
  next.hardware = handing.hardware.value;
  next.modem = handing.modem.value;
  next.until = stored(handing.until);
  next.named_at = stored(now.wall);
  next.flags = handing.fixed ? Handed::kFixed : 0;
  next.set_texts(handing.file, handing.client_class);
  {
    Writing writing(bucket_of(handing.address));
    auto* place = writing.find(handing.address);
    Handed former;
    if (place != nullptr) load(*place, former);
    const bool same = place != nullptr && former.hardware == next.hardware;
    if (same) {
      next.served_at = former.served_at;
      if (next.giaddr.is_zero()) next.giaddr = former.giaddr;  // RFC 2131 §4.3.2: a renewal comes without its relay
      next.flags = static_cast<std::uint8_t>(next.flags | (former.flags & Handed::kOldSecret));
    }
    if (settings_.generated_names) {
      const bool again = same && former.file() == handing.file && standing(former, former.nonce, now.wall) == Standing::good;
      next.nonce = again ? former.nonce : fresh_nonce(handing);
    }
    store(next, place != nullptr ? *place : writing.least());
  }
  if (!settings_.generated_names) return handing.file;
  write_name(next.address, next.nonce, room);
  return {room.data(), room.size()};
}

std::optional<HandedOut::Name> HandedOut::parse(std::string_view name) const noexcept {
  if (!settings_.generated_names || name.size() != kNameSize || !name.ends_with(kSuffix)) return std::nullopt;
  std::array<std::uint8_t, kOctets> octets;
  std::uint32_t bits = 0;
  int held = 0;
  auto out = octets.begin();
  for (const char letter : name.substr(0, kLetters)) {
    const std::size_t digit = kDigits.find(letter);
    if (digit == kDigits.npos) return std::nullopt;
    bits = bits << 5 | static_cast<std::uint32_t>(digit);
    if (held += 5; held >= 8) *out++ = static_cast<std::uint8_t>(bits >> (held -= 8));
  }
  Name found{{load_be32(octets.data())}, {}};
  std::copy_n(octets.begin() + 4, found.nonce.size(), found.nonce.begin());
  return found;
}

HandedOut::Standing HandedOut::standing(const Handed& handed, const Nonce& nonce, WallSeconds now) const noexcept {
  if (handed.nonce != nonce) return Standing::unknown;
  if (settings_.single_download && handed.has(Handed::kUsed)) return Standing::used;
  // A clock that was set back makes no name older than it is.
  return now - WallSeconds{handed.named_at} > WallSeconds{settings_.name_seconds} ? Standing::expired : Standing::good;
}

void HandedOut::served(const Handed& asked, bool old_secret, WallSeconds now) noexcept {
  if (asked.address.is_zero()) return;
  Writing writing(bucket_of(asked.address));
  auto* place = writing.find(asked.address);
  if (place == nullptr) return;
  Handed handed;
  load(*place, handed);
  if (handed.nonce != asked.nonce || handed.hardware != asked.hardware) return;  // DHCP has told something else since
  handed.served_at = stored(now);
  handed.flags = static_cast<std::uint8_t>((handed.flags & Handed::kFixed) | Handed::kUsed | (old_secret ? Handed::kOldSecret : 0));
  store(handed, *place);
}

}  // namespace coaxd::provision
