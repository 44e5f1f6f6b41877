// Any list of options, any limits, any buffer: the input is read as numbers for write_reply(). What
// it writes must be readable, hold every option or count it, end option 82 last, and stay inside
// its limits.
#include <algorithm>
#include <bitset>
#include <memory>
#include <vector>

#include "fuzz/fuzz.h"
#include "server/wire/message.h"
#include "server/wire/option_table.h"
#include "server/wire/reply.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coaxd;
  using wire::Message;
  namespace option = wire::option;
  fuzz::Source source{Bytes{data, size}};
  const std::uint8_t flags = source.u8();
  const wire::ReplyLimits limits{.option_room = source.u16() % 2000u,
                                 .may_overload = (flags & 1) != 0,
                                 .pad_to = (flags & 2) != 0 ? 300u : 0u,
                                 .cookie = (flags & 4) == 0};
  const std::size_t buffer = source.u16() % 2000u;
  const Bytes relay = source.take((flags & 8) != 0 ? source.u16() % 600u : 0);
  const wire::ReplyHeader header{.sname = source.take((flags & 16) != 0 ? source.u8() : 0),
                                 .file = source.take((flags & 32) != 0 ? source.u8() : 0)};
  std::vector<wire::ReplyOption> options;
  std::bitset<256> used;
  for (const int reserved : {0, 50, 52, 53, 54, 61, 82, 118, 255})
    used.set(static_cast<std::size_t>(reserved));
  while (!source.empty()) {
    const std::uint8_t code = source.u8();
    const std::size_t length = (flags & 64) != 0 ? source.u16() % 700u : source.u8();
    const Bytes value = source.take(length);
    if (used[code]) continue;
    used.set(code);
    options.push_back({code, value});
  }

  const auto out = std::make_unique<std::uint8_t[]>(buffer);
  const wire::ReplyResult result =
      wire::write_reply({out.get(), buffer}, header, options, relay, limits);
  REQUIRE(result.size <= buffer);
  REQUIRE((result.size == 0) == (buffer < 241));
  if (result.size == 0) return 0;

  const auto reply = std::make_unique<Message>();
  REQUIRE(reply->parse({out.get(), result.size}, Message::Accept::replies));
  if (!limits.cookie) return 0;
  const std::size_t relay_most = relay.size() + 2 * (relay.size() / 255 + 1);
  REQUIRE(result.size <= std::max({std::max<std::size_t>(limits.option_room, 5) + 236 + relay_most,
                                   limits.pad_to}));
  std::size_t missing = !relay.empty() && !reply->has(option::relay_agent_information) ? 1 : 0;
  for (const wire::ReplyOption& each : options) {
    if (reply->has(each.code)) {
      REQUIRE(equal(reply->option(each.code), each.value));
    } else {
      ++missing;
    }
  }
  REQUIRE(missing == result.left_out);
  if (!limits.may_overload) REQUIRE(!reply->has(option::overload));
  const auto kept = [](Bytes name, Bytes field) {
    const std::size_t shown = std::min(name.size(), field.size());
    return name.empty() || equal(name.first(shown), field.first(shown));
  };
  REQUIRE(kept(header.sname, reply->sname()) && kept(header.file, reply->file()));
  return 0;
}
