// command_options.h: the words of the command line as a value. Pure, any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "docsis/binary.h"
#include "docsis/tlv.h"

namespace coaxd::docsis {

enum class Action : std::uint8_t { encode, decode, check, diff, verify, tlvs, help, version };

struct CommandOptions {
  Action action = Action::help;
  std::vector<std::string_view> files;  // to read
  std::vector<std::string_view> keys;   // of encode the one, of verify all that are tried; none: an MTA file
  std::string_view output;              // of encode a file, of `many` the new extension

  bool mta = false;           // -p
  bool many = false;          // -m
  bool numeric_oids = false;  // -o
  bool dial_plan = false;     // -dialplan
  bool hide_hash = false;     // -nohash
  MtaHash hash = MtaHash::none;
  std::optional<std::string_view> mib_directories;  // -M

  bool compat = false;
  bool quiet = false;
  bool json = false;
  bool native_text = false;
  DynamicAddress address = DynamicAddress::ip4;  // --ipv6
  std::optional<Release> release;
  struct Variable {
    std::string_view name, value;
  };
  std::vector<Variable> variables;  // --set
};

inline constexpr int kUsageStatus = 246;
// What is wrong with the words, and what they could be.
std::expected<CommandOptions, std::string> parse_words(std::span<const std::string_view> words);

std::string_view usage() noexcept;

}  // namespace coaxd::docsis
