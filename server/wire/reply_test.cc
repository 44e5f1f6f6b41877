#include "server/wire/reply.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "server/wire/message.h"
#include "server/wire/option_table.h"
#include "server/wire/test_packet.h"

namespace coaxd::wire {
namespace {

using Octets = TestPacket::Octets;

constexpr std::uint8_t kGuard = 0xa5;

Octets of(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

Octets pattern(std::size_t size, unsigned seed = 1) {
  Octets out(size);
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<std::uint8_t>(seed + i * 31 + i / 251);
  return out;
}

// One reply and all that must hold for every reply; `Written` is read again by the parser for
// replies.
struct Written {
  Octets octets;
  ReplyResult result;
  Message message;

  Written(const ReplyHeader& header, const std::vector<ReplyOption>& options, Bytes relay = {},
          const ReplyLimits& limits = {}, std::size_t buffer = 1472)
      : octets(buffer + 16, kGuard) {
    result = write_reply(MutableBytes{octets}.first(buffer), header, options, relay, limits);
    EXPECT_LE(result.size, buffer);
    EXPECT_TRUE(std::all_of(octets.begin() + static_cast<long>(buffer), octets.end(),
                            [](std::uint8_t octet) { return octet == kGuard; }));
    octets.resize(result.size);
    if (result.size != 0) {
      EXPECT_TRUE(message.parse(octets, Message::Accept::replies));
    }
  }

  // Codes in the order of one field, END and padding left out.
  std::vector<int> codes(std::size_t at, std::size_t end) const {
    std::vector<int> out;
    while (at < end && octets[at] != 255) {
      if (octets[at] == 0) {
        ++at;
        continue;
      }
      out.push_back(octets[at]);
      at += 2u + octets[at + 1];
    }
    EXPECT_LT(at, end) << "no END";
    EXPECT_TRUE(std::all_of(octets.begin() + static_cast<long>(at + 1),
                            octets.begin() + static_cast<long>(end),
                            [](std::uint8_t octet) { return octet == 0; }));
    return out;
  }
  std::vector<int> main_codes() const { return codes(240, octets.size()); }
  std::vector<int> file_codes() const { return codes(108, 236); }
  std::vector<int> sname_codes() const { return codes(44, 108); }
};

const Octets kType = {5}, kServer = {10, 0, 0, 1}, kLease = {0, 0, 14, 16};
const ReplyOption kHead[] = {{53, kType}, {54, kServer}, {51, kLease}};  // 3 + 6 + 6 octets

std::vector<ReplyOption> head_and(std::initializer_list<ReplyOption> more) {
  std::vector<ReplyOption> out(std::begin(kHead), std::end(kHead));
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

TEST(Rfc2131_4_3_1_ReplyHeader, EveryFieldHasItsPlace) {
  const Octets chaddr = {0, 0x15, 0x96, 0, 0, 5};
  ReplyHeader header{.htype = 6,
                     .hops = 2,
                     .chaddr = chaddr,
                     .xid = 0x01020304,
                     .secs = 0x0506,
                     .flags = 0x8000,
                     .ciaddr = Ipv4::of(10, 0, 0, 1),
                     .yiaddr = Ipv4::of(10, 0, 0, 2),
                     .siaddr = Ipv4::of(10, 0, 0, 3),
                     .giaddr = Ipv4::of(10, 0, 0, 4),
                     .sname = as_bytes("tftp"),
                     .file = as_bytes("cm.bin")};
  const Written reply{header, head_and({})};
  const Message& m = reply.message;
  EXPECT_EQ(m.op(), 2);
  EXPECT_EQ(m.htype(), 6);
  EXPECT_EQ(of(m.chaddr()), chaddr);
  EXPECT_EQ(m.hops(), 2);
  EXPECT_EQ(m.xid(), 0x01020304u);
  EXPECT_EQ(m.secs(), 0x0506);
  EXPECT_TRUE(m.broadcast());
  EXPECT_EQ(m.ciaddr(), Ipv4::of(10, 0, 0, 1));
  EXPECT_EQ(m.yiaddr(), Ipv4::of(10, 0, 0, 2));
  EXPECT_EQ(m.siaddr(), Ipv4::of(10, 0, 0, 3));
  EXPECT_EQ(m.giaddr(), Ipv4::of(10, 0, 0, 4));
  EXPECT_EQ(as_text(m.sname()), (std::string("tftp") + std::string(60, '\0')));
  EXPECT_EQ(as_text(m.file()), (std::string("cm.bin") + std::string(122, '\0')));
  EXPECT_EQ(m.type(), MessageType::ack);
  EXPECT_EQ(reply.main_codes(), (std::vector{53, 54, 51}));
}

TEST(Rfc2131_4_3_1_ReplyHeader, LongNamesAreCutToTheirFields) {
  const Octets sname = pattern(65, 'a'), file = pattern(129, 'b');
  const Written reply{{.sname = sname, .file = file}, head_and({})};
  EXPECT_EQ(of(reply.message.sname()), Octets(sname.begin(), sname.end() - 1));
  EXPECT_EQ(of(reply.message.file()), Octets(file.begin(), file.end() - 1));
}

TEST(Rfc1542_2_1_MinimumSize, ShortRepliesArePaddedTo300) {
  EXPECT_EQ(Written({}, head_and({})).result.size, 300u);
  const Octets long_enough = pattern(100);
  EXPECT_EQ(Written({}, head_and({{77, long_enough}})).result.size, 240u + 15 + 102 + 1);
  EXPECT_EQ(Written({}, head_and({}), {}, {.pad_to = 0}).result.size,
            240u + 15 + 1);  // DHCPLEASEQUERY replies
  EXPECT_EQ(Written({}, head_and({}), {}, {}, 280).result.size, 280u);
}

TEST(WriteReply, ABufferTooSmallForTheFixedFieldsGetsNothing) {
  for (std::size_t buffer = 0; buffer < 241; ++buffer) {
    const Written reply{{}, head_and({}), {}, {}, buffer};
    EXPECT_EQ(reply.result.size, 0u) << buffer;
  }
}

TEST(WriteReply, EveryBufferSizeGetsAWellFormedReplyAndCountsWhatIsMissing) {
  const Octets routers = pattern(8), names = pattern(300), relay = {1, 4, 'a', 'b', 'c', 'd'};
  const auto options = head_and({{3, routers}, {119, names}, {0x50, {}}});
  for (std::size_t buffer = 241; buffer < 1000; ++buffer) {
    const Written reply{{}, options, relay, {.option_room = 1000}, buffer};
    ASSERT_GE(reply.result.size, 241u) << buffer;
    std::size_t present = 0;
    for (const ReplyOption& each : options) {
      if (!reply.message.has(each.code)) continue;
      EXPECT_EQ(of(reply.message.option(each.code)), of(each.value)) << buffer;
      ++present;
    }
    present += reply.message.has(82) ? 1 : 0;
    EXPECT_EQ(present + reply.result.left_out, options.size() + 1) << buffer;
  }
}

TEST(Rfc2132_9_10_MaximumMessageSize, TheOptionsFieldEndsWithinItsRoomCookieAndEndIncluded) {
  // 4 + 15 + (2 + n) + 1 = 312 for n = 290, which needs two instances and so 288.
  const ReplyLimits limits{.may_overload = false};
  for (std::size_t size = 0; size <= 320; ++size) {
    const Octets value = pattern(size);
    const Written reply{{}, head_and({{43, value}}), {}, limits};
    EXPECT_EQ(reply.message.has(43), size <= 288) << size;
    EXPECT_EQ(reply.result.left_out, size <= 288 ? 0 : 1) << size;
    EXPECT_LE(reply.result.size, 236u + 312);
  }
}

TEST(Rfc3396_5_Splitting, OptionsOf256To1200OctetsComeBackWhole) {
  for (std::size_t size = 256; size <= 1200; ++size) {
    const Octets value = pattern(size);
    const Written reply{{}, head_and({{125, value}}), {}, {.option_room = 1236}};
    ASSERT_EQ(reply.result.left_out, 0) << size;
    ASSERT_EQ(of(reply.message.option(125)), value) << size;
    EXPECT_FALSE(reply.message.has(52));
    EXPECT_EQ(reply.octets[240 + 15 + 1], 255);  // the longest piece first
  }
}

TEST(Rfc3396_5_Splitting, ALongOptionIsCutBetweenTheFieldsInReadingOrder) {
  std::size_t cut_in_three = 0;
  for (std::size_t size = 256; size <= 500; ++size) {
    const Octets value = pattern(size);
    const Written reply{{}, head_and({{125, value}})};
    // Main: 312 - 4 - 15 - 3 - 1 = 289 with code and length octets; file 127; sname 63.
    const bool fits = size <= (289 - 4) + (127 - 2) + (63 - 2);
    ASSERT_EQ(reply.message.has(125), fits) << size;
    ASSERT_EQ(reply.result.left_out, fits ? 0 : 1) << size;
    if (!fits) {
      EXPECT_FALSE(reply.message.has(52)) << size;  // taken back wholly
      EXPECT_EQ(reply.octets[108], 0);
      EXPECT_EQ(reply.octets[44], 0);
      continue;
    }
    EXPECT_EQ(of(reply.message.option(125)), value) << size;
    if (reply.message.has(52) && reply.message.option(52)[0] == 3) ++cut_in_three;
  }
  EXPECT_EQ(cut_in_three, 61u);
}

// An option that fits whole nowhere is cut to fill what is left, as dhcpd does.
TEST(Rfc3396_5_Splitting, AShortOptionIsCutOnlyAsALastResort) {
  const Octets fill = pattern(200), file = pattern(100), more = pattern(55), cut = pattern(70),
               small = pattern(2);
  const Written reply{
      {}, head_and({{43, fill}, {125, file}, {119, more}, {12, small}, {17, cut}, {15, small}})};
  EXPECT_EQ(reply.main_codes(), (std::vector{53, 54, 51, 43, 119, 12, 17, 52}));
  EXPECT_EQ(reply.file_codes(), (std::vector{125, 17}));
  EXPECT_EQ(reply.sname_codes(), (std::vector{17, 15}));
  EXPECT_EQ(of(reply.message.option(17)), cut);
}

TEST(Rfc2132_9_3_Overload, WhatDoesNotFitGoesToFileThenSname) {
  const Octets fill = pattern(200), file = pattern(100), small = pattern(2);
  const Octets big = pattern(60);
  const Written both{{}, head_and({{43, fill}, {125, file}, {119, big}, {12, small}, {17, big}})};
  EXPECT_EQ(both.main_codes(), (std::vector{53, 54, 51, 43, 119, 12, 52}));
  EXPECT_EQ(both.file_codes(), (std::vector{125}));
  EXPECT_EQ(both.sname_codes(), (std::vector{17}));
  EXPECT_EQ(both.message.option(52)[0], 3);
  EXPECT_EQ(both.result.left_out, 0);
}

TEST(Rfc2132_9_3_Overload, AFieldInUseIsLeftAlone) {
  const Octets fill = pattern(280), more = pattern(50);
  const auto options = head_and({{43, Bytes{fill}.first(250)}, {125, more}});
  const Written neither{{.sname = as_bytes("s"), .file = as_bytes("f")}, options};
  EXPECT_EQ(neither.result.left_out, 1);
  EXPECT_FALSE(neither.message.has(52));
  EXPECT_EQ(neither.message.file()[0], 'f');
  EXPECT_EQ(neither.message.sname()[0], 's');

  const Written only_sname{{.file = as_bytes("f")}, options};
  EXPECT_EQ(only_sname.message.option(52)[0], 2);
  EXPECT_EQ(only_sname.sname_codes(), std::vector{125});
  EXPECT_EQ(only_sname.message.file()[0], 'f');

  const Written only_file{{.sname = as_bytes("s")}, options};
  EXPECT_EQ(only_file.message.option(52)[0], 1);
  EXPECT_EQ(only_file.message.sname()[0], 's');

  const Written forbidden{{}, options, {}, {.may_overload = false}};
  EXPECT_EQ(forbidden.result.left_out, 1);
  EXPECT_FALSE(forbidden.message.has(52));
}

TEST(Rfc2132_9_3_Overload, ItsOwnOptionHasRoomHoweverFullTheFieldIs) {
  const Octets more = pattern(40);
  for (std::size_t size = 200; size <= 255; ++size) {
    const Octets fill = pattern(size);
    const Written reply{{}, head_and({{43, fill}, {12, more}, {17, more}, {67, more}})};
    EXPECT_EQ(reply.result.left_out, 0) << size;
    EXPECT_EQ(of(reply.message.option(43)), fill) << size;
    for (const std::uint8_t code : std::initializer_list<std::uint8_t>{12, 17, 67})
      EXPECT_EQ(of(reply.message.option(code)), more) << size;
    ASSERT_TRUE(reply.message.has(52));
    EXPECT_EQ(reply.main_codes().back(), 52);
    EXPECT_LE(reply.result.size, 236u + 312);
  }
}

// No overload is announced while everything fits to the last octet.
TEST(Rfc2132_9_3_Overload, IsNotUsedWhenTheOptionsFieldIsExactlyFull) {
  const Octets fill = pattern(250), rest = pattern(312 - 4 - 15 - 252 - 2 - 1),
               one_more = pattern(rest.size() + 1);
  const Written full{{}, head_and({{43, fill}, {12, rest}})};
  EXPECT_FALSE(full.message.has(52));
  EXPECT_EQ(full.result.size, 236u + 312);
  const Written over{{}, head_and({{43, fill}, {12, one_more}})};
  EXPECT_EQ(over.message.option(52)[0], 1);
  EXPECT_EQ(of(over.message.option(12)), one_more);
}

TEST(Rfc3046_2_2_Echo, OptionIsLastBehindOverloadAndOnTopOfTheRoom) {
  const Octets relay = {1, 4, 0x80, 0, 0, 3, 2, 6, 0, 0x15, 0x96, 0, 0, 5};
  const Octets fill = pattern(250), more = pattern(100);
  const Written reply{{}, head_and({{43, fill}, {125, more}}), relay};
  EXPECT_EQ(reply.main_codes(), (std::vector{53, 54, 51, 43, 52, 82}));
  EXPECT_EQ(of(reply.message.option(82)), relay);
  EXPECT_EQ(reply.result.left_out, 0);

  const Octets rest = pattern(312 - 4 - 15 - 252 - 2 - 1);
  const Written full{{}, head_and({{43, fill}, {12, rest}}), relay};
  EXPECT_EQ(full.main_codes(), (std::vector{53, 54, 51, 43, 12, 82}));
  EXPECT_EQ(full.result.size, 236u + 312 + 2 + relay.size());

  EXPECT_FALSE(Written({}, head_and({}), Bytes{}).message.has(82));  // an empty one yields nothing
}

TEST(Rfc3046_2_2_Echo, ALongOneIsSplitAndComesBackWhole) {
  for (std::size_t size : {1u, 254u, 255u, 256u, 510u, 511u, 700u}) {
    const Octets relay = pattern(size);
    const Written reply{{}, head_and({}), relay};
    EXPECT_EQ(of(reply.message.option(82)), relay) << size;
    EXPECT_EQ(reply.main_codes().back(), 82);
  }
}

// RFC 951 §3: a client without cookie gets its vendor area back, in the clear.
TEST(Rfc951_3_VendorArea, IsEchoedToAClientWithoutCookie) {
  const Octets area = pattern(80, 3);
  std::array<std::uint8_t, 400> out;
  const ReplyResult result =
      write_reply(out, {}, head_and({}), {}, {.cookie = false, .echo_vendor_area = area});
  EXPECT_EQ(result.size, 300u);
  EXPECT_TRUE(std::equal(area.begin(), area.begin() + 64, out.begin() + 236));
  const ReplyResult empty = write_reply(out, {}, {}, {}, {.cookie = false});
  EXPECT_EQ(empty.size, 300u);
  EXPECT_TRUE(std::all_of(out.begin() + 236, out.begin() + 300,
                          [](std::uint8_t octet) { return octet == 0; }));
}

// What write_reply() writes, Message reads: with random options, rooms and fields in use.
TEST(WriteReply, RoundTripOfRandomReplies) {
  std::mt19937 random{3396};
  std::size_t overloaded = 0, left_out = 0, split = 0;
  for (int round = 0; round < 20000; ++round) {
    std::map<std::uint8_t, Octets> values;
    std::vector<ReplyOption> options;
    const std::size_t count = random() % 12;
    for (std::size_t i = 0; i < count; ++i) {
      const auto code = static_cast<std::uint8_t>(1 + random() % 254);
      // 50, 54 and 118 have a fixed size, 52 and 82 are the writer's own, 53 and 61 have rules of
      // their own.
      if (code == 50 || (code >= 52 && code <= 54) || code == 61 || code == 82 || code == 118)
        continue;
      if (values.contains(code)) continue;
      const std::size_t size = random() % 10 == 0 ? random() % 700 : random() % 90;
      values[code] = pattern(size, static_cast<unsigned>(random()));
      options.push_back({code, values[code]});
    }
    const Octets relay = pattern(random() % 3 == 0 ? random() % 300 : 0);
    const Octets sname = pattern(random() % 2 == 0 ? 0 : random() % 70, 1),
                 file = pattern(random() % 2 == 0 ? 0 : random() % 140, 1);
    const ReplyLimits limits{.option_room = random() % 2 == 0 ? 312 : random() % 1300,
                             .may_overload = random() % 4 != 0,
                             .pad_to = random() % 2 == 0 ? 300u : 0u};
    const Written reply{
        {.sname = sname, .file = file}, options, relay, limits, 241 + random() % 1300};
    std::size_t missing = 0;
    for (const auto& [code, value] : values) {
      if (!reply.message.has(code)) {
        ++missing;
        continue;
      }
      ASSERT_EQ(of(reply.message.option(code)), value)
          << "round " << round << " code " << int{code};
      split += value.size() > 255 ? 1 : 0;
    }
    if (!relay.empty() && !reply.message.has(82)) ++missing;
    if (reply.message.has(82)) {
      ASSERT_EQ(of(reply.message.option(82)), relay);
    }
    ASSERT_EQ(missing, reply.result.left_out) << "round " << round;
    const auto codes = reply.main_codes();
    if (reply.message.has(82)) {
      ASSERT_EQ(codes.back(), 82);
    }
    if (!sname.empty()) {
      ASSERT_EQ(reply.message.sname()[0], sname[0]);
    }
    if (!file.empty()) {
      ASSERT_EQ(reply.message.file()[0], file[0]);
    }
    overloaded += reply.message.has(52) ? 1 : 0;
    left_out += missing;
  }
  EXPECT_GT(overloaded, 500u);
  EXPECT_GT(left_out, 500u);
  EXPECT_GT(split, 500u);
}

}  // namespace
}  // namespace coaxd::wire
