// record.h: one committed change of one binding, and its octets in the journal. The format exists here once; journal writer, fold
// thread and recovery include it. Any thread.
//
//   record:   u32 length (of what follows the crc) | u32 crc32c (of length and what follows) | u64 segment key |
//             u32 address | u32 generation | u32 at (wall seconds of the change) | u8 kind | u8 state, next, rewind, flags, htype, hlen, 0 |
//             u32 starts, ends, cltt, tstp | u8 chaddr[hlen] | u16 packed size | packed[...]      little endian throughout
// The segment key (drawn per segment file, stored at its head) makes records of an earlier life of a recycled file invalid.
#pragma once

#include <cstdint>
#include <optional>

#include "server/base/bytes.h"
#include "server/base/ipv4.h"
#include "server/lease/binding.h"

namespace coaxd::store {

struct Record {
  enum class Kind : std::uint8_t {
    binding = 1,  // the client's own change: ACK, RELEASE, DECLINE, expiry
    erased = 2,   // the operator deleted the lease
  };
  Kind kind = Kind::binding;
  Ipv4 address;
  std::uint32_t generation = 0;
  std::uint32_t at = 0;
  lease::Binding binding;
};

inline constexpr std::size_t kMaxRecordSize = 1100;

// Generations are 27 bits wide and wrap (lease_table.h), so "later" is a question of distance: half the circle, 67 million changes of
// one address, separates a wrap from a stale record.
inline constexpr std::uint32_t kGenerationMask = 0x07ffffff;
constexpr bool is_later(std::uint32_t generation, std::uint32_t than) noexcept {
  const std::uint32_t distance = (generation - than) & kGenerationMask;
  return distance != 0 && distance <= kGenerationMask / 2;
}

// The part of a record from `state` to its end; SQLite keeps the same octets (docs/store-schema.md).
std::size_t encode_binding(MutableBytes out, const lease::Binding& binding) noexcept;
// False when these octets are not exactly one binding.
bool decode_binding(Bytes in, lease::Binding& out) noexcept;

// Octets written; out must have kMaxRecordSize.
std::size_t encode_record(MutableBytes out, std::uint64_t segment_key, Ipv4 address, std::uint32_t generation, std::uint32_t at,
                          Record::Kind kind, const lease::Binding& binding) noexcept;

enum class RecordError : std::uint8_t {
  end,        // a zero length: nothing was written here
  torn,       // length, CRC or key do not fit: the tail of a crash, or damage
  malformed,  // CRC is right but the content is not: a bug or another version
};
struct DecodedRecord {
  Record record;
  std::size_t size = 0;
};
// Reads one record at the head of `in`; `out` is complete only if nothing is returned.
std::optional<RecordError> decode_record(Bytes in, std::uint64_t segment_key, DecodedRecord& out) noexcept;

// Moves an encoded record under another segment's key: a batch that did not fit its segment goes to the next one.
void rekey_record(MutableBytes record, std::uint64_t segment_key) noexcept;
// Octets of the (valid) record at the head of `in`, and the key it is valid under.
std::size_t record_size(Bytes in) noexcept;
std::uint64_t record_key(Bytes in) noexcept;
inline constexpr std::size_t kRecordHeadSize = 16;  // which both are read from

}  // namespace coaxd::store
