// Leasequeries over UDP: one octet of the requester's settings, then a datagram. Besides "no crash": the same query has the same answer, no answer is larger than it may be, and
// what an answer says of an address is what the leases say.
#include <algorithm>
#include <array>
#include <memory>

#include "fuzz/fuzz.h"
#include "leasequery/responder.h"
#include "leasequery/test_site.h"

namespace coaxd::leasequery {
namespace {

// One of each kind: active, two of one client, released, abandoned, offered, fixed, infinite, over but not worked off.
struct World {
  Site site{
      "option dhcp-renewal-time 900; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.30; }\n"
      "host web { hardware ethernet 00:15:96:00:00:80; fixed-address 10.1.0.200; } host mail { option dhcp-client-identifier \"mail\"; fixed-address 10.1.0.201; }"};
  World() {
    const auto at_address = [](std::uint8_t last) { return Ipv4::of(10, 1, 0, last); };
    site.lease(at_address(10), {.client_id = "id1", .agent_info = "\1\4port\2\6modem1", .vendor_class = "docsis3.0:", .host_name = "cm"});
    site.lease(at_address(11), {.client_id = "id1", .cltt = at(-5)});
    site.lease(at_address(12), {.hardware = "modem2", .state = lease::BindingState::released, .ends = at(-9)});
    site.lease(at_address(13), {.hardware = "modem3", .state = lease::BindingState::abandoned, .ends = at(900)});
    site.offer(at_address(14), "modem4");
    site.lease(at_address(15), {.hardware = "modem5", .ends = lease::kStoredNever});
    site.lease(at_address(16), {.hardware = "modem6", .ends = at(-1)});
    site.heard(at_address(200), "web", {.hardware = std::string_view("\0\x15\x96\0\0\x80", 6), .client_id = "web", .agent_info = "\2\6modem9"});
    for (std::uint8_t i = 17; i < 28; ++i) site.lease(at_address(i), {.hardware = "modem7", .client_id = std::string_view("\0crowd", 6)});
  }
};

Outcome ask(Responder& responder, const wire::Message& message, MutableBytes out) {
  return responder.answer({.message = message, .source = kCmts, .destination = kServer, .server_id = kServer, .allowed = true}, kInstant, out);
}

}  // namespace
}  // namespace coaxd::leasequery

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  using namespace coaxd::leasequery;
  static World world;
  fuzz::Source in({data, size});
  const unsigned bits = in.u8();
  const RequesterSpec everybody{.prefix = {},
                                .dialect = static_cast<DialectChoice>(bits & 3),
                                .draft_type = static_cast<std::uint8_t>(9 + (bits >> 2) % 5),
                                .lists = (bits & 0x80) != 0 ? Lists::strict : Lists::liberal};
  static std::array<std::unique_ptr<Requesters>, 256> kinds;
  if (!kinds[bits]) kinds[bits] = std::make_unique<Requesters>(std::span(&everybody, 1));
  Responder responder(world.site.leases, *kinds[bits], nullptr, &world.site.notes);
  responder.use(world.site.config);

  wire::Message message;
  if (in.rest().size() > 65535 || !message.parse(in.rest())) return 0;
  std::array<std::uint8_t, 1472> out, again;
  const Outcome outcome = ask(responder, message, out);
  REQUIRE((outcome.size == 0) == (outcome.refusal != Refusal::none));
  if (outcome.size == 0) return 0;
  const Outcome second = ask(responder, message, again);
  REQUIRE(second.size == outcome.size && std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(outcome.size), again.begin()));

  wire::Message answer;
  REQUIRE(answer.parse(Bytes(out).first(outcome.size), wire::Message::Accept::replies).has_value());
  REQUIRE(answer.xid() == message.xid() && answer.giaddr() == message.giaddr() && !message.giaddr().is_zero());
  REQUIRE(static_cast<std::uint8_t>(answer.type()) == outcome.type);
  const Bytes told = message.option(wire::option::max_message_size);
  REQUIRE(outcome.size + 28 <= std::max<std::size_t>(576, told.size() == 2 ? load_be16(told.data()) : 0));
  Facts facts;
  const Standing standing = world.site.view.by_address(answer.ciaddr(), kNow, facts);
  if (outcome.standing == Standing::active) {
    REQUIRE(standing == Standing::active);
    REQUIRE(equal(answer.chaddr(), facts.hardware));
    REQUIRE(!answer.has(wire::option::lease_time) || load_be32(answer.option(wire::option::lease_time).data()) == facts.lease_left);
  } else {
    REQUIRE(standing != Standing::active);
    REQUIRE(!answer.has(wire::option::lease_time) && !answer.has(wire::option::relay_agent_information));
  }
  return 0;
}
