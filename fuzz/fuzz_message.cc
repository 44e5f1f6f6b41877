// A datagram as it comes from the network: parsed, every part of it read, and answered with a reply
// that carries all its options back; the reply must be readable and hold each of them, or be
// counted as left out.
#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "fuzz/fuzz.h"
#include "server/wire/message.h"
#include "server/wire/option_table.h"
#include "server/wire/reply.h"

namespace coaxd {
namespace {

using wire::Message;
namespace option = wire::option;

// The reply has its own type, overload and relay option; END and PAD are no options.
bool is_echoed(unsigned code) {
  return code != option::pad && code != option::end && code != option::overload &&
         code != option::message_type && code != option::relay_agent_information;
}

// xid is the sender's to choose, so it stands for what the configuration would decide.
wire::ReplyLimits limits_of(const Message& query) {
  wire::ReplyLimits limits;
  limits.may_overload = (query.xid() & 1) != 0;
  limits.pad_to = (query.xid() & 2) != 0 ? 300 : 0;
  if (const Bytes size = query.option(option::max_message_size); size.size() == 2)
    limits.option_room = load_be16(size.data());
  limits.cookie = query.has_cookie();
  if (!limits.cookie) limits.echo_vendor_area = query.raw().subspan(Message::kFixedSize);
  return limits;
}

void compare_fixed_fields(const Message& reply, const Message& query) {
  REQUIRE(reply.xid() == query.xid() && reply.secs() == query.secs());
  REQUIRE(reply.flags() == query.flags() && reply.broadcast() == query.broadcast());
  REQUIRE(reply.htype() == query.htype() && reply.hops() == query.hops());
  REQUIRE(equal(reply.chaddr(), query.chaddr()));
  REQUIRE(reply.ciaddr() == query.ciaddr() && reply.yiaddr() == query.yiaddr());
  REQUIRE(reply.siaddr() == query.siaddr() && reply.giaddr() == query.giaddr());
}

// What the relay said reads the same in whatever way it is asked for.
void compare_sub_options(const wire::RelayAgentInfo& info) {
  for (const std::uint8_t code : {wire::agent::circuit_id, wire::agent::remote_id,
                                  wire::agent::link_selection, wire::agent::relay_port}) {
    const Bytes value = info.get(code);
    REQUIRE(info.present() || !info.has(code));
    REQUIRE(value.empty() || (info.has(code) && value.size() + 2 <= info.raw().size()));
  }
}

void answer(const Message& query) {
  std::vector<wire::ReplyOption> options;
  const std::uint8_t type = 5;
  options.push_back({option::message_type, {&type, 1}});
  for (unsigned code = 0; code < 256; ++code) {
    const auto c = static_cast<std::uint8_t>(code);
    if (is_echoed(code) && query.has(c)) options.push_back({c, query.option(c)});
  }
  compare_sub_options(query.relay_agent_info());
  std::array<std::uint8_t, 65536> relay_room;
  const std::size_t relay_size = query.relay_agent_info().echo(relay_room);
  REQUIRE(relay_size <= query.relay_agent_info().raw().size());
  const Bytes relay = Bytes{relay_room}.first(relay_size);

  const std::size_t buffer = (query.xid() & 4) != 0 ? 1472 : 241 + (query.xid() >> 8) % 1300;
  const auto out = std::make_unique<std::uint8_t[]>(buffer);
  const wire::ReplyHeader header{.htype = query.htype(),
                                 .hops = query.hops(),
                                 .chaddr = query.chaddr(),
                                 .xid = query.xid(),
                                 .secs = query.secs(),
                                 .flags = query.flags(),
                                 .ciaddr = query.ciaddr(),
                                 .yiaddr = query.yiaddr(),
                                 .siaddr = query.siaddr(),
                                 .giaddr = query.giaddr(),
                                 .sname = (query.xid() & 8) != 0 ? query.sname() : Bytes{},
                                 .file = (query.xid() & 16) != 0 ? query.file() : Bytes{}};
  const wire::ReplyResult result =
      wire::write_reply({out.get(), buffer}, header, options, relay, limits_of(query));
  REQUIRE(result.size >= Message::kFixedSize && result.size <= buffer);

  auto reply = std::make_unique<Message>();
  REQUIRE(reply->parse({out.get(), result.size}, Message::Accept::replies));
  compare_fixed_fields(*reply, query);
  REQUIRE(reply->has_cookie() == query.has_cookie());
  // RFC 1497: who sent no cookie gets his own vendor area back, and no options.
  if (!query.has_cookie()) {
    const Bytes echoed = query.raw().subspan(Message::kFixedSize);
    const std::size_t kept = std::min({echoed.size(), std::size_t{64}, buffer - Message::kFixedSize});
    REQUIRE(equal(reply->raw().subspan(Message::kFixedSize, kept), echoed.first(kept)));
    return;
  }
  REQUIRE(reply->type() == wire::MessageType::ack || !reply->has(option::message_type));
  REQUIRE(reply->relay_agent_info().present() == reply->has(option::relay_agent_information));
  std::size_t missing = relay_size != 0 && !reply->has(option::relay_agent_information) ? 1 : 0;
  for (const wire::ReplyOption& each : options) {
    if (reply->has(each.code)) {
      REQUIRE(equal(reply->option(each.code), each.value));
    } else {
      ++missing;
    }
  }
  REQUIRE(missing == result.left_out);
  if (reply->has(option::relay_agent_information)) {
    REQUIRE(equal(reply->option(option::relay_agent_information), relay));
  }
}

}  // namespace
}  // namespace coaxd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using coaxd::wire::Message;
  if (size > 65535) return 0;
  static Message message;
  const coaxd::wire::Glimpse seen = coaxd::wire::glimpse({data, size});
  REQUIRE(seen.chaddr.size() <= Message::kChaddrSize && seen.client_id.size() <= size);
  if (auto parsed = message.parse({data, size}); parsed) {
    coaxd::answer(message);
  } else {
    REQUIRE(!to_string(parsed.error()).empty());
    static_cast<void>(message.parse({data, size}, Message::Accept::replies));
  }
  return 0;
}
