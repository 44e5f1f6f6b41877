#include "leasequery/client_reply.h"

#include <fmt/format.h>

#include <iterator>

#include "server/base/json.h"
#include "server/wire/option_table.h"

namespace coaxd::leasequery {

namespace {

namespace code = wire::option;

std::optional<std::uint32_t> number(const wire::Message& reply, std::uint8_t option_code) {
  const Bytes value = reply.option(option_code);
  return value.size() == 4 ? std::optional(load_be32(value.data())) : std::nullopt;
}

std::string hex(Bytes bytes) {
  std::string out;
  for (const std::uint8_t octet : bytes) fmt::format_to(std::back_inserter(out), "{}{:02x}", out.empty() ? "" : ":", octet);
  return out;
}

std::string_view name_of(AnswerKind kind) {
  constexpr std::string_view kNames[] = {"active", "unassigned", "unknown", "done", "status", "tls", "other"};
  return kNames[static_cast<std::size_t>(kind)];
}

// 90 -> "1m30s"; what is shown of a lease is never longer than "9999d".
std::string duration(std::optional<std::uint32_t> seconds) {
  if (!seconds) return "-";
  const std::uint32_t s = *seconds;
  if (s == 0xffffffff) return "forever";
  if (s >= 86400) return fmt::format("{}d{}h", s / 86400, s % 86400 / 3600);
  if (s >= 3600) return fmt::format("{}h{}m", s / 3600, s % 3600 / 60);
  return s >= 60 ? fmt::format("{}m{}s", s / 60, s % 60) : fmt::format("{}s", s);
}

std::string dashed(std::string text) { return text.empty() ? "-" : text; }

// RFC 6926's word where it is told, else what the kind of answer says.
std::string state_of(const wire::Message& reply, AnswerKind kind) {
  const Bytes state = reply.option(option::dhcp_state);
  if (state.size() == 1 && !dhcp_state_name(state[0]).empty()) return std::string(dhcp_state_name(state[0]));
  constexpr std::string_view kNames[] = {"ACTIVE", "UNASSIGNED", "UNKNOWN", "", "", "", ""};
  return std::string(kNames[static_cast<std::size_t>(kind)]);
}

}  // namespace

AnswerKind kind_of(const wire::Message& reply, Dialect dialect, std::uint8_t query_type) noexcept {
  using wire::MessageType;
  const MessageType type = reply.type();
  switch (dialect) {
    case Dialect::draft0:
      return type == MessageType::ack ? AnswerKind::active : type == MessageType::nak ? AnswerKind::unknown : AnswerKind::other;
    case Dialect::draft2:
      switch (static_cast<int>(type) - query_type) {
        case 1: return AnswerKind::unassigned;
        case 2: return AnswerKind::unknown;
        case 3: return AnswerKind::active;
        default: return AnswerKind::other;
      }
    default:
      switch (type) {
        case MessageType::lease_active: return AnswerKind::active;
        case MessageType::lease_unassigned: return AnswerKind::unassigned;
        case MessageType::lease_unknown: return AnswerKind::unknown;
        case MessageType::lease_query_done: return AnswerKind::done;
        case MessageType::lease_query_status: return AnswerKind::status;
        case MessageType::tls: return AnswerKind::tls;
        default: return AnswerKind::other;
      }
  }
}

std::optional<Status> status_of(const wire::Message& reply) noexcept {
  const Bytes value = reply.option(option::status_code);
  if (value.empty()) return std::nullopt;
  return Status{static_cast<StatusCode>(value[0]), as_text(value.subspan(1))};
}

std::string table_head() {
  return fmt::format("{:<15} {:<10} {:<17} {:>9} {:>9}  {:<17} {}\n", "ADDRESS", "STATE", "MAC", "LEFT", "HEARD", "REMOTE-ID", "CLIENT-ID");
}

std::string to_table_line(const wire::Message& reply, AnswerKind kind) {
  if (kind > AnswerKind::unknown) {
    const auto status = status_of(reply);
    return fmt::format("-- {}{}{}\n", status ? to_string(status->code) : "done", status && !status->text.empty() ? ": " : "", status ? status->text : "");
  }
  return fmt::format("{:<15} {:<10} {:<17} {:>9} {:>9}  {:<17} {}\n", to_string(reply.ciaddr()), state_of(reply, kind), dashed(hex(reply.chaddr())),
                     duration(number(reply, code::lease_time)), duration(number(reply, code::client_last_transaction_time)),
                     dashed(hex(reply.relay_agent_info().get(wire::agent::remote_id))), dashed(hex(reply.option(code::client_identifier))));
}

std::string to_json_line(const wire::Message& reply, AnswerKind kind) {
  std::string out = fmt::format(R"({{"answer": "{}", "xid": {})", name_of(kind), reply.xid());
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) fmt::format_to(std::back_inserter(out), R"(, "{}": {})", name, value);
  };
  const auto quoted = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text(name, json_text(value));
  };
  const auto seconds = [&](std::string_view name, std::uint8_t option_code) {
    if (const auto value = number(reply, option_code)) text(name, std::to_string(*value));
  };
  if (kind <= AnswerKind::unknown) {
    quoted("ip", to_string(reply.ciaddr()));
    quoted("state", state_of(reply, kind));
    quoted("mac", hex(reply.chaddr()));
    if (reply.hlen() > 0) text("htype", std::to_string(reply.htype()));
  } else if (const auto status = status_of(reply)) {
    quoted("status", to_string(status->code).empty() ? std::to_string(static_cast<int>(status->code)) : std::string(to_string(status->code)));
    if (!status->text.empty()) text("text", json_octets(status->text));
  }
  if (!reply.address_option(code::server_identifier).is_zero()) quoted("server", to_string(reply.address_option(code::server_identifier)));
  seconds("lease_seconds", code::lease_time);
  seconds("t1_seconds", code::renewal_time);
  seconds("t2_seconds", code::rebinding_time);
  seconds("heard_seconds_ago", code::client_last_transaction_time);
  seconds("base_time", option::base_time);
  seconds("state_seconds", option::start_time_of_state);
  quoted("client_id", hex(reply.option(code::client_identifier)));
  if (const Bytes vendor = reply.option(code::vendor_class_identifier); !vendor.empty()) text("vendor_class", json_octets(as_text(vendor)));
  const wire::RelayAgentInfo& agent = reply.relay_agent_info();
  quoted("agent_info", hex(agent.raw()));
  quoted("circuit_id", hex(agent.get(1)));
  quoted("remote_id", hex(agent.get(wire::agent::remote_id)));
  quoted("relay_id", hex(agent.get(leasequery::agent::relay_id)));
  if (const Bytes others = reply.option(code::associated_ip); !others.empty() && others.size() % 4 == 0) {
    out += R"(, "associated": [)";
    for (std::size_t i = 0; i < others.size(); i += 4) fmt::format_to(std::back_inserter(out), R"({}"{}")", i == 0 ? "" : ", ", to_string(Ipv4{load_be32(&others[i])}));
    out += ']';
  }
  return out + "}\n";
}

}  // namespace coaxd::leasequery
