// varbind.h: the value of SnmpMibObject (TLV 11; in MTA files also 64): SEQUENCE { OBJECT IDENTIFIER, value } in BER.
// RFC 3416 §3, X.690. Values only, any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "docsis/oid.h"
#include "docsis/tree.h"

namespace coaxd::docsis {

// The tags of RFC 2578 §7.1, as they stand in the octets.
enum class SnmpType : std::uint8_t {
  integer = 0x02,
  octet_string = 0x04,
  object_id = 0x06,
  ip_address = 0x40,
  counter32 = 0x41,
  gauge32 = 0x42,  // Unsigned32 is the same
  time_ticks = 0x43,
  opaque = 0x44,
  counter64 = 0x46,
};

struct Varbind {
  Oid name;
  SnmpType type = SnmpType::integer;
  Octets contents;  // of the value, BER, without tag and length
};

// How lengths are written. X.690 §8.1.3.5 lets a sender choose; modems read all of them.
enum class LengthForm : std::uint8_t {
  shortest,
  utility,  // byte for byte as the `docsis` utility, whose lengths are illegal now and then (reference: docsis, varbinds)
  compatible,  // the utility's wherever that is legal, else the shortest
};

Octets contents_of_integer(std::int64_t value);     // two's complement, shortest
Octets contents_of_unsigned(std::uint64_t value);   // a leading 00 when the top bit is set
void append_integer(std::int64_t value, Octets& out);
void append_unsigned(std::uint64_t value, Octets& out);
std::optional<std::int64_t> integer_of(Bytes contents) noexcept;
std::optional<std::uint64_t> unsigned_of(Bytes contents) noexcept;

// The whole TLV value. Nothing: the name cannot be written in BER.
std::optional<Octets> encode(const Varbind& varbind, LengthForm form);
// The same behind what is in `out`, from a name that is in BER already: its contents octets, of `arcs` arcs. Allocates only what `out` needs.
void append_varbind(Bytes name, std::size_t arcs, SnmpType type, Bytes contents, LengthForm form, Octets& out);
// The reason when it is none: "ends within the name", "has octets behind its value". Accepts every legal form of length, and the utility's.
std::expected<Varbind, std::string_view> decode_varbind(Bytes octets);

}  // namespace coaxd::docsis
