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

std::string_view write_name(Ipv4 address, const Nonce& nonce, std::span<char, HandedOut::kLongest> room) noexcept {
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
  return {room.data(), HandedOut::kNameSize};
}

// The first word of a Handed.
struct Key {
  Ipv4 address;
  std::uint32_t named_at;
};
Key key_of(std::uint64_t word) noexcept {
  Key key;
  std::memcpy(static_cast<void*>(&key), &word, sizeof key);
  return key;
}
static_assert(sizeof(Key) == 8);

std::uint32_t stored(WallSeconds at) noexcept { return static_cast<std::uint32_t>(std::clamp<WallSeconds>(at, 0, kNever)); }

}  // namespace

void Handed::set_texts(std::string_view file, std::string_view client_class) noexcept {
  if (client_class.size() > kText - file.size()) client_class = {};
  file_size_ = static_cast<std::uint8_t>(file.copy(text_.data(), file.size()));
  class_size_ = static_cast<std::uint8_t>(client_class.copy(text_.data() + file_size_, client_class.size()));
}

// No more than there are, also of sizes from the middle of a change.
std::size_t Handed::words() const noexcept { return std::min((sizeof(Handed) - kText + file_size_ + class_size_ + 7) / 8, sizeof(Handed) / 8); }

// --- a bucket ---

std::size_t HandedOut::Bucket::place_of(Ipv4 address) const noexcept {
  std::size_t place = 0;
  while (place < kPlaces && key_of(first[place].load(std::memory_order_acquire)).address != address) ++place;
  return place;
}

void HandedOut::Bucket::load(std::size_t place, Handed& out) const noexcept {
  std::array<std::uint64_t, kWords> words;
  std::size_t count = 0;
  const auto copy = [&](std::size_t up_to) {
    for (; count < up_to; ++count) words[count] = (count == 0 ? first[place] : others[place][count - 1]).load(std::memory_order_acquire);  // pairs with store()
    std::memcpy(static_cast<void*>(&out), words.data(), count * 8);
  };
  copy((sizeof(Handed) - Handed::kText + 7) / 8);
  copy(out.words());
}

void HandedOut::Bucket::store(std::size_t place, const Handed& from) noexcept {
  std::array<std::uint64_t, kWords> words;
  const std::size_t count = from.words();
  std::memcpy(words.data(), &from, count * 8);
  // Pairs with load(): who has read one of them sees our version.
  first[place].store(words[0], std::memory_order_release);
  for (std::size_t i = 1; i < count; ++i) others[place][i - 1].store(words[i], std::memory_order_release);
}

// An empty place, or the one that was named longest ago.
std::size_t HandedOut::Bucket::least() const noexcept {
  std::size_t least = 0;
  std::uint32_t named_at = 0xffffffff;
  for (std::size_t place = 0; place < kPlaces; ++place) {
    const Key key = key_of(first[place].load(std::memory_order_relaxed));
    if (key.address.is_zero()) return place;
    if (key.named_at >= named_at) continue;
    named_at = key.named_at;
    least = place;
  }
  return least;
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

 private:
  Bucket& bucket_;
  std::uint64_t version_ = 0;
};

// Half of the places stay free: with as many addresses as are to be remembered, four in a hundred find all their places taken.
HandedOut::HandedOut(const Settings& settings, HashSeed seed)
    : settings_(settings), seed_(seed), buckets_(std::clamp<std::size_t>(settings.remembered / 2, 1, 0xffffffff)), memory_(buckets_ * sizeof(Bucket)) {
  memory_.populate();
}

HandedOut::Bucket& HandedOut::bucket_of(Ipv4 address) const noexcept {
  // Pools are long runs and lie at round distances: after this (Stafford's mix of 64 bits) nothing of that is left. Addresses are ours to give, so nobody aims at a bucket.
  std::uint64_t hash = address.value * std::uint64_t{0x9e3779b97f4a7c15};
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
  return memory_.as<Bucket>()[(hash >> 32) * buckets_ >> 32];
}

bool HandedOut::find(Ipv4 address, Handed& out) const noexcept {
  if (address.is_zero()) return false;
  const Bucket& bucket = bucket_of(address);
  for (unsigned attempt = 0;; wait_a_moment(attempt++)) {
    const std::uint64_t version = bucket.version.load(std::memory_order_acquire);  // pairs with Writing's end
    if ((version & 1) != 0) continue;
    const std::size_t place = bucket.place_of(address);
    if (place < kPlaces) bucket.load(place, out);
    if (bucket.version.load(std::memory_order_relaxed) == version) return place < kPlaces;
  }
}

// --- names ---

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

void HandedOut::prefetch(Ipv4 address) const noexcept { __builtin_prefetch(&bucket_of(address), 1); }

bool HandedOut::generates(std::string_view file) const noexcept {
  return settings_.generated_names && std::ranges::none_of(settings_.unasked, [&](const std::string& prefix) { return file.starts_with(prefix); });
}

std::string_view HandedOut::hand_out(const Handing& handing, Instant now, std::span<char, kLongest> room) noexcept {
  if (handing.file.empty() || handing.file.size() > kLongest || handing.address.is_zero()) return handing.file;
  Handed next;
  next.address = handing.address;
  next.named_at = stored(now.wall);
  next.hardware = handing.hardware.value;
  next.modem = handing.modem.value;
  next.giaddr = handing.giaddr;
  next.until = stored(handing.until);
  next.flags = handing.fixed ? Handed::kFixed : 0;
  next.set_texts(handing.file, handing.client_class);
  const bool generated = generates(handing.file);
  {
    Bucket& bucket = bucket_of(handing.address);
    const Writing writing(bucket);
    const std::size_t place = bucket.place_of(handing.address);
    Handed former;
    if (place < kPlaces) bucket.load(place, former);
    const bool same = place < kPlaces && former.hardware == next.hardware;
    if (same) {
      next.served_at = former.served_at;
      if (next.giaddr.is_zero()) next.giaddr = former.giaddr;  // RFC 2131 §4.3.2: a renewal comes without its relay
      next.flags = static_cast<std::uint8_t>(next.flags | (former.flags & Handed::kOldSecret));
    }
    if (generated) {
      const bool again = same && former.file() == handing.file && standing(former, former.nonce, now.wall) == Standing::good;
      next.nonce = again ? former.nonce : fresh_nonce(handing);
      next.flags |= Handed::kGenerated;
    }
    bucket.store(place < kPlaces ? place : bucket.least(), next);
  }
  return generated ? write_name(next.address, next.nonce, room) : handing.file;
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
  if (!handed.has(Handed::kGenerated) || handed.nonce != nonce) return Standing::unknown;
  if (settings_.single_download && handed.has(Handed::kUsed)) return Standing::used;
  // A clock that was set back makes no name older than it is.
  return now - WallSeconds{handed.named_at} > WallSeconds{settings_.name_seconds} ? Standing::expired : Standing::good;
}

void HandedOut::served(const Handed& asked, bool old_secret, WallSeconds now) noexcept {
  if (asked.address.is_zero()) return;
  Bucket& bucket = bucket_of(asked.address);
  const Writing writing(bucket);
  const std::size_t place = bucket.place_of(asked.address);
  if (place == kPlaces) return;
  Handed handed;
  bucket.load(place, handed);
  if (handed.nonce != asked.nonce || handed.hardware != asked.hardware) return;  // DHCP has told something else since
  handed.served_at = stored(now);
  handed.flags = static_cast<std::uint8_t>((handed.flags & ~Handed::kOldSecret) | Handed::kUsed | (old_secret ? Handed::kOldSecret : 0));
  bucket.store(place, handed);
}

}  // namespace coaxd::provision
