// option_state.h: the options and parameters of the reply being built: what the scopes' statements set, in dhcpd's precedence. One per
// worker, reused for every packet; values are views into the configuration, the request or the packet's arena. Not shared.
// Source: dhcpd-compat §4.2, §6, §12.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/arena.h"
#include "server/config/ast.h"

namespace coaxd::engine {

class OptionState {
 public:
  explicit OptionState(const config::OptionRegistry& registry);

  void clear() noexcept;
  // The four ways to set (dhcpd-compat 4.2). append/prepend join in the arena. Null is a value, too: the option is then set, so that
  // `default` leaves it alone, and nothing is sent.
  void set(const config::OptionDefinition& option, std::optional<Bytes> value, config::OptionOp op, Arena& arena) noexcept;
  // The engine's own, by code in the dhcp space.
  void set(std::uint8_t code, Bytes value) noexcept;
  void defer(const config::OptionDefinition& option, const config::Expr& expr) noexcept;
  void unset(std::uint32_t space, std::uint32_t code) noexcept;
  bool has(std::uint32_t space, std::uint32_t code) const noexcept { return find(space, code) != nullptr; }  // perhaps set to null
  std::optional<Bytes> get(std::uint32_t space, std::uint32_t code) const noexcept;
  std::optional<Bytes> get(config::Parameter parameter) const noexcept;

  // Typed parameters with dhcpd's defaults for unset ones.
  std::uint32_t number(config::Parameter parameter, std::uint32_t otherwise) const noexcept;
  bool flag(config::Parameter parameter, bool otherwise) const noexcept;
  enum class Tri : std::uint8_t { deny = 0, allow = 1, ignore = 2 };
  Tri tri(config::Parameter parameter, Tri otherwise) const noexcept;

  // What is set in a space, in the order first set (for dhcpd's bucket order see reply_options.h).
  struct Entry {
    std::uint32_t code;
    const config::OptionDefinition* definition;
    Bytes value;
    bool is_null = false;
    const config::Expr* deferred = nullptr;  // to be computed again by finish_options()
  };
  bool any_deferred() const noexcept { return any_deferred_; }
  std::span<const std::uint32_t> touched_spaces() const noexcept { return touched_; }
  std::span<const Entry> entries(std::uint32_t space) const noexcept;
  const Entry* entry(std::uint32_t space, std::uint32_t code) const noexcept { return find(space, code); }

  // How spaces lie in each other: the option that encapsulates a space, null for none. Fixed at construction.
  const config::OptionDefinition* carrier(std::uint32_t space) const noexcept { return carriers_[space]; }
  // The code of the DHCP space by which a space was last said to be sent, though another may own the code by now; 0: none. It is the place
  // that dhcpd gives the code in a reply without a request list.
  std::uint8_t listed_code(std::uint32_t space) const noexcept { return listed_codes_[space]; }
  // Who owns a code of the DHCP space, null for nobody.
  const config::OptionDefinition* definition(std::uint8_t code) const noexcept { return definitions_[code]; }
  const config::OptionRegistry& registry() const noexcept { return registry_; }
  const config::OptionSpace* find_space(std::string_view name) const noexcept;  // without case, without allocating

 private:
  static constexpr std::uint32_t kDirectCodes = 256;  // larger ones (vendor numbers) are few: searched
  struct Space {
    std::vector<Entry> entries;                           // capacity is kept between packets
    std::array<std::uint16_t, kDirectCodes> position{};  // code, or parameter -> 1 + index into entries
  };
  // A dozen of these a reply: inline.
  const Entry* find(std::uint32_t space, std::uint32_t code) const noexcept {
    if (space >= spaces_.size()) return nullptr;
    const Space& in = spaces_[space];
    if (code >= kDirectCodes) return search(in, code);
    return in.position[code] == 0 ? nullptr : &in.entries[in.position[code] - 1u];
  }
  Entry* find(std::uint32_t space, std::uint32_t code) noexcept {
    return const_cast<Entry*>(std::as_const(*this).find(space, code));
  }
  static const Entry* search(const Space& in, std::uint32_t code) noexcept;
  Entry& find_or_add(std::uint32_t space, std::uint32_t code) noexcept;

  const config::OptionRegistry& registry_;
  std::vector<Space> spaces_;
  std::vector<std::uint32_t> touched_;
  bool any_deferred_ = false;
  std::vector<const config::OptionDefinition*> carriers_;
  std::vector<std::uint8_t> listed_codes_;
  std::array<const config::OptionDefinition*, kDirectCodes> definitions_{};
};

}  // namespace coaxd::engine
