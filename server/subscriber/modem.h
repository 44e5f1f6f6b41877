// modem.h: what is known of one modem: what the operator has set (profile, variables), and what was seen of it. A value, any thread.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/time.h"
#include "server/subscriber/mac.h"

namespace coaxd::subscriber {

struct Variable {
  std::string name, text;
  friend bool operator==(const Variable&, const Variable&) = default;
};

struct Modem {
  Mac mac{};
  std::string profile{};              // empty: none
  std::vector<Variable> variables{};  // ascending by name
  WallSeconds changed = 0;            // by the operator; 0: never, it was only seen
  // Seen:
  WallSeconds dhcp_seen = 0;          // its last DISCOVER or REQUEST; 0: never
  WallSeconds file_served = 0;        // its last configuration file
  std::string file{};                 // and the name of that
  // Options 60 and 43 as last received, and TLV 5 of option 125: octets, out of which device_text() reads.
  std::string vendor_class{}, vendor_options{}, capabilities{};

  std::optional<std::string_view> variable(std::string_view name) const noexcept;
  friend bool operator==(const Modem&, const Modem&) = default;
};

// A value of wire/cable_device.h as text for people: what cannot be printed is a `?`. Empty when the modem has not said.
std::string device_text(const Modem& modem, std::uint8_t code);

// What is to be different. A variable of no text is removed; those that are not named stay.
struct ModemChange {
  std::optional<std::string> profile{};
  std::vector<Variable> variables{};
};

// A profile is a word of template files and expressions, a variable's name one of templates' ${NAME}; texts have no control characters.
inline constexpr std::size_t kLongestProfile = 64, kLongestName = 64, kLongestText = 255, kMostVariables = 64;
// The error is one sentence: what is wrong, and what is right.
std::expected<Modem, std::string> changed(Modem modem, const ModemChange& change, WallSeconds now);

}  // namespace coaxd::subscriber
