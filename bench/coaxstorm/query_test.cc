#include "bench/coaxstorm/query.h"

#include <gtest/gtest.h>

#include <optional>

#include "server/wire/message.h"
#include "server/wire/option_table.h"

namespace coaxd::storm {
namespace {

namespace option = wire::option;

constexpr QueryFields kFields{.mac = 0x02c0a0123456,
                              .client_id = 0x02c0a0123451,
                              .remote_id = 0x02c0a0123450,
                              .circuit_id = 0x80000007,
                              .xid = 0xdeadbeef,
                              .secs = 3,
                              .address = Ipv4::of(10, 0, 1, 2),
                              .server_id = Ipv4::of(10, 0, 0, 1),
                              .giaddr = Ipv4::of(10, 0, 0, 2)};

// What the server's own parser reads in a message of ours.
class Written {
 public:
  Written(const QueryStyle& style, QueryKind kind, QueryFields fields = kFields)
      : size_(QueryTemplates{style}.write(kind, fields, octets_.data())),
        parsed_(message_.parse({octets_.data(), size_}).has_value()) {}

  const wire::Message* operator->() const { return &message_; }
  bool parsed() const { return parsed_; }
  std::size_t size() const { return size_; }

 private:
  std::array<std::uint8_t, QueryTemplates::kMaxSize> octets_{};
  wire::Message message_;
  std::size_t size_;
  bool parsed_;
};

struct Row {
  QueryKind kind;
  wire::MessageType type;
  bool requested, ciaddr, server_id, parameters;
};
constexpr Row kTable5[] = {
    {QueryKind::discover, wire::MessageType::discover, false, false, false, true},
    {QueryKind::selecting, wire::MessageType::request, true, false, true, true},
    {QueryKind::init_reboot, wire::MessageType::request, true, false, false, true},
    {QueryKind::renewing, wire::MessageType::request, false, true, false, true},
    {QueryKind::release, wire::MessageType::release, false, true, true, false},
};

TEST(Rfc2131_Table5_Queries, CarryWhatTheirKindMust) {
  for (const Row& row : kTable5) {
    SCOPED_TRACE(static_cast<int>(row.kind));
    const Written written{{}, row.kind};
    ASSERT_TRUE(written.parsed());
    EXPECT_EQ(written->type(), row.type);
    EXPECT_EQ(written->xid(), kFields.xid);
    EXPECT_EQ(written->secs(), kFields.secs);
    EXPECT_EQ(written->giaddr(), kFields.giaddr);
    EXPECT_EQ(written->hops(), 1);
    EXPECT_EQ(written->ciaddr(), row.ciaddr ? kFields.address : Ipv4{});
    EXPECT_EQ(written->has(option::requested_address), row.requested);
    EXPECT_EQ(written->address_option(option::requested_address), row.requested ? kFields.address : Ipv4{});
    EXPECT_EQ(written->address_option(option::server_identifier), row.server_id ? kFields.server_id : Ipv4{});
    EXPECT_EQ(written->has(option::parameter_request_list), row.parameters);
    ASSERT_EQ(written->chaddr().size(), 6u);
    EXPECT_EQ(load_be32(written->chaddr().data() + 2), 0xa0123456u);
    EXPECT_GE(written.size(), 300u);  // RFC 1542 §2.1
  }
}

TEST(Rfc3046_2_1_Relay, AddsItsOptionLast) {
  const Written written{{}, QueryKind::discover};
  const wire::RelayAgentInfo& agent = written->relay_agent_info();
  ASSERT_EQ(agent.get(wire::agent::circuit_id).size(), 4u);
  EXPECT_EQ(load_be32(agent.get(wire::agent::circuit_id).data()), kFields.circuit_id);
  ASSERT_EQ(agent.get(wire::agent::remote_id).size(), 6u);
  EXPECT_EQ(load_be32(agent.get(wire::agent::remote_id).data() + 2), 0xa0123450u);
  EXPECT_EQ(*(agent.raw().data() + agent.raw().size()), option::end);
}

TEST(Rfc2131_4_3_6_Direct, HasNoRelayInIt) {
  QueryFields fields = kFields;
  fields.giaddr = {};
  const Written written{{}, QueryKind::renewing, fields};
  ASSERT_TRUE(written.parsed());
  EXPECT_FALSE(written->relay_agent_info().present());
  EXPECT_TRUE(written->giaddr().is_zero());
  EXPECT_EQ(written->hops(), 0);
  EXPECT_EQ(written->ciaddr(), kFields.address);
}

TEST(QueryStyle, ClientIdsOfEachKind) {
  EXPECT_FALSE(Written({.client_id = ClientIdKind::none}, QueryKind::discover)->has(option::client_identifier));
  const Written mac{{.client_id = ClientIdKind::mac}, QueryKind::discover};
  const Bytes id = mac->option(option::client_identifier);
  ASSERT_EQ(id.size(), 7u);
  EXPECT_EQ(id[0], 1);
  EXPECT_EQ(load_be32(&id[3]), 0xa0123451u);
  const Written duid{{.client_id = ClientIdKind::duid}, QueryKind::discover};  // RFC 4361 §6.1
  ASSERT_EQ(duid->option(option::client_identifier).size(), 19u);
  EXPECT_EQ(duid->option(option::client_identifier)[0], 255);
  EXPECT_EQ(load_be32(&duid->option(option::client_identifier)[15]), 0xa0123451u);
}

TEST(QueryStyle, OptionsOfTheUser) {
  QueryStyle style{.host_name = true, .vendor_class = "docsis3.0:", .parameter_request_list = {1, 66}};
  style.options.push_back({43, {1, 2, 3}});
  const Written written{style, QueryKind::discover};
  EXPECT_EQ(as_text(written->option(option::host_name)), "c123456");
  EXPECT_EQ(as_text(written->option(option::vendor_class_identifier)), "docsis3.0:");
  EXPECT_EQ(written->option(option::parameter_request_list).size(), 2u);
  EXPECT_EQ(written->option(43).size(), 3u);
  EXPECT_FALSE(Written(style, QueryKind::release)->has(43));
}

TEST(QueryStyle, TooMuchForOneMessageIsSeenBeforehand) {
  QueryStyle style;
  EXPECT_TRUE(QueryTemplates::fits(style));
  style.vendor_class.assign(256, 'x');
  EXPECT_FALSE(QueryTemplates::fits(style));
  style.vendor_class.assign(200, 'x');
  EXPECT_TRUE(QueryTemplates::fits(style));
  style.options.push_back({43, std::vector<std::uint8_t>(100)});
  EXPECT_FALSE(QueryTemplates::fits(style));
}

}  // namespace
}  // namespace coaxd::storm
