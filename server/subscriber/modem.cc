#include "server/subscriber/modem.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "server/wire/cable_device.h"

namespace coaxd::subscriber {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

bool consists_of(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [&](char c) { return kLetters.contains(c) || kDigits.contains(c) || more.contains(c); });
}

std::unexpected<std::string> refuse(std::string sentence) { return std::unexpected(std::move(sentence)); }

// The sentence, or "".
std::string what_is_wrong(const ModemChange& change) {
  if (change.profile) {
    const std::string& profile = *change.profile;
    if (profile.size() > kLongestProfile || !consists_of(profile, "-_.") || profile.starts_with('.') || profile.starts_with('-'))
      return fmt::format("'{}' is no profile: letters, digits, - _ and . (not first), at most {}; none at all takes it away.", profile, kLongestProfile);
  }
  for (const Variable& variable : change.variables) {
    const std::string& name = variable.name;
    if (name.empty() || name.size() > kLongestName || !consists_of(name, "_") || kDigits.contains(name.front()))
      return fmt::format("'{}' is no name of a variable: letters, digits and _, no digit first, at most {}.", name, kLongestName);
    const bool printable = std::ranges::none_of(variable.text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (variable.text.size() > kLongestText || !printable)
      return fmt::format("the text of {} is too long or has control characters: at most {} octets of text.", name, kLongestText);
  }
  return {};
}

}  // namespace

std::optional<std::string_view> Modem::variable(std::string_view name) const noexcept {
  const auto found = std::ranges::lower_bound(variables, name, {}, &Variable::name);
  return found == variables.end() || found->name != name ? std::nullopt : std::optional<std::string_view>(found->text);
}

std::string device_text(const Modem& modem, std::uint8_t code) {
  std::array<std::uint8_t, 2048> room;
  Arena arena(room);
  const wire::DeviceSays said{
      .vendor_class = as_bytes(modem.vendor_class), .vendor_options = as_bytes(modem.vendor_options), .capabilities = as_bytes(modem.capabilities)};
  const auto value = wire::device_value(said, code, arena);
  std::string text(value ? as_text(*value) : std::string_view{});
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
  return text;
}

std::expected<Modem, std::string> changed(Modem modem, const ModemChange& change, WallSeconds now) {
  if (std::string wrong = what_is_wrong(change); !wrong.empty()) return refuse(std::move(wrong));
  if (change.profile) modem.profile = *change.profile;
  for (const Variable& variable : change.variables) {
    const auto at = std::ranges::lower_bound(modem.variables, variable.name, {}, &Variable::name);
    const bool known = at != modem.variables.end() && at->name == variable.name;
    if (variable.text.empty()) {
      if (known) modem.variables.erase(at);
    } else if (known) {
      at->text = variable.text;
    } else {
      modem.variables.insert(at, variable);
    }
  }
  if (modem.variables.size() > kMostVariables)
    return refuse(fmt::format("{} would have {} variables: at most {}.", to_string(modem.mac), modem.variables.size(), kMostVariables));
  modem.changed = now;
  return modem;
}

}  // namespace coaxd::subscriber
