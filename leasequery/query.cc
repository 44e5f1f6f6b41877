#include "leasequery/query.h"

#include <algorithm>

#include "server/base/assert.h"
#include "server/wire/option_table.h"

namespace coaxd::leasequery {
namespace {

namespace code = wire::option;
using wire::MessageType;

constexpr std::string_view kDialects[] = {"rfc4388", "draft0", "draft2"};
static_assert(std::size(kDialects) == static_cast<std::size_t>(Dialect::count));

constexpr std::string_view kKeys[] = {"address", "hardware", "client-id"};
static_assert(std::size(kKeys) == static_cast<std::size_t>(Key::count));

constexpr std::string_view kRefusals[] = {
    "", "not-allowed", "source-not-allowed", "no-giaddr", "no-key", "other-dialect", "other-server", "too-many", "busy", "no-room",
};
static_assert(std::size(kRefusals) == static_cast<std::size_t>(Refusal::count));

// Some relays leave hlen at 6 where they ask by address: an address of zeros is nobody's.
bool names_hardware(const wire::Message& message) noexcept {
  return std::ranges::any_of(message.chaddr(), [](std::uint8_t octet) { return octet != 0; });
}

}  // namespace

std::string_view to_string(Dialect dialect) noexcept { return kDialects[static_cast<std::size_t>(dialect)]; }
std::string_view to_string(Key key) noexcept { return kKeys[static_cast<std::size_t>(key)]; }
std::string_view to_string(Refusal refusal) noexcept { return kRefusals[static_cast<std::size_t>(refusal)]; }

Wanted wanted_by(const wire::Message& message) noexcept {
  Wanted wanted;
  wanted.listed = message.has(code::parameter_request_list);
  for (const std::uint8_t each : message.option(code::parameter_request_list)) wanted.codes.set(each);
  return wanted;
}

std::expected<Dialect, Refusal> dialect_of(MessageType type, DialectChoice choice, std::uint8_t draft_type) noexcept {
  if (choice == DialectChoice::draft2 && static_cast<std::uint8_t>(type) == draft_type) return Dialect::draft2;
  if (type == MessageType::leasequery) return Dialect::rfc4388;
  const bool draft0 = choice == DialectChoice::automatic || choice == DialectChoice::draft0;
  if (type == MessageType::lease_active && draft0) return Dialect::draft0;
  return std::unexpected(Refusal::other_dialect);
}

std::expected<Query, Refusal> read_query(const wire::Message& message, Dialect dialect, Ipv4 server_id, Ipv4 asked) noexcept {
  if (message.has(code::server_identifier)) {
    const Ipv4 named = message.address_option(code::server_identifier);
    if (named != server_id && named != asked) return std::unexpected(Refusal::other_server);
  }
  Query query;
  query.dialect = dialect;
  query.type = static_cast<std::uint8_t>(message.type());
  const bool by_address = !message.ciaddr().is_zero(), by_client_id = message.has(code::client_identifier), by_hardware = names_hardware(message);
  query.several_keys = by_address + by_client_id + by_hardware > 1;
  if (by_address) {
    query.key = Key::address;
    query.address = message.ciaddr();
  } else if (by_client_id) {
    query.key = Key::client_id;
    query.client_id = message.option(code::client_identifier);
  } else if (by_hardware) {
    query.key = Key::hardware;
    query.htype = message.htype();
    query.hardware = message.chaddr();
  } else {
    return std::unexpected(Refusal::no_key);
  }
  query.wanted = wanted_by(message);
  return query;
}

}  // namespace coaxd::leasequery
