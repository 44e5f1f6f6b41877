// report.h: what is wanted of a modem or a CPE, and what has come of it. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "snmp/cmts_kinds.h"
#include "snmp/modem_state.h"

namespace coaxd::snmp {

struct Request {
  Act act = Act::reset_modem;
  Mac mac;                // of the modem; of the CPE with forget_cpe
  Ipv4 relay{};           // giaddr of its last message: which CMTS
  Ipv4 modem_address{};   // where the modem itself can be told to reset; 0: it cannot
};

enum class Outcome : std::uint8_t {
  pending,  // goes on being tried
  done,     // the CMTS or the modem has said so; or there was nothing to do
  refused,  // said so, by all that could have done it; or nobody could
  unknown,  // it may have been done: an answer was lost, or never came
};
std::string_view to_string(Outcome outcome) noexcept;

struct Report {
  std::uint64_t id = 0;  // of later posts higher
  Act act = Act::reset_modem;
  Mac mac;
  Ipv4 relay{};
  std::string cmts{};  // its address; "": no row is for the relay
  Outcome outcome = Outcome::pending;
  std::string reason{};     // of `pending`, what went wrong so far; else how it ended
  unsigned tries = 0;       // requests sent for it
  Instant posted{};
  Instant sent{};           // the first SET; 0: none was
  Instant ended{};
  WallSeconds proven = 0;   // the modem's DISCOVER after it; 0: not seen
  std::optional<ModemState> state{};  // of modem_state
};
std::string to_json(const Report& report);

// How a CMTS has been answering.
struct CmtsReport {
  std::string address;
  std::string_view kind;   // "cisco"
  std::string_view model;  // "uBR7246VXR", or ""
  std::string description{};  // sysDescr
  bool known = false;      // has answered who it is
  unsigned failures = 0;   // in a row, without an answer
  WallSeconds heard = 0;   // its last answer
  std::size_t pending = 0;
};
std::string to_json(const CmtsReport& report);

}  // namespace coaxd::snmp
