#include "server/engine/compose.h"

#include <algorithm>

#include "server/engine/addressing.h"
#include "server/engine/reply_options.h"
#include "server/engine/reply_scopes.h"
#include "server/wire/cable_device.h"

namespace coaxd::engine {
namespace {

namespace code = wire::option;
using config::OptionRegistry;
using config::Parameter;

constexpr std::uint16_t kBroadcastFlag = 0x8000;
constexpr std::uint8_t kBootfileName = 67;
constexpr std::uint8_t kCaptivePortal = 114;  // RFC 8910 §2; dhcpd calls it default-url

Bytes octets_of(Exchange& exchange, std::uint32_t value) noexcept {
  const MutableBytes out = exchange.server.arena.take(4);
  if (out.size() == 4) store_be32(out.data(), value);
  return out;
}

void set_number(Exchange& exchange, std::uint8_t option, std::uint32_t value) noexcept {
  exchange.server.reply->set(option, octets_of(exchange, value));
}

std::optional<std::uint32_t> number_of(const OptionState& options, std::uint8_t option) noexcept {
  const std::optional<Bytes> value = options.get(OptionRegistry::kDhcp, option);
  if (!value || value->size() < 4) return std::nullopt;
  return load_be32(value->data());
}

Ipv4 address_of(const OptionState& options, Parameter parameter) noexcept {
  const std::optional<Bytes> value = options.get(parameter);
  return value && value->size() >= 4 ? Ipv4{load_be32(value->data())} : Ipv4{};
}

void set_type(Exchange& exchange, wire::MessageType type) noexcept {
  const MutableBytes out = exchange.server.arena.take(1);
  if (out.empty()) return;
  out[0] = static_cast<std::uint8_t>(type);
  exchange.server.reply->set(code::message_type, out);
}

wire::ReplyHeader header_of(const Exchange& exchange, const Answer& answer) noexcept {
  const wire::Message& query = *exchange.query;
  wire::ReplyHeader header;
  header.htype = query.htype();
  header.hops = query.hops();
  header.chaddr = query.chaddr();
  header.xid = query.xid();
  header.secs = query.secs();
  header.flags =
      static_cast<std::uint16_t>(answer.broadcast ? query.flags() | kBroadcastFlag : query.flags());
  header.ciaddr = answer.ciaddr;
  header.yiaddr = answer.yiaddr;
  header.siaddr = answer.siaddr;
  header.giaddr = query.giaddr();
  return header;
}

// RFC 3046 §2.2: what the relay agent sent, not what was stashed (dhcpd-compat §8.4).
Bytes agent_echo(Exchange& exchange, const Departure& departure) noexcept {
  const wire::RelayAgentInfo& info = exchange.query->relay_agent_info();
  if (!info.present() || exchange.query == &exchange.server.renewal ||
      !passes_relay(exchange, departure))
    return {};
  const MutableBytes out = exchange.server.arena.take(info.raw().size());
  return out.first(out.empty() ? 0 : info.echo(out));
}

Bytes until_nul(Bytes text) noexcept { return text.first(static_cast<std::size_t>(std::ranges::find(text, std::uint8_t{0}) - text.begin())); }

// Of the reply's file FileNames is told, and both places that name it have what it answers: the field `file`, and option 67, which alone counts where the field is empty
// (RFC 2132 §9.5). An option 67 that names another file stays.
void hand_out_file(Exchange& exchange, const Lease& lease, wire::ReplyHeader& header, std::span<wire::ReplyOption> options) noexcept {
  const auto option = std::ranges::find(options, kBootfileName, &wire::ReplyOption::code);
  const Bytes in_field = until_nul(header.file.first(std::min(header.file.size(), FileNames::kLongest)));
  const Bytes in_option = option == options.end() ? Bytes{} : until_nul(option->value);
  const Bytes file = in_field.empty() ? in_option : in_field;
  if (file.empty() || file.size() > FileNames::kLongest) return;
  const MutableBytes room = exchange.server.arena.take(FileNames::kLongest);
  if (room.empty()) return;  // finish() drops the reply

  const wire::Message& query = *exchange.query;
  const std::span<const ClassMatch> classes = exchange.classes.matches();
  const subscriber::Mac hardware = subscriber::Mac::of(query.chaddr()).value_or(subscriber::Mac{});
  const Handing handing{.address = lease.address,
                        .giaddr = query.giaddr(),
                        .hardware = hardware,
                        .modem = subscriber::Mac::of(wire::modem_mac(query)).value_or(hardware),
                        .until = exchange.server.after.ends,
                        .fixed = lease.is_static(),
                        .file = as_text(file),
                        .client_class = classes.empty() ? std::string_view{} : classes.front().cls->name};
  const std::span<char, FileNames::kLongest> text(reinterpret_cast<char*>(room.data()), FileNames::kLongest);
  const Bytes name = as_bytes(exchange.server.settings.file_names->hand_out(handing, exchange.now, text));
  if (equal(name, file)) return;
  if (!in_field.empty()) header.file = name;
  if (equal(in_option, file)) option->value = name;
}

bool finish(Exchange& exchange, const Answer& answer, const wire::ReplyHeader& header,
            std::span<const wire::ReplyOption> options, wire::ReplyLimits limits) noexcept {
  const Bytes echo = agent_echo(exchange, answer.departure);
  if (exchange.server.arena.exhausted()) {
    drop(exchange, DropReason::scratch_exhausted);
    return false;
  }
  const wire::ReplyResult result = wire::write_reply(exchange.out, header, options, echo, limits);
  if (result.size == 0) {
    drop(exchange, DropReason::reply_too_small);
    return false;
  }
  Actions& actions = exchange.actions;
  actions.verdict = Actions::Verdict::reply;
  actions.reason = DropReason::none;
  actions.reply_type = answer.type;
  actions.reply_size = static_cast<std::uint16_t>(result.size);
  actions.departure = answer.departure;
  return true;
}

}  // namespace

Ipv4 set_server_identifier(Exchange& exchange) noexcept {
  const wire::Message& query = *exchange.query;
  const Bytes override = query.relay_agent_info().get(wire::agent::server_id_override);
  if (exchange.server.settings.rfc5107 && override.size() == 4) {
    exchange.server.reply->set(code::server_identifier, override);
    return {load_be32(override.data())};
  }
  if (const auto set = number_of(*exchange.server.reply, code::server_identifier)) return {*set};
  set_number(exchange, code::server_identifier, exchange.arrival.interface->address.value);
  return exchange.arrival.interface->address;
}

void set_lease_options(Exchange& exchange, wire::MessageType type, std::uint32_t seconds) noexcept {
  OptionState& options = *exchange.server.reply;
  set_type(exchange, type);
  set_server_identifier(exchange);
  set_number(exchange, code::lease_time, seconds);
  // dhcpd-compat §11: T1 and T2 only when configured, and only if T1 < T2 < the lease.
  const auto check = [&](std::uint8_t option, std::uint32_t limit) {
    const auto value = number_of(options, option);
    if (value && *value < limit) return *value;
    options.unset(OptionRegistry::kDhcp, option);
    return limit;
  };
  check(code::renewal_time, check(code::rebinding_time, seconds));
}

void set_automatic_options(Exchange& exchange, const config::Subnet* subnet,
                           const config::Host* host, Ipv4 yiaddr) noexcept {
  OptionState& options = *exchange.server.reply;
  const wire::Message& query = *exchange.query;
  const auto unset = [&](std::uint8_t option) {
    return !options.has(OptionRegistry::kDhcp, option);
  };
  if (subnet != nullptr && unset(code::subnet_mask))
    set_number(exchange, code::subnet_mask, subnet->prefix.mask.value);
  if (host != nullptr && unset(code::host_name) &&
      options.flag(Parameter::use_host_decl_names, false)) {
    options.set(code::host_name, as_bytes(host->name));
  }
  if (!yiaddr.is_zero() && unset(code::routers) &&
      options.flag(Parameter::use_lease_addr_for_default_route, false)) {
    set_number(exchange, code::routers, yiaddr.value);
  }
  if (options.flag(Parameter::echo_client_id, false) && query.has(code::client_identifier)) {
    options.set(code::client_identifier, query.option(code::client_identifier));  // RFC 6842 §3
  }
  // RFC 3011 §2: an identical copy, whether it was what decided or not.
  if (query.has(code::subnet_selection)) {
    options.set(code::subnet_selection, query.option(code::subnet_selection));
  }
}

bool wants_broadcast(const Exchange& exchange) noexcept {
  return exchange.query->broadcast() ||
         exchange.server.reply->flag(Parameter::always_broadcast, false);
}

bool write_answer(Exchange& exchange, const Answer& answer) noexcept {
  Server& server = exchange.server;
  const OptionState& options = *server.reply;
  wire::ReplyHeader header = header_of(exchange, answer);
  if (header.siaddr.is_zero()) header.siaddr = address_of(options, Parameter::next_server);
  header.sname = options.get(Parameter::server_name).value_or(Bytes{});
  header.file = options.get(Parameter::filename).value_or(Bytes{});

  ReplySelection selection;
  selection.options = &options;
  selection.context = &server.context;  // options that wait for this moment (dhcpd-compat §19)
  selection.request = exchange.query;
  selection.use_request_list = answer.type != wire::MessageType::bootp;
  if (exchange.quarantine != nullptr) selection.unasked = kCaptivePortal;
  const std::size_t count = select_reply_options(selection, server.arena, server.options);
  if (answer.lease != nullptr && server.settings.file_names != nullptr) hand_out_file(exchange, *answer.lease, header, {server.options.data(), count});
  wire::ReplyLimits limits = reply_limits(options, *exchange.query);
  // Only a client of a host declaration gets his vendor area of another format back (observed).
  if (!server.context.is_static) {
    limits.cookie = true;
    limits.echo_vendor_area = {};
  }
  return finish(exchange, answer, header, {server.options.data(), count}, limits);
}

void send_nak(Exchange& exchange, Ipv4 asked) noexcept {
  Server& server = exchange.server;
  unstage(exchange);
  OptionState& options = *server.reply;
  const config::Scope* done = run_network_scopes(exchange, exchange.network);
  set_server_identifier(exchange);
  // A class changes everything else, but not who says no: so it was seen of dhcpd.
  const Bytes server_identifier =
      options.get(OptionRegistry::kDhcp, code::server_identifier).value_or(Bytes{});
  run_class_scopes(exchange, done);
  options.set(code::server_identifier, server_identifier);
  set_type(exchange, wire::MessageType::nak);

  std::size_t count = 0;
  const auto add = [&](std::uint8_t option, Bytes value) {
    server.options[count++] = {option, value};
  };
  for (const std::uint8_t option : {code::message_type, code::server_identifier}) {
    add(option, options.get(OptionRegistry::kDhcp, option).value_or(Bytes{}));
  }
  if (!exchange.complaint.empty()) add(code::message, as_bytes(exchange.complaint));
  if (options.flag(Parameter::echo_client_id, false) &&
      exchange.query->has(code::client_identifier)) {
    add(code::client_identifier, exchange.query->option(code::client_identifier));
  }

  Answer answer;
  answer.type = wire::MessageType::nak;
  answer.broadcast =
      true;  // RFC 2131 §4.3.2: the relay must broadcast it, the client may have no usable address
  answer.departure = address_nak(exchange);
  if (!finish(exchange, answer, header_of(exchange, answer), {server.options.data(), count},
              reply_limits(options, *exchange.query))) {
    return;
  }
  exchange.actions.reply_log = line(exchange, LogKind::nak);
  exchange.actions.reply_log.address = asked;
}

}  // namespace coaxd::engine
