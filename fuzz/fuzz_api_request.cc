// Requests to the API as octets of a connection, in two pieces, with a role: reader, table, tokens, parameters and bodies. Besides "no crash": however the octets are cut, the
// same is heard; every answer is framed, every refusal says what to do, in JSON.
#include <boost/json/parse.hpp>
#include <memory>

#include "fuzz/fuzz.h"
#include "server/api/api.h"
#include "server/api/conversation.h"
#include "server/config/test_config.h"

namespace coaxd::api {
namespace {

class NoStore : public subscriber::ModemStore {
 public:
  std::expected<std::uint64_t, std::string> load_modems(const std::function<void(subscriber::Modem)>&) override { return 0; }
  std::expected<void, std::string> write_modems(std::span<const Row>, bool) override { return {}; }
};

// Anew for each input: what one sets, the next does not find.
struct World {
  World() {
    const lease::PoolSpec pool{.id = 0, .ranges = {{Ipv4::of(10, 1, 0, 10), Ipv4::of(10, 1, 0, 40)}}, .excluded = {}};
    leases.configure({&pool, 1}, 1'800'000'000);
    const lease::SlotId slot = leases.find(Ipv4::of(10, 1, 0, 12));
    lease::Binding binding;
    binding.state = lease::BindingState::active;
    binding.set_hardware(1, as_bytes("modem1"));
    binding.starts = binding.cltt = 1'799'999'000;
    binding.ends = 1'800'009'000;
    leases.commit(*leases.claim(slot, leases.word(slot)), binding);
  }
  static Site site_of(World& world) {
    static const std::shared_ptr<const config::Config> config = config::config_from("subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.40; }");
    Site site{.leases = world.leases, .modems = world.modems, .config = [] { return config; }, .now = [] { return Instant{.mono_ns = 5'000'000'000, .wall = 1'800'000'000}; },
              .free_lease = [](const std::string& address) -> Text { return address; }, .reload = []() -> Text { return std::unexpected("line 1: semicolon expected."); },
              .metrics = [] { return std::string{"a 1\n"}; }, .stats = [] { return std::string{"[]"}; }, .ailment = [] { return std::string{}; },
              .modem_json = [](const subscriber::Modem&) { return std::string{"{}"}; }, .back_up = [](auto done) { done(std::string{"file"}); return std::expected<void, std::string>{}; }};
    site.events = std::make_shared<Events>(1);
    site.events->tell("reload", "{}");
    return site;
  }

  lease::LeaseTable leases{HashSeed{1, 2}};
  NoStore store;
  subscriber::Modems modems{store, {1, 2}};
  Api api{site_of(*this), {.requests_per_second = 0, .open_metrics = true, .log = [](const std::string&) {}, .record = [](const std::string&) {}}};
};

// All that is answered to these octets.
std::string converse(std::string_view octets, std::size_t cut, Role role) {
  World world;
  Conversation conversation;
  std::string out;
  conversation.receive(octets.substr(0, cut));
  bool has_rest = true;
  for (int requests = 0; requests < 64; ++requests) {
    auto heard = conversation.next();
    if (std::holds_alternative<std::monostate>(heard)) {
      (void)conversation.interim();
      if (!std::exchange(has_rest, false)) break;
      conversation.receive(octets.substr(cut));
      continue;
    }
    const auto answer = [&](Response response) {
      REQUIRE(response.status >= 200 && response.status < 600);
      if (response.status >= 400 && response.status != 503) {
        boost::system::error_code error;
        const auto problem = boost::json::parse(response.body, error);
        REQUIRE(!error);
        REQUIRE(response.type == "application/problem+json");
        REQUIRE(problem.at("detail").as_string().size() > 10);
      }
      out += conversation.begin(response);
      if (!response.stream || !conversation.wants_body()) return;
      std::string piece;
      auto next = Stream::Next::more;
      for (int pieces = 0; pieces < 100 && next == Stream::Next::more; ++pieces) {
        piece.clear();
        next = response.stream->next(piece);
        conversation.frame(piece);
        out += piece;
      }
      out += conversation.end();
    };
    if (auto* const refused = std::get_if<Response>(&heard)) {
      answer(*refused);
      break;
    }
    Request request = std::get<Request>(std::move(heard));
    request.caller = {.name = "fuzz", .role = role, .peer = "192.0.2.1"};
    world.api.handle(std::move(request), answer);
    if (!conversation.goes_on()) break;
  }
  return out;
}

}  // namespace
}  // namespace coaxd::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  fuzz::Source in({data, size});
  const auto role = static_cast<api::Role>(in.u8() & 3);
  const std::size_t place = in.u16();
  const std::string_view octets = as_text(in.rest());
  const std::string whole = api::converse(octets, octets.size(), role);
  REQUIRE(whole == api::converse(octets, octets.empty() ? 0 : place % octets.size(), role));
  return 0;
}
