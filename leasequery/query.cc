#include "leasequery/query.h"

#include <algorithm>
#include <initializer_list>

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

Codes codes_of(std::initializer_list<std::uint8_t> list) noexcept {
  Codes codes;
  for (const std::uint8_t code : list) codes.set(code);
  return codes;
}

const Codes kNeededByDrafts = codes_of({code::lease_time, code::renewal_time, code::rebinding_time, code::vendor_class_identifier, code::client_identifier,
                                        code::relay_agent_information});
const Codes kNeeded = kNeededByDrafts | codes_of({code::client_last_transaction_time, code::associated_ip});
const Codes kOfDrafts = codes_of({draft_option::leased_addresses, draft_option::host_name, draft_option::last_transaction});

constexpr std::string_view kRefusals[] = {
    "", "not-allowed", "source-not-allowed", "no-giaddr", "no-key", "other-dialect", "other-server", "too-many", "busy", "no-room",
};
static_assert(std::size(kRefusals) == static_cast<std::size_t>(Refusal::count));

}  // namespace

std::string_view to_string(Dialect dialect) noexcept { return kDialects[static_cast<std::size_t>(dialect)]; }
std::string_view to_string(Key key) noexcept { return kKeys[static_cast<std::size_t>(key)]; }
std::string_view to_string(Refusal refusal) noexcept { return kRefusals[static_cast<std::size_t>(refusal)]; }

bool names_hardware(const wire::Message& message) noexcept {
  return std::ranges::any_of(message.chaddr(), [](std::uint8_t octet) { return octet != 0; });
}

const Codes& told_to_anybody() noexcept {
  static const Codes all = kNeeded | kOfDrafts | codes_of({code::host_name});
  return all;
}

Codes wanted_by(const wire::Message& message, Dialect dialect, Lists lists, const Codes& may_be_told) noexcept {
  Codes wanted;
  for (const std::uint8_t each : message.option(code::parameter_request_list)) wanted.set(each);
  const bool needs = lists == Lists::liberal || !message.has(code::parameter_request_list);
  if (dialect == Dialect::rfc4388) {
    if (needs) wanted |= kNeeded;
    wanted &= ~kOfDrafts;
  } else if (needs) {
    wanted |= kNeededByDrafts;
  }
  return wanted & may_be_told;
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
  return query;
}

}  // namespace coaxd::leasequery
