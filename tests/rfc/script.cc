#include "tests/rfc/script.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/base/hash.h"

namespace coaxd::test {
namespace {

namespace code = wire::option;
using engine::Departure;
using wire::MessageType;

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  return value;
}

Ipv4 address_of(std::string_view text) {
  return Ipv4::parse(text).value_or(Ipv4{});
}

std::string hex_of(Bytes bytes) {
  std::string out;
  for (const std::uint8_t octet : bytes) out += fmt::format("{:02x}", octet);
  return out;
}

std::pair<std::string, std::string> key_and_value(const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) return {word, ""};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

// --- fields of a query ---

using FieldSetter = void (*)(ScriptedQuery&, const std::string& value);
struct Field {
  std::string_view name;
  FieldSetter set;
};

void add_text(ScriptedQuery& q, std::uint8_t option, const std::string& text) {
  q.packet.add(option, as_bytes(text));
}
void add_address(ScriptedQuery& q, std::uint8_t option, const std::string& text) {
  q.packet.add(option, address_of(text));
}
void add_agent_address(ScriptedQuery& q, std::uint8_t sub, const std::string& text) {
  std::array<std::uint8_t, 4> octets;
  store_be32(octets.data(), address_of(text).value);
  q.packet.add_agent(sub, octets);
}

// A renewing client sends from his address to the server's; a rebinding one broadcasts.
void renew(ScriptedQuery& q, const std::string& v) {
  q.packet.ciaddr = q.arrival.source = address_of(v);
  q.arrival.destination = q.arrival.interface->address;
  q.arrival.from_link = false;
}

const Field kFields[] = {
    {"giaddr",
     [](ScriptedQuery& q, const std::string& v) {
       q.packet.giaddr = q.arrival.source = address_of(v);
       q.packet.hops = 1;
       q.arrival.source_port = engine::kServerPort;
       q.arrival.destination = q.arrival.interface->address;
       q.arrival.from_link = false;
     }},
    {"ciaddr", [](ScriptedQuery& q, const std::string& v) { q.packet.ciaddr = address_of(v); }},
    {"select",
     [](ScriptedQuery& q, const std::string& v) {
       add_address(q, code::requested_address, v);
       q.packet.add(code::server_identifier, q.arrival.interface->address);
     }},
    {"init_reboot",
     [](ScriptedQuery& q, const std::string& v) { add_address(q, code::requested_address, v); }},
    {"req",
     [](ScriptedQuery& q, const std::string& v) { add_address(q, code::requested_address, v); }},
    {"renew", renew},
    {"rebind", [](ScriptedQuery& q,
                  const std::string& v) { q.packet.ciaddr = q.arrival.source = address_of(v); }},
    {"server",
     [](ScriptedQuery& q, const std::string& v) { add_address(q, code::server_identifier, v); }},
    {"source", [](ScriptedQuery& q, const std::string& v) { q.arrival.source = address_of(v); }},
    {"port",
     [](ScriptedQuery& q, const std::string& v) {
       q.arrival.source_port = static_cast<std::uint16_t>(number_of(v));
     }},
    {"to", [](ScriptedQuery& q, const std::string& v) { q.arrival.destination = address_of(v); }},
    {"mac", [](ScriptedQuery& q, const std::string& v) { q.packet.chaddr = octets_of(v); }},
    {"htype",
     [](ScriptedQuery& q, const std::string& v) {
       q.packet.htype = static_cast<std::uint8_t>(number_of(v));
     }},
    {"secs",
     [](ScriptedQuery& q, const std::string& v) {
       q.packet.secs = static_cast<std::uint16_t>(number_of(v));
     }},
    {"hops", [](ScriptedQuery& q,
                const std::string& v) { q.packet.hops = static_cast<std::uint8_t>(number_of(v)); }},
    {"xid", [](ScriptedQuery& q,
               const std::string& v) { q.packet.xid = static_cast<std::uint32_t>(number_of(v)); }},
    {"broadcast", [](ScriptedQuery& q, const std::string&) { q.packet.flags |= 0x8000; }},
    {"cookie", [](ScriptedQuery& q, const std::string& v) { q.packet.cookie = v != "no"; }},
    {"lease",
     [](ScriptedQuery& q, const std::string& v) {
       q.packet.add(code::lease_time, static_cast<std::uint32_t>(number_of(v)));
     }},
    {"hostname", [](ScriptedQuery& q, const std::string& v) { add_text(q, code::host_name, v); }},
    {"vendor",
     [](ScriptedQuery& q, const std::string& v) { add_text(q, code::vendor_class_identifier, v); }},
    {"prl",
     [](ScriptedQuery& q, const std::string& v) {
       std::vector<std::uint8_t> codes;
       for (const std::string& one : split(v, ','))
         codes.push_back(static_cast<std::uint8_t>(number_of(one)));
       q.packet.add(code::parameter_request_list, Bytes{codes});
     }},
    {"maxsize",
     [](ScriptedQuery& q, const std::string& v) {
       const auto size = static_cast<std::uint16_t>(number_of(v));
       const std::array<std::uint8_t, 2> octets{static_cast<std::uint8_t>(size >> 8),
                                                static_cast<std::uint8_t>(size)};
       q.packet.add(code::max_message_size, Bytes{octets});
     }},
    {"circuit",
     [](ScriptedQuery& q, const std::string& v) {
       q.packet.add_agent(wire::agent::circuit_id, as_bytes(v));
     }},
    {"remote",
     [](ScriptedQuery& q, const std::string& v) {
       q.packet.add_agent(wire::agent::remote_id, as_bytes(v));
     }},
    {"linksel", [](ScriptedQuery& q,
                   const std::string& v) { add_agent_address(q, wire::agent::link_selection, v); }},
    {"override",
     [](ScriptedQuery& q, const std::string& v) {
       add_agent_address(q, wire::agent::server_id_override, v);
     }},
    {"port19", [](ScriptedQuery& q,
                  const std::string&) { q.packet.add_agent(wire::agent::relay_port, Bytes{}); }},
    {"agent", [](ScriptedQuery& q, const std::string& v) { q.packet.agent = octets_of(v); }},
    {"subnet",
     [](ScriptedQuery& q, const std::string& v) { add_address(q, code::subnet_selection, v); }},
    {"opt",
     [](ScriptedQuery& q, const std::string& v) {
       const std::size_t colon = v.find(':');
       q.packet.add(static_cast<std::uint8_t>(number_of(v.substr(0, colon))),
                    Bytes{octets_of(v.substr(colon + 1))});
     }},
    {"worker", [](ScriptedQuery& q,
                  const std::string& v) { q.worker = static_cast<unsigned>(number_of(v)); }},
    {"room", [](ScriptedQuery& q, const std::string& v) { q.room = number_of(v); }},
    {"link", [](ScriptedQuery& q, const std::string&) { q.arrival.from_link = true; }},
    // Taken up in build_query: they must act before the others.
    {"if", [](ScriptedQuery&, const std::string&) {}},
    {"uid", [](ScriptedQuery&, const std::string&) {}},
    {"no_uid", [](ScriptedQuery&, const std::string&) {}},
};

struct TypeName {
  std::string_view name;
  MessageType type;
};
constexpr TypeName kTypes[] = {
    {"DISCOVER", MessageType::discover}, {"REQUEST", MessageType::request},
    {"DECLINE", MessageType::decline},   {"RELEASE", MessageType::release},
    {"INFORM", MessageType::inform},     {"BOOTP", MessageType::bootp},
    {"OFFER", MessageType::offer},       {"LEASEQUERY", MessageType::leasequery},
    {"DRAFTQUERY", MessageType::lease_active},
};

// --- expectations ---

std::string option_text(const wire::Message& message, std::uint8_t option) {
  return message.has(option) ? hex_of(message.option(option)) : "none";
}

std::string address_option(const wire::Message& message, std::uint8_t option) {
  const Bytes value = message.option(option);
  std::string out;
  for (std::size_t at = 0; at + 4 <= value.size(); at += 4)
    out += (at == 0 ? "" : ",") + to_string(Ipv4{load_be32(&value[at])});
  return message.has(option) ? out : "none";
}

std::string number_option(const wire::Message& message, std::uint8_t option) {
  const Bytes value = message.option(option);
  return value.size() == 4 ? std::to_string(load_be32(value.data())) : "none";
}

std::string text_field(Bytes field) {
  const auto end = std::ranges::find(field, std::uint8_t{0});
  return {field.begin(), end};
}

// The codes in the options field, in the order sent.
std::string order_of(Bytes reply) {
  std::vector<int> codes;
  for (std::size_t at = wire::Message::kMinimum; at < reply.size() && reply[at] != code::end;) {
    if (reply[at] == code::pad) {
      ++at;
      continue;
    }
    codes.push_back(reply[at]);
    at += at + 1 < reply.size() ? 2u + reply[at + 1] : 2u;
  }
  return fmt::format("{}", fmt::join(codes, ","));
}

constexpr std::string_view kSuffixes[] = {"none",
                                          "no_free_leases",
                                          "unknown_network_segment",
                                          "wrong_network",
                                          "ignored_not_authoritative",
                                          "ignored_unknown_subnet",
                                          "lease_unavailable",
                                          "unknown_lease",
                                          "unknown_client",
                                          "booting_disallowed",
                                          "min_secs",
                                          "lease_limit",
                                          "found",
                                          "not_found",
                                          "abandoned",
                                          "ignored",
                                          "not_responding",
                                          "database_update_failed",
                                          "bootp_dynamic_no_leases",
                                          "bootp_disallowed",
                                          "bootp_network_unknown",
                                          "inform_not_authoritative",
                                          "inform_unknown_subnet",
                                          "leasequery_not_allowed",
                                          "missing_giaddr"};
static_assert(std::size(kSuffixes) == static_cast<std::size_t>(engine::LogSuffix::count));

using Shower = std::string (*)(const Outcome&);
struct Property {
  std::string_view name;
  Shower show;
};
const Property kProperties[] = {
    {"yiaddr", [](const Outcome& o) { return to_string(o.message.yiaddr()); }},
    {"ciaddr", [](const Outcome& o) { return to_string(o.message.ciaddr()); }},
    {"siaddr", [](const Outcome& o) { return to_string(o.message.siaddr()); }},
    {"giaddr", [](const Outcome& o) { return to_string(o.message.giaddr()); }},
    {"flags", [](const Outcome& o) { return std::to_string(o.message.flags()); }},
    {"hops", [](const Outcome& o) { return std::to_string(o.message.hops()); }},
    {"secs", [](const Outcome& o) { return std::to_string(o.message.secs()); }},
    {"file", [](const Outcome& o) { return text_field(o.message.file()); }},
    {"sname", [](const Outcome& o) { return text_field(o.message.sname()); }},
    {"lease", [](const Outcome& o) { return number_option(o.message, code::lease_time); }},
    {"t1", [](const Outcome& o) { return number_option(o.message, code::renewal_time); }},
    {"t2", [](const Outcome& o) { return number_option(o.message, code::rebinding_time); }},
    {"server", [](const Outcome& o) { return address_option(o.message, code::server_identifier); }},
    {"mask", [](const Outcome& o) { return address_option(o.message, code::subnet_mask); }},
    {"routers", [](const Outcome& o) { return address_option(o.message, code::routers); }},
    {"dns", [](const Outcome& o) { return address_option(o.message, code::domain_name_servers); }},
    {"domain",
     [](const Outcome& o) { return std::string(as_text(o.message.option(code::domain_name))); }},
    {"hostname",
     [](const Outcome& o) { return std::string(as_text(o.message.option(code::host_name))); }},
    {"message",
     [](const Outcome& o) { return std::string(as_text(o.message.option(code::message))); }},
    {"subnet", [](const Outcome& o) { return address_option(o.message, code::subnet_selection); }},
    {"echo", [](const Outcome& o) { return hex_of(o.message.relay_agent_info().raw()); }},
    {"noecho",
     [](const Outcome& o) {
       return std::string(o.message.relay_agent_info().present() ? "an echo" : "");
     }},
    {"options", [](const Outcome& o) { return order_of(o.reply); }},
    {"to", [](const Outcome& o) { return to_string(o.actions.departure.to); }},
    {"port", [](const Outcome& o) { return std::to_string(o.actions.departure.port); }},
    {"from", [](const Outcome& o) { return to_string(o.actions.departure.from); }},
    {"relay",
     [](const Outcome& o) {
       return std::string(o.actions.departure.kind == Departure::Kind::routed &&
                                  o.actions.departure.to == o.message.giaddr()
                              ? ""
                              : "not to the relay");
     }},
    {"client",
     [](const Outcome& o) {
       return std::string(o.actions.departure.kind == Departure::Kind::routed ? "" : "not routed");
     }},
    {"unicast",
     [](const Outcome& o) {
       return std::string(
           o.actions.departure.kind == Departure::Kind::link_unicast ? "" : "not unicast");
     }},
    {"broadcast",
     [](const Outcome& o) {
       return std::string(
           o.actions.departure.kind == Departure::Kind::link_broadcast ? "" : "not broadcast");
     }},
    {"reason", [](const Outcome& o) { return std::string(to_string(o.actions.reason)); }},
    {"log",
     [](const Outcome& o) {
       return o.actions.log_count == 0
                  ? std::string("silent")
                  : std::string(kSuffixes[static_cast<std::size_t>(o.actions.logs[0].suffix)]);
     }},
    {"logs", [](const Outcome& o) { return std::to_string(o.actions.log_count); }},
    {"name",
     [](const Outcome& o) {
       const engine::LogEvent& event = o.actions.reply_log.kind != engine::LogKind::none
                                           ? o.actions.reply_log
                                           : o.actions.logs[0];
       return std::string(event.name.data(), event.name_size);
     }},
    {"text",
     [](const Outcome& o) {
       const engine::LogEvent& event = o.actions.reply_log.kind != engine::LogKind::none
                                           ? o.actions.reply_log
                                           : o.actions.logs[0];
       return std::string(event.text.data(), event.text_size);
     }},
    {"size", [](const Outcome& o) { return std::to_string(o.reply.size()); }},
    {"effects", [](const Outcome& o) { return std::to_string(o.actions.effects.size()); }},
    {"changes", [](const Outcome& o) { return std::to_string(o.changes); }},
};

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false, any = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
      any = true;
    } else if (!quoted && (c == ' ' || c == '\t' || c == '\n')) {
      if (any) words.push_back(word);
      word.clear();
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) words.push_back(word);
  return words;
}

WallSeconds seconds_of(std::string_view text) {
  WallSeconds value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  (void)error;
  const char unit = end == text.data() + text.size() ? 's' : *end;
  return value * (unit == 'm' ? 60 : unit == 'h' ? 3600 : unit == 'd' ? 86400 : 1);
}

std::vector<std::uint8_t> octets_of(std::string_view text) {
  if (text.starts_with('\'')) {
    text = text.substr(1, text.size() - 2);
    return {text.begin(), text.end()};
  }
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != ':'; });
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    std::uint8_t octet = 0;
    std::from_chars(digits.data() + i, digits.data() + i + 2, octet, 16);
    out.push_back(octet);
  }
  return out;
}

ScriptedQuery build_query(const std::vector<std::string>& words,
                          std::map<std::string, std::string>& uids, const Sim& sim) {
  ScriptedQuery query;
  const std::string& client = words.at(1);
  query.packet.chaddr = Sim::mac_of(client);
  const Bytes octets = as_bytes(client);
  query.packet.xid = static_cast<std::uint32_t>(hash_bytes({1, 2}, octets));
  const auto type = std::ranges::find(kTypes, words.at(2), &TypeName::name);
  if (type == std::end(kTypes)) throw std::runtime_error("no message is called " + words[2]);
  query.packet.type = type->type;

  query.arrival.interface = &sim.interface();
  query.arrival.destination = Ipv4{0xffffffff};
  query.arrival.source_port = engine::kClientPort;
  query.arrival.from_link = true;
  bool send_uid = true;
  for (std::size_t i = 3; i < words.size(); ++i) {
    const auto [key, value] = key_and_value(words[i]);
    if (key == "if")
      query.arrival.interface = &sim.interface(static_cast<unsigned>(number_of(value)));
    if (key == "uid") uids[client] = value;
    if (key == "no_uid") send_uid = false;
  }
  if (const auto uid = uids.find(client); send_uid && uid != uids.end() && !uid->second.empty()) {
    query.packet.add(code::client_identifier, Bytes{octets_of(uid->second)});
  }
  for (std::size_t i = 3; i < words.size(); ++i) {
    const auto [key, value] = key_and_value(words[i]);
    const auto field = std::ranges::find(kFields, key, &Field::name);
    if (field == std::end(kFields)) throw std::runtime_error("no field is called " + key);
    field->set(query, value);
  }
  return query;
}

std::string check_expectation(const Outcome& outcome, const std::string& word) {
  if (word.starts_with("size<="))
    return outcome.reply.size() <= number_of(word.substr(6))
               ? ""
               : fmt::format("is {}", outcome.reply.size());
  const auto [key, value] = key_and_value(word);
  if (key == "opt") {
    const std::size_t colon = value.find(':');
    const std::string is =
        option_text(outcome.message, static_cast<std::uint8_t>(number_of(value.substr(0, colon))));
    const std::string wanted = hex_of(octets_of(value.substr(colon + 1)));
    return is == wanted ? "" : "is " + is;
  }
  if (key == "noopt") {
    const std::string is =
        option_text(outcome.message, static_cast<std::uint8_t>(number_of(value)));
    return is == "none" ? "" : "is " + is;
  }
  const auto property = std::ranges::find(kProperties, key, &Property::name);
  if (property == std::end(kProperties)) return "no such property";
  const std::string is = property->show(outcome);
  std::string wanted = value;
  if (key == "echo") wanted = hex_of(octets_of(value));
  return is == wanted ? "" : "is " + is;
}

std::string describe_lease(const lease::LeaseTable& leases, Ipv4 address, WallSeconds now) {
  const lease::SlotId slot = leases.find(address);
  if (slot == lease::kNoSlot) return "absent";
  lease::Binding binding;
  const lease::SlotWord word = leases.read(slot, binding);
  constexpr std::string_view kStates[] = {"absent", "free", "offered", "active", "abandoned"};
  std::string text(kStates[static_cast<std::size_t>(word.state())]);
  if (word.pending()) text += " pending";
  if (binding.hlen > 0) text += " mac=" + hex_of(binding.hardware()).substr(6);
  if (binding.state == lease::BindingState::active) {
    text += binding.ends == lease::kStoredNever
                ? std::string(" forever")
                : fmt::format(" left={}", WallSeconds{binding.ends} - now);
  }
  return text;
}

}  // namespace coaxd::test
