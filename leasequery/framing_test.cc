#include "leasequery/framing.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace coaxd::leasequery {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets message_of(std::size_t size, std::uint8_t seed) {
  Octets message(size);
  for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<std::uint8_t>(seed + i * 7);
  return message;
}
Octets framed(const std::vector<Octets>& messages) {
  Octets stream;
  for (const Octets& message : messages) {
    stream.push_back(static_cast<std::uint8_t>(message.size() >> 8));
    stream.push_back(static_cast<std::uint8_t>(message.size()));
    stream.insert(stream.end(), message.begin(), message.end());
  }
  return stream;
}
// What a reader makes of a stream that comes in pieces ending at these places.
std::vector<Octets> read(FrameReader& reader, Bytes stream, const std::vector<std::size_t>& ends) {
  std::vector<Octets> messages;
  std::size_t at = 0;
  for (const std::size_t end : ends) {
    while (at < end) {
      const std::size_t taken = reader.take(stream.subspan(at, end - at));
      at += taken;
      if (reader.whole()) {
        messages.emplace_back(reader.message().begin(), reader.message().end());
        reader.next();
      } else if (taken == 0) {
        return messages;
      }
    }
  }
  return messages;
}

// RFC 6926 §6.1: a stream has no edges but the lengths in it.
TEST(Rfc6926_6_1_Framing, EverySplitOfTwoMessagesGivesThem) {
  const std::vector<Octets> messages{message_of(240, 1), message_of(301, 2)};
  const Octets stream = framed(messages);
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (const std::size_t second : {first, first + 1, first + 2, stream.size()}) {
      if (second > stream.size()) continue;
      FrameReader reader(1024);
      EXPECT_EQ(read(reader, stream, {first, second, stream.size()}), messages) << first << " " << second;
      EXPECT_FALSE(reader.in_message());
    }
  }
}

TEST(Rfc6926_6_1_Framing, OctetByOctet) {
  const std::vector<Octets> messages{message_of(256, 1), message_of(512, 2), message_of(240, 3)};
  const Octets stream = framed(messages);
  std::vector<std::size_t> ends(stream.size());
  for (std::size_t i = 0; i < ends.size(); ++i) ends[i] = i + 1;
  FrameReader reader(512);
  EXPECT_EQ(read(reader, stream, ends), messages);
}

TEST(Rfc6926_6_1_Framing, EveryTruncationIsAMessageThatIsNotWhole) {
  const Octets stream = framed({message_of(240, 1)});
  for (std::size_t size = 0; size < stream.size(); ++size) {
    FrameReader reader(1024);
    EXPECT_EQ(reader.take(Bytes{stream}.first(size)), size);
    EXPECT_FALSE(reader.whole());
    EXPECT_FALSE(reader.broken());
    EXPECT_EQ(reader.in_message(), size != 0);
  }
}

TEST(Rfc6926_6_1_Framing, LengthsThatNoMessageHasBreakTheStream) {
  for (std::size_t length = 0; length <= 0xffff; ++length) {
    FrameReader reader(1024);
    const Octets stream{static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length), 1, 2, 3};
    const bool fits = length >= kShortestMessage && length <= 1024;
    ASSERT_EQ(reader.take(stream), fits ? 5u : 2u) << length;
    ASSERT_EQ(reader.broken(), !fits) << length;
    ASSERT_FALSE(reader.whole());
    if (fits) continue;
    ASSERT_EQ(reader.bad_length(), length);
    ASSERT_EQ(reader.take(stream), 0u) << "a broken stream takes nothing more";
  }
}

TEST(Rfc6926_6_1_Framing, AMessageWaitsUntilItIsDealtWith) {
  const Octets stream = framed({message_of(240, 1), message_of(240, 9)});
  FrameReader reader(240);
  EXPECT_EQ(reader.take(stream), 242u);
  EXPECT_TRUE(reader.whole());
  EXPECT_EQ(reader.take(Bytes{stream}.subspan(242)), 0u);
  EXPECT_TRUE(equal(reader.message(), message_of(240, 1)));
}

TEST(Rfc6926_6_1_Framing, LongestMessageThatALengthCanTell) {
  const Octets message = message_of(kLongestMessage, 5);
  FrameReader reader(kLongestMessage);
  FrameWriter writer(kLongestMessage + kLengthSize);
  ASSERT_EQ(writer.room(kLongestMessage).size(), kLongestMessage);
  std::copy(message.begin(), message.end(), writer.room(1).begin());
  writer.push(message.size());
  EXPECT_EQ(reader.take(writer.pending()), kLongestMessage + kLengthSize);
  ASSERT_TRUE(reader.whole());
  EXPECT_TRUE(equal(reader.message(), message));
}

TEST(FrameWriter, HasNoRoomUntilSomethingWasSent) {
  FrameWriter writer(1000);
  ASSERT_EQ(writer.room(240).size(), 998u);
  writer.push(500);
  EXPECT_EQ(writer.room(240).size(), 496u);
  writer.push(300);
  EXPECT_TRUE(writer.room(240).empty());
  EXPECT_EQ(writer.pending().size(), 804u);
  writer.sent(400);
  EXPECT_TRUE(writer.room(240).empty());
  writer.sent(404);
  EXPECT_TRUE(writer.pending().empty());
  EXPECT_EQ(writer.room(240).size(), 998u);
}

// Sent in pieces of any size, while others are queued: the other side reads what was pushed.
TEST(FrameWriter, KeepsTheOrderInAnyPieces) {
  std::mt19937 random(20261123);
  FrameWriter writer(4096);
  FrameReader reader(1024);
  std::vector<Octets> pushed, received;
  std::size_t next = 0;
  while (received.size() < 500) {
    const std::size_t size = kShortestMessage + random() % 700;
    if (const MutableBytes room = writer.room(size); pushed.size() < 500 && !room.empty()) {
      pushed.push_back(message_of(size, static_cast<std::uint8_t>(next++)));
      std::copy(pushed.back().begin(), pushed.back().end(), room.begin());
      writer.push(size);
    }
    const std::size_t count = random() % (writer.pending().size() + 1);
    const Octets piece(writer.pending().begin(), writer.pending().begin() + static_cast<std::ptrdiff_t>(count));
    writer.sent(count);
    const auto more = read(reader, piece, {piece.size()});
    received.insert(received.end(), more.begin(), more.end());
  }
  EXPECT_EQ(received, pushed);
}

}  // namespace
}  // namespace coaxd::leasequery
