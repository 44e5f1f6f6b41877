#include "server/store/record.h"

#include <cstring>

#include "server/base/assert.h"
#include "server/base/crc32c.h"
#include "server/store/little_endian.h"

namespace coaxd::store {
namespace {

// Offsets in the record, as record.h draws it.
constexpr std::size_t kLength = 0;
constexpr std::size_t kCrc = 4;
constexpr std::size_t kKey = 8;  // the first octet that `length` counts
constexpr std::size_t kAddress = 16;
constexpr std::size_t kGeneration = 20;
constexpr std::size_t kAt = 24;
constexpr std::size_t kKind = 28;
constexpr std::size_t kBinding = 29;

// Offsets in the binding part.
constexpr std::size_t kState = 0;
constexpr std::size_t kNext = 1;
constexpr std::size_t kRewind = 2;
constexpr std::size_t kFlags = 3;
constexpr std::size_t kHtype = 4;
constexpr std::size_t kHlen = 5;
constexpr std::size_t kPad = 6;
constexpr std::size_t kTimes = 7;
constexpr std::size_t kChaddr = kTimes + 4 * 4;
constexpr std::size_t kMinBinding = kChaddr + 2;

constexpr std::size_t kMinRecord = kBinding + kMinBinding;
static_assert(kMinRecord + 16 + lease::Binding::kVariableCapacity <= kMaxRecordSize);

// `length` itself is covered too, or a flipped bit in it would move the end of what is checked.
std::uint32_t crc_of(const std::uint8_t* record, std::size_t length) noexcept {
  return crc32c({record + kKey, length}, crc32c({record + kLength, 4}));
}

bool to_state(std::uint8_t octet, lease::BindingState& out) noexcept {
  out = static_cast<lease::BindingState>(octet);
  return octet < static_cast<std::uint8_t>(lease::BindingState::count);
}

}  // namespace

std::size_t encode_binding(MutableBytes out, const lease::Binding& binding) noexcept {
  const Bytes packed = binding.packed();
  const std::size_t size = kMinBinding + binding.hlen + packed.size();
  COAXD_ASSERT(binding.hlen <= binding.chaddr.size() && size <= out.size());
  std::uint8_t* p = out.data();
  p[kState] = static_cast<std::uint8_t>(binding.state);
  p[kNext] = static_cast<std::uint8_t>(binding.next_state);
  p[kRewind] = static_cast<std::uint8_t>(binding.rewind_state);
  p[kFlags] = binding.flags;
  p[kHtype] = binding.htype;
  p[kHlen] = binding.hlen;
  p[kPad] = 0;
  store_le(p + kTimes, binding.starts);
  store_le(p + kTimes + 4, binding.ends);
  store_le(p + kTimes + 8, binding.cltt);
  store_le(p + kTimes + 12, binding.tstp);
  p += kChaddr;
  std::memcpy(p, binding.chaddr.data(), binding.hlen);
  p += binding.hlen;
  store_le(p, static_cast<std::uint16_t>(packed.size()));
  if (!packed.empty()) std::memcpy(p + 2, packed.data(), packed.size());
  return size;
}

bool decode_binding(Bytes in, lease::Binding& out) noexcept {
  if (in.size() < kMinBinding) return false;
  const std::uint8_t* p = in.data();
  if (!to_state(p[kState], out.state) || !to_state(p[kNext], out.next_state) ||
      !to_state(p[kRewind], out.rewind_state)) {
    return false;
  }
  if (p[kHlen] > out.chaddr.size() || p[kPad] != 0) return false;
  if (in.size() < kMinBinding + p[kHlen]) return false;
  out.flags = p[kFlags];
  out.starts = load_le<std::uint32_t>(p + kTimes);
  out.ends = load_le<std::uint32_t>(p + kTimes + 4);
  out.cltt = load_le<std::uint32_t>(p + kTimes + 8);
  out.tstp = load_le<std::uint32_t>(p + kTimes + 12);
  out.set_hardware(p[kHtype], in.subspan(kChaddr, p[kHlen]));
  const std::size_t packed = kChaddr + p[kHlen];
  if (in.size() != packed + 2 + load_le<std::uint16_t>(p + packed)) return false;
  return out.set_packed(in.subspan(packed + 2));
}

std::size_t encode_record(MutableBytes out, std::uint64_t segment_key, Ipv4 address,
                          std::uint32_t generation, std::uint32_t at, Record::Kind kind,
                          const lease::Binding& binding) noexcept {
  COAXD_ASSERT(out.size() >= kMaxRecordSize);
  std::uint8_t* p = out.data();
  const std::size_t size = kBinding + encode_binding(out.subspan(kBinding), binding);
  store_le(p + kLength, static_cast<std::uint32_t>(size - kKey));
  store_le(p + kKey, segment_key);
  store_le(p + kAddress, address.value);
  store_le(p + kGeneration, generation);
  store_le(p + kAt, at);
  p[kKind] = static_cast<std::uint8_t>(kind);
  store_le(p + kCrc, crc_of(p, size - kKey));
  return size;
}

std::optional<RecordError> decode_record(Bytes in, std::uint64_t segment_key,
                                         DecodedRecord& out) noexcept {
  if (in.size() < kKey) return in.empty() ? RecordError::end : RecordError::torn;
  const std::uint8_t* p = in.data();
  const auto length = load_le<std::uint32_t>(p + kLength);
  const auto crc = load_le<std::uint32_t>(p + kCrc);
  // Both zero: a length of which only the low octet was lost must not look like the end.
  if (length == 0 && crc == 0) return RecordError::end;
  if (length < kMinRecord - kKey || length > kMaxRecordSize - kKey) return RecordError::torn;
  if (in.size() < kKey + length || crc != crc_of(p, length)) return RecordError::torn;
  if (load_le<std::uint64_t>(p + kKey) != segment_key) return RecordError::torn;

  const std::uint8_t kind = p[kKind];
  if (kind < static_cast<std::uint8_t>(Record::Kind::binding) ||
      kind > static_cast<std::uint8_t>(Record::Kind::erased)) {
    return RecordError::malformed;
  }
  out.size = kKey + length;
  out.record.kind = static_cast<Record::Kind>(kind);
  out.record.address = Ipv4{load_le<std::uint32_t>(p + kAddress)};
  out.record.generation = load_le<std::uint32_t>(p + kGeneration);
  out.record.at = load_le<std::uint32_t>(p + kAt);
  if (!decode_binding(in.subspan(kBinding, out.size - kBinding), out.record.binding)) {
    return RecordError::malformed;
  }
  return std::nullopt;
}

void rekey_record(MutableBytes record, std::uint64_t segment_key) noexcept {
  std::uint8_t* p = record.data();
  store_le(p + kKey, segment_key);
  store_le(p + kCrc, crc_of(p, load_le<std::uint32_t>(p + kLength)));
}

std::size_t record_size(Bytes in) noexcept {
  return kKey + load_le<std::uint32_t>(in.data() + kLength);
}

std::uint64_t record_key(Bytes in) noexcept { return load_le<std::uint64_t>(in.data() + kKey); }

}  // namespace coaxd::store
