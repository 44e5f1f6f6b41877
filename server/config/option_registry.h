// option_registry.h: the option spaces and definitions of one configuration: the predefined ones (wire/option_table.h), those
// the file adds with `option space` and `option X code N = ...`, and dhcpd's parameters, which are options of the space `server`
// just as in dhcpd (so `if`, `default` and `= EXPR` work on them alike). The space `modem` is ours (wire/cable_device.h): its options are
// read out of what a device says of itself, and never sent; a file that declares the space defines what it needs of it, so that dhcpd
// loads it too (where it is null). Definitions live as long as the registry; pointers to
// them are stable. Built by the parser, immutable afterwards, then any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/wire/option_table.h"

namespace coaxd::config {

struct OptionSpace;

struct OptionDefinition {
  OptionSpace* space = nullptr;
  std::uint32_t code = 0;
  std::string name;
  std::string format;  // see wire/option_table.h; parameters also T, U, N and k (option_registry.cc)
  OptionSpace* encapsulates = nullptr;  // for formats that contain E
  bool predefined = false;
  bool synthesized = false;  // made for `unknown-N`
};

struct OptionSpace {
  std::string name;
  std::uint32_t index = 0;  // dense, for per-packet tables; those of OptionRegistry are fixed
  std::uint8_t code_width = 1;
  std::uint8_t length_width = 1;
  std::unordered_map<std::string, OptionDefinition*> by_name;  // lower-cased
  std::unordered_map<std::uint32_t, OptionDefinition*> by_code;  // the later definition owns the code (dhcpd-compat 4.1)
};

class OptionRegistry {
 public:
  static constexpr std::uint32_t kDhcp = 0, kAgent = 1, kServer = 2, kModem = 3;

  OptionRegistry();
  OptionRegistry(const OptionRegistry&) = delete;
  OptionRegistry& operator=(const OptionRegistry&) = delete;

  OptionSpace* find_space(std::string_view name) const;
  OptionSpace& add_space(std::string_view name, std::uint8_t code_width, std::uint8_t length_width);
  // `option space NAME`: of ours by that name the definitions go, for those of the file.
  void declare_space(std::string_view name, std::uint8_t code_width, std::uint8_t length_width);
  OptionDefinition& define(OptionSpace& space, std::string_view name, std::uint32_t code, std::string format,
                           OptionSpace* encapsulates);
  // Only what was defined by that name.
  OptionDefinition* find_named(const OptionSpace& space, std::string_view name) const;
  // Also makes a definition of type X for the name unknown-N.
  OptionDefinition* find(OptionSpace& space, std::string_view name);
  // Also makes one (unknown-N, type X) for a code nobody defined.
  const OptionDefinition& by_code(OptionSpace& space, std::uint32_t code);

  // All that was ever defined, in that order: those that have lost their name or code to a later one as well.
  const std::deque<OptionDefinition>& definitions() const { return definitions_; }

  // Whether options of `inner` are sent inside `outer`, however deep.
  bool holds(const OptionSpace& outer, const OptionSpace& inner) const;

  OptionSpace& space(std::uint32_t index) { return spaces_[index]; }
  const OptionSpace& space(std::uint32_t index) const { return spaces_[index]; }
  std::uint32_t space_count() const { return static_cast<std::uint32_t>(spaces_.size()); }

 private:
  std::deque<OptionSpace> spaces_;
  std::deque<OptionDefinition> definitions_;
};

}  // namespace coaxd::config
