// pdu.h: what is asked of an agent, and what it answers, as values: nothing of net-snmp is in them. Any thread.
// Source: RFC 3416 §3 (PDUs, error-status), RFC 1157 §4.1 (those of v1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ipv4.h"
#include "snmp/oid.h"

namespace coaxd::snmp {

struct Value {
  enum class Type : std::uint8_t {
    null,
    absent,       // noSuchInstance: v2c and v3 say so where v1 refuses the whole request
    unsupported,  // noSuchObject
    integer,
    number,  // Unsigned32, Gauge32, Counter32, TimeTicks
    octets,
    object_id,
    address,
    other,
  };

  Type type = Type::null;
  std::int64_t number = 0;  // integer, number, address
  std::string octets{};
  Oid object_id{};

  static Value of_integer(std::int64_t value) { return {.type = Type::integer, .number = value}; }
  static Value of_octets(std::string value) { return {.type = Type::octets, .octets = std::move(value)}; }

  Ipv4 address() const noexcept { return {static_cast<std::uint32_t>(number)}; }
  bool is_number() const noexcept { return type == Type::integer || type == Type::number; }
  bool operator==(const Value&) const = default;
};

struct Varbind {
  Oid name;
  Value value{};
  bool operator==(const Varbind&) const = default;
};

struct Pdu {
  enum class Type : std::uint8_t { get, set };
  Type type = Type::get;
  std::vector<Varbind> varbinds;
};

struct Answer {
  enum class Type : std::uint8_t {
    response,
    silent,       // nothing in time, all resends included
    not_sent,     // the socket would not: no route, for instance
    not_trusted,  // v3: the agent does not know the user, or the key is another; `text` says which
  };
  Type type = Type::silent;
  int error = 0;        // error-status of a response
  std::size_t at = 0;   // error-index: 1 is the first varbind, 0 none
  std::vector<Varbind> varbinds{};
  std::string text{};

  static constexpr int kNoSuchName = 2;
  // Of that OID; null: it is not in the answer, or says that there is none.
  const Value* find(const Oid& name) const noexcept {
    for (const Varbind& varbind : varbinds)
      if (varbind.name == name && varbind.value.type > Value::Type::unsupported) return &varbind.value;
    return nullptr;
  }
};

// "notWritable"; "error 99" for numbers of no RFC.
std::string error_text(int error);
// The agent cannot at present: asking later may do. Other errors are for good.
bool is_passing(int error) noexcept;

}  // namespace coaxd::snmp
