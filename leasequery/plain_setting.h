// plain_setting.h: what a scope says of an option or a parameter to everybody: by a constant, outside of any condition. Then it can be known without a packet.
// Load time, for it walks statements. Pure. Source: dhcpd-compat §6 (outer scopes first, inner ones overrule), §4.2 (supersede, default).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "server/base/bytes.h"
#include "server/config/config.h"

namespace coaxd::leasequery {

struct Setting {
  bool depends = false;        // said in a condition, or computed: only a packet tells
  std::optional<Bytes> value;  // nothing: not said
};

// Of an option of the DHCP space, or a parameter, in this scope and those it lies in, then in `pool` alone (may be null): a pool hangs below its shared network, but its
// subnet comes before it (dhcpd-compat §3.3, §6).
Setting plain_setting(const config::Scope& scope, std::uint8_t code, const config::Scope* pool = nullptr) noexcept;
Setting plain_setting(const config::Scope& scope, config::Parameter parameter, const config::Scope* pool = nullptr) noexcept;
// Whether anything in these statements, however deep, sets it.
bool mentions(std::span<const config::Statement> statements, std::uint8_t code) noexcept;
bool mentions(std::span<const config::Statement> statements, config::Parameter parameter) noexcept;

// Of four octets; nothing: not said, not plainly, or no number.
std::optional<std::uint32_t> plain_number(const Setting& setting) noexcept;

}  // namespace coaxd::leasequery
