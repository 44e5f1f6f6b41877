#include <array>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "server/base/assert.h"
#include "server/base/crc32c.h"
#include "server/base/hash.h"
#include "server/base/ipv4.h"
#include "server/base/time.h"

namespace coaxd {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
  std::abort();
}

std::optional<Ipv4> Ipv4::parse(std::string_view text) noexcept {
  std::uint32_t value = 0;
  const char* p = text.data();
  const char* end = p + text.size();
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (p == end || *p++ != '.')) return std::nullopt;
    unsigned octet = 0;
    auto [next, error] = std::from_chars(p, end, octet);
    if (error != std::errc{} || octet > 255 || next - p > 3) return std::nullopt;
    value = (value << 8) | octet;
    p = next;
  }
  if (p != end) return std::nullopt;
  return Ipv4{value};
}

int Prefix::length() const noexcept { return std::popcount(mask.value); }

char* format_ipv4(char* out, Ipv4 address) noexcept {
  for (int shift = 24; shift >= 0; shift -= 8) {
    const unsigned octet = (address.value >> shift) & 0xff;
    if (octet >= 100) *out++ = static_cast<char>('0' + octet / 100);
    if (octet >= 10) *out++ = static_cast<char>('0' + octet / 10 % 10);
    *out++ = static_cast<char>('0' + octet % 10);
    if (shift > 0) *out++ = '.';
  }
  return out;
}

std::string to_string(Ipv4 address) {
  char buffer[16];
  return {buffer, format_ipv4(buffer, address)};
}

Instant WallClock::advance(std::int64_t mono_ns, WallSeconds wall_reading) noexcept {
  const WallSeconds expected = base_wall_ + (mono_ns - base_mono_ns_) / 1'000'000'000;
  const WallSeconds difference = wall_reading - expected;
  frozen_ = difference > kStepLimit || difference < -kStepLimit;
  step_ = difference;
  if (!frozen_ && difference != 0) {
    // Follow, but keep the fraction of the monotonic second so that `expected` does not lose time at each correction.
    base_wall_ += difference;
  }
  const WallSeconds current = frozen_ ? expected : wall_reading;
  if (current > last_) last_ = current;  // never backwards: a lease that has expired stays expired
  return {mono_ns, last_};
}

void WallClock::accept_step(std::int64_t mono_ns, WallSeconds wall_reading) noexcept {
  base_mono_ns_ = mono_ns;
  base_wall_ = wall_reading;
  last_ = wall_reading;
  frozen_ = false;
  step_ = 0;
}

namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;
  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
};

template <typename Word>
Word load_le(const std::uint8_t* p) noexcept {
  Word v;
  std::memcpy(&v, p, sizeof v);  // shifted together octet by octet it is a loop of its own to g++ -O2
  if constexpr (std::endian::native == std::endian::big) v = std::byteswap(v);
  return v;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}();

std::uint32_t crc32c_table(Bytes bytes, std::uint32_t crc) noexcept {
  for (std::uint8_t byte : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ byte) & 0xff];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(Bytes bytes, std::uint32_t crc) noexcept {
  const std::uint8_t* p = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t wide = crc;
  for (; left >= 8; left -= 8, p += 8) wide = __builtin_ia32_crc32di(wide, load_le<std::uint64_t>(p));
  crc = static_cast<std::uint32_t>(wide);
  for (; left > 0; --left, ++p) crc = __builtin_ia32_crc32qi(crc, *p);
  return crc;
}
#endif

}  // namespace

std::uint64_t hash_bytes(HashSeed seed, Bytes bytes) noexcept {
  SipState s{seed.k0 ^ 0x736f6d6570736575u, seed.k1 ^ 0x646f72616e646f6du, seed.k0 ^ 0x6c7967656e657261u,
             seed.k1 ^ 0x7465646279746573u};
  const std::uint8_t* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    const std::uint64_t word = load_le<std::uint64_t>(p);
    s.v3 ^= word;
    s.round();
    s.v0 ^= word;
  }
  std::uint64_t tail = std::uint64_t{bytes.size() & 0xff} << 56;
  if (left >= 4) {  // two words that overlap, rather than octet by octet
    tail |= load_le<std::uint32_t>(p) | std::uint64_t{load_le<std::uint32_t>(p + left - 4)} << (8 * (left - 4));
  } else {
    for (std::size_t i = 0; i < left; ++i) tail |= std::uint64_t{p[i]} << (8 * i);
  }
  s.v3 ^= tail;
  s.round();
  s.v0 ^= tail;
  s.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) s.round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

std::uint32_t crc32c(Bytes bytes, std::uint32_t seed) noexcept {
  const std::uint32_t crc = ~seed;
#if defined(__x86_64__)
  static const bool has_sse42 = __builtin_cpu_supports("sse4.2");
  if (has_sse42) return ~crc32c_sse42(bytes, crc);
#endif
  return ~crc32c_table(bytes, crc);
}

}  // namespace coaxd
