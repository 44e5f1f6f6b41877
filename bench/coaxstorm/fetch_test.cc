#include "bench/coaxstorm/fetch.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace coaxd::storm {
namespace {

using tftp::Opcode;
using tftp::Option;
using tftp::Options;
using tftp::Packet;
using Next = Fetch::Next;

constexpr std::array<std::uint8_t, 1500> kZeros{};

Packet data(std::uint64_t block, std::size_t size) {
  Packet packet;
  packet.opcode = Opcode::data;
  packet.block = static_cast<std::uint16_t>(block);
  packet.data = Bytes{kZeros}.first(size);
  return packet;
}

Packet oack(const Options& options) {
  Packet packet;
  packet.opcode = Opcode::oack;
  packet.options = options;
  return packet;
}

Packet of(Opcode opcode) {
  Packet packet;
  packet.opcode = opcode;
  return packet;
}

struct Given {
  Option option;
  std::uint64_t value;
};
Options options(std::initializer_list<Given> given) {
  Options result;
  for (const auto& [option, value] : given) result.set(option, value);
  return result;
}

struct Scene {
  Options asked;
  Fetch fetch{};

  Next take(const Packet& packet) { return fetch.take(packet, asked).next; }
  // What would be sent now, as text: "RRQ" or the number of an ACK.
  std::string sends() const {
    std::array<std::uint8_t, 100> room{};
    const std::size_t size = fetch.write(room, "gold.cm", asked);
    const auto packet = tftp::parse(Bytes{room}.first(size));
    if (!packet) return "nonsense";
    return packet->opcode == Opcode::rrq ? "RRQ " + std::string{packet->text} : "ACK " + std::to_string(packet->block);
  }
};

TEST(Rfc1350_2_LockStep, EveryBlockIsAcknowledgedAndAShortOneIsTheLast) {
  Scene scene;
  EXPECT_EQ(scene.sends(), "RRQ gold.cm");
  EXPECT_EQ(scene.take(data(1, 512)), Next::answer);
  EXPECT_EQ(scene.sends(), "ACK 1");
  EXPECT_EQ(scene.take(data(2, 511)), Next::complete);
  EXPECT_EQ(scene.sends(), "ACK 2");
  EXPECT_EQ(scene.fetch.octets(), 1023u);
}

TEST(Rfc1350_6_Termination, AFileOfWholeBlocksEndsWithAnEmptyOne) {
  Scene scene;
  EXPECT_EQ(scene.take(data(1, 512)), Next::answer);
  EXPECT_EQ(scene.take(data(2, 0)), Next::complete);
}

TEST(Rfc1350_2_LockStep, ARepeatedBlockIsAcknowledgedAgainAndCountsOnce) {
  Scene scene;
  scene.take(data(1, 512));
  EXPECT_EQ(scene.take(data(1, 512)), Next::answer);
  EXPECT_EQ(scene.fetch.octets(), 512u);
  EXPECT_EQ(scene.take(data(0, 512)), Next::none);
}

TEST(Rfc1350_2_LockStep, BlocksGoOnAfter65535) {
  Scene scene;
  for (std::uint64_t block = 1; block <= 65'600; ++block) ASSERT_EQ(scene.take(data(block, 512)), Next::answer) << block;
  EXPECT_EQ(scene.sends(), "ACK 64");
}

TEST(Rfc1350_5_Packets, WhatAnswersNoReadRequestIsARuleBroken) {
  for (const Opcode opcode : {Opcode::rrq, Opcode::wrq, Opcode::ack}) {
    Scene scene;
    const auto step = scene.fetch.take(of(opcode), {});
    EXPECT_EQ(step.next, Next::broken);
    EXPECT_EQ(step.violation, Violation::malformed_tftp);
  }
  Scene scene;
  EXPECT_EQ(scene.fetch.take(data(1, 513), {}).violation, Violation::malformed_tftp);
  EXPECT_EQ(scene.take(of(Opcode::error)), Next::refused);
}

TEST(Rfc2347_Options, AreConfirmedByAck0AndThenCount) {
  Scene scene{options({{Option::blksize, 1448}, {Option::tsize, 0}})};
  EXPECT_EQ(scene.take(oack(options({{Option::blksize, 1400}, {Option::tsize, 1500}}))), Next::answer);
  EXPECT_EQ(scene.sends(), "ACK 0");
  EXPECT_EQ(scene.take(oack(options({{Option::blksize, 1400}, {Option::tsize, 1500}}))), Next::answer) << "it has not heard the ACK";
  EXPECT_EQ(scene.take(data(1, 1400)), Next::answer);
  EXPECT_EQ(scene.take(oack({})), Next::none);
  const auto last = scene.fetch.take(data(2, 100), scene.asked);
  EXPECT_EQ(last.next, Next::complete);
  EXPECT_EQ(last.violation, std::nullopt);
}

TEST(Rfc2347_Options, OfAServerThatDoesNotKnowThemDoNotCount) {
  Scene scene{options({{Option::blksize, 1448}, {Option::windowsize, 4}})};
  EXPECT_EQ(scene.take(data(1, 512)), Next::answer);
  EXPECT_EQ(scene.take(data(2, 511)), Next::complete);
}

TEST(Rfc2347_Options, ThatWereNotAskedForOrAreMoreAreARuleBroken) {
  const Options asked = options({{Option::blksize, 1448}, {Option::windowsize, 4}, {Option::timeout, 2}});
  for (const Options& answered : {options({{Option::tsize, 5}}), options({{Option::blksize, 1449}}), options({{Option::windowsize, 5}}),
                                  options({{Option::timeout, 1}}), options({{Option::timeout, 3}})}) {
    Scene scene{asked};
    const auto step = scene.fetch.take(oack(answered), asked);
    EXPECT_EQ(step.next, Next::broken);
    EXPECT_EQ(step.violation, Violation::wrong_tftp_option);
  }
  Scene scene{asked};
  Packet unknown = oack({});
  unknown.options_ignored = 1;
  EXPECT_EQ(scene.take(unknown), Next::broken);
}

TEST(Rfc2349_Tsize, IsWhatComes) {
  Scene scene{options({{Option::tsize, 0}})};
  scene.take(oack(options({{Option::tsize, 5}})));
  const auto step = scene.fetch.take(data(1, 6), scene.asked);
  EXPECT_EQ(step.next, Next::complete);
  EXPECT_EQ(step.violation, Violation::wrong_file_size);
}

TEST(Rfc7440_4_Window, IsAcknowledgedAtItsEnd) {
  Scene scene{options({{Option::windowsize, 3}})};
  scene.take(oack(options({{Option::windowsize, 3}})));
  EXPECT_EQ(scene.take(data(1, 512)), Next::none);
  EXPECT_EQ(scene.take(data(2, 512)), Next::none);
  EXPECT_EQ(scene.take(data(3, 512)), Next::answer);
  EXPECT_EQ(scene.sends(), "ACK 3");
  EXPECT_EQ(scene.take(data(4, 512)), Next::none);
  EXPECT_EQ(scene.take(data(5, 0)), Next::complete);
}

TEST(Rfc7440_4_Window, AGapIsToldOnceByTheLastBlockInOrder) {
  Scene scene{options({{Option::windowsize, 4}})};
  scene.take(oack(options({{Option::windowsize, 4}})));
  scene.take(data(1, 512));
  EXPECT_EQ(scene.take(data(3, 512)), Next::answer);
  EXPECT_EQ(scene.sends(), "ACK 1");
  EXPECT_EQ(scene.take(data(4, 512)), Next::none);
  // The server goes back, and its window begins anew.
  for (std::uint64_t block = 2; block <= 4; ++block) EXPECT_EQ(scene.take(data(block, 512)), Next::none);
  EXPECT_EQ(scene.take(data(5, 512)), Next::answer);
  EXPECT_EQ(scene.fetch.octets(), 5u * 512);
}

TEST(Fetch, ALaterBlockIsNoAnswerToARequest) {
  Scene scene;
  EXPECT_EQ(scene.take(data(2, 512)), Next::none);
  EXPECT_EQ(scene.take(data(0, 512)), Next::none);
  EXPECT_FALSE(scene.fetch.heard());
  EXPECT_EQ(scene.sends(), "RRQ gold.cm");
}

}  // namespace
}  // namespace coaxd::storm
