#include "server/tftp/responder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "server/tftp/testing/sim_network.h"

namespace coaxd::tftp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kMs = 1'000'000, kSecond = 1000 * kMs;
constexpr Endpoint kModem{Ipv4::of(10, 20, 0, 7), 2048};
constexpr Ipv4 kServer = Ipv4::of(10, 0, 0, 1);

std::vector<std::uint8_t> file_of(std::size_t size, std::uint8_t salt = 0) {
  std::vector<std::uint8_t> octets(size);
  for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(i * 7 + i / 251 + size + salt);
  return octets;
}

std::vector<std::uint8_t> first_block(std::size_t size) {
  auto octets = file_of(size);
  octets.resize(512);
  return octets;
}

// A responder with a few files, time that moves by assignment, and what it said, as words: "DATA 1 (512) @2".
class Scene : public Outlet {
 public:
  explicit Scene(Settings wanted = {}) : settings(std::move(wanted)), responder(settings, files, *this, now) {
    files.put("modem.cm", file_of(1000));
    files.put("even.cm", file_of(1024));
    files.put("empty.cm", {});
    files.put("big.bin", file_of(200'000));
    files.put("late-modem.cm", file_of(700));
    files.put("never-modem.cm", file_of(700));
  }

  Scene& from(Endpoint client) {
    client_ = client;
    return *this;
  }
  Scene& on(std::uint8_t socket) {
    socket_ = socket;
    return *this;
  }
  std::vector<std::string> say(Bytes datagram) {
    responder.on_datagram(datagram, {.from = client_, .to = kServer, .socket = socket_, .path_mtu = path_mtu}, now);
    return take();
  }
  // name, then options as text
  std::vector<std::string> ask(std::string_view name, std::initializer_list<std::string_view> options = {}, std::string_view mode = "octet", std::uint8_t opcode = 1) {
    std::string packet{'\0', static_cast<char>(opcode)};
    const auto append = [&](std::string_view text) { packet.append(text).append(1, '\0'); };
    append(name);
    append(mode);
    for (const std::string_view each : options) append(each);
    socket_ = 0;
    auto said = say(as_bytes(packet));
    socket_ = last_socket;
    return said;
  }
  std::vector<std::string> ack(std::uint16_t block) {
    std::array<std::uint8_t, 4> out;
    write_ack(out, block);
    return say(out);
  }
  std::vector<std::string> error(ErrorCode code, std::string_view text = "") {
    std::array<std::uint8_t, 64> out;
    return say(Bytes{out}.first(write_error(out, code, text)));
  }
  std::vector<std::string> after(std::int64_t ns) {
    now.mono_ns += ns;
    responder.on_time(now);
    return take();
  }
  std::vector<std::string> take() { return std::exchange(said_, {}); }
  std::uint64_t count(Reason reason) const { return responder.counters().of(reason).get(); }

  SimFiles files;
  Settings settings;
  Instant now{.mono_ns = 100 * kSecond, .wall = 1'800'000'000};
  Responder responder;
  std::vector<std::uint8_t> last_data;
  std::uint8_t last_socket = 0;
  Departure last{};
  std::size_t rooms = 1'000'000;
  std::uint16_t path_mtu = 1500;
  std::vector<Event> events;
  std::vector<std::string> names, texts, labels;

 private:
  MutableBytes room() override { return rooms > 0 ? MutableBytes{room_}.first(settings.largest_datagram) : MutableBytes{}; }
  void send(std::size_t size, const Departure& departure) override {
    --rooms;
    last = departure;
    EXPECT_EQ(departure.to, client_);
    const auto packet = parse(Bytes{room_}.first(size));
    ASSERT_TRUE(packet);
    if (packet->opcode != Opcode::error) last_socket = departure.socket;
    switch (packet->opcode) {
      case Opcode::data:
        last_data.assign(packet->data.begin(), packet->data.end());
        said_.push_back("DATA " + std::to_string(packet->block) + " (" + std::to_string(packet->data.size()) + ")");
        break;
      case Opcode::error: said_.push_back("ERROR " + std::to_string(static_cast<int>(packet->error)) + " " + std::string(packet->text)); break;
      case Opcode::oack: {
        std::string text = "OACK";
        static constexpr const char* kNames[] = {"blksize", "timeout", "tsize", "windowsize"};
        for (std::size_t i = 0; i < 4; ++i) {
          const auto option = static_cast<Option>(i);
          if (packet->options.has(option)) text += std::string(" ") + kNames[i] + "=" + std::to_string(packet->options.get(option));
        }
        said_.push_back(text);
        break;
      }
      default: said_.push_back("?");
    }
  }
  void log(const Event& event) override {
    events.push_back(event);
    names.emplace_back(event.name);
    texts.emplace_back(event.text);
    labels.emplace_back(event.label);
  }

  std::array<std::uint8_t, 1472> room_;
  std::vector<std::string> said_;
  Endpoint client_ = kModem;
  std::uint8_t socket_ = 0;
};

// --- RFC 1350 ---

TEST(Rfc1350_2_Read, BlockAfterBlockEachAcknowledged) {
  Scene scene;
  EXPECT_THAT(scene.ask("modem.cm"), ElementsAre("DATA 1 (512)"));
  EXPECT_EQ(scene.last_data, first_block(1000));
  EXPECT_THAT(scene.ack(1), ElementsAre("DATA 2 (488)"));
  EXPECT_THAT(scene.ack(2), IsEmpty());
  EXPECT_EQ(scene.responder.counters().completed.get(), 1u);
  EXPECT_EQ(scene.responder.open(), 0u);
  EXPECT_EQ(scene.files.closed_complete, 1u);
}

TEST(Rfc1350_6_Termination, AnExactMultipleEndsWithAnEmptyBlock) {
  Scene scene;
  scene.ask("even.cm");
  EXPECT_THAT(scene.ack(1), ElementsAre("DATA 2 (512)"));
  EXPECT_THAT(scene.ack(2), ElementsAre("DATA 3 (0)"));
  EXPECT_THAT(scene.ack(3), IsEmpty());
  EXPECT_EQ(scene.responder.counters().completed.get(), 1u);
}

TEST(Rfc1350_6_Termination, AnEmptyFileIsOneEmptyBlock) {
  Scene scene;
  EXPECT_THAT(scene.ask("empty.cm"), ElementsAre("DATA 1 (0)"));
  EXPECT_THAT(scene.ack(1), IsEmpty());
  EXPECT_EQ(scene.responder.counters().completed.get(), 1u);
}

// The final ACK may be lost; the last DATA is sent again, and a late ACK is no stranger's.
TEST(Rfc1350_6_Termination, TheLastBlockIsRepeatedUntilItIsAcknowledged) {
  Scene scene;
  scene.ask("modem.cm");
  scene.ack(1);
  EXPECT_THAT(scene.after(1100 * kMs), ElementsAre("DATA 2 (488)"));
  EXPECT_THAT(scene.ack(2), IsEmpty());
  EXPECT_THAT(scene.ack(2), IsEmpty());
  EXPECT_EQ(scene.count(Reason::after_the_end), 1u);
  scene.after(4 * kSecond);
  EXPECT_THAT(scene.ack(2), ElementsAre("ERROR 5 no such transfer"));
}

TEST(Rfc1350_4_Tid, AnswersComeFromThePortOfTheTransfer) {
  Scene scene;
  scene.ask("modem.cm");
  const std::uint8_t socket = scene.last_socket;
  EXPECT_GE(socket, 1);
  EXPECT_LE(socket, scene.settings.transfer_sockets);
  EXPECT_EQ(scene.last.from, kServer);
  scene.ack(1);
  EXPECT_EQ(scene.last_socket, socket);
}

TEST(Rfc1350_4_Tid, AnotherTransferOfTheSameClientHasAnotherPortMostly) {
  Scene scene;
  std::map<int, int> seen;
  for (int i = 0; i < 400; ++i) {
    scene.ask("empty.cm");
    ++seen[scene.last_socket];
    scene.ack(1);
  }
  ASSERT_EQ(seen.size(), 4u);
  for (const auto& [socket, times] : seen) EXPECT_GT(times, 60) << socket;
}

TEST(Rfc1350_4_Tid, RequestsAreTakenAtPort69Only) {
  Scene scene;
  EXPECT_THAT(scene.on(2).say(std::vector<std::uint8_t>{0, 1, 'x', 0, 'o', 'c', 't', 'e', 't', 0}), ElementsAre("ERROR 4 requests are not taken at this port"));
  EXPECT_EQ(scene.count(Reason::request_elsewhere), 1u);
}

TEST(Rfc1350_4_Tid, SinglePortIsPort69ForEverything) {
  Scene scene({.transfer_sockets = 0});
  scene.ask("modem.cm");
  EXPECT_EQ(scene.last.socket, 0);
  EXPECT_THAT(scene.on(0).ack(1), ElementsAre("DATA 2 (488)"));
  EXPECT_EQ(scene.last.socket, 0);
  scene.ack(2);
  EXPECT_EQ(scene.responder.counters().completed.get(), 1u);
}

// "If a source TID does not match, the packet should be discarded [...]. An error packet should be sent to the source of the incorrect packet, while not
// disturbing the transfer."
TEST(Rfc1350_4_Tid, AStrangerIsToldAndTheTransferGoesOn) {
  Scene scene;
  scene.ask("modem.cm");
  EXPECT_THAT(scene.from({kModem.address, 2049}).ack(1), ElementsAre("ERROR 5 no such transfer"));
  EXPECT_THAT(scene.from({Ipv4::of(10, 20, 0, 8), kModem.port}).ack(1), ElementsAre("ERROR 5 no such transfer"));
  EXPECT_THAT(scene.from(kModem).on(static_cast<std::uint8_t>(scene.last_socket % 4 + 1)).ack(1), IsEmpty());
  EXPECT_THAT(scene.on(scene.last_socket).ack(1), ElementsAre("DATA 2 (488)"));
  EXPECT_EQ(scene.count(Reason::unknown_transfer), 2u);
  EXPECT_EQ(scene.count(Reason::wrong_port), 1u);
}

TEST(Rfc1350_4_RepeatedRequest, IsTheSameTransferFromTheBeginning) {
  Scene scene;
  scene.ask("modem.cm");
  const std::uint8_t socket = scene.last_socket;
  scene.ack(1);
  scene.files.put("modem.cm", file_of(1000, 99));  // as a file with the time in it would be, at the next request
  EXPECT_THAT(scene.ask("modem.cm"), ElementsAre("DATA 1 (512)"));
  EXPECT_EQ(scene.last_socket, socket);
  EXPECT_EQ(scene.last_data, first_block(1000));
  EXPECT_EQ(scene.files.opened, 1u);
  EXPECT_EQ(scene.responder.open(), 1u);
  EXPECT_EQ(scene.responder.counters().repeated.get(), 1u);
  scene.ack(1);
  scene.ack(2);
  EXPECT_EQ(scene.responder.counters().completed.get(), 1u);
}

TEST(Rfc1350_4_RepeatedRequest, WithOptionsIsOfferedAgain) {
  Scene scene;
  EXPECT_THAT(scene.ask("big.bin", {"blksize", "1024"}), ElementsAre("OACK blksize=1024"));
  EXPECT_THAT(scene.ask("big.bin", {"blksize", "1024"}), ElementsAre("OACK blksize=1024"));
  EXPECT_THAT(scene.ack(0), ElementsAre("DATA 1 (1024)"));
  EXPECT_EQ(scene.files.opened, 1u);
}

// The network's duplicate of the request, when the client is far ahead: it says where it is, and goes on from there.
TEST(Rfc1350_4_RepeatedRequest, ThatIsALateCopyDoesNotThrowTheClientBack) {
  Scene scene;
  scene.ask("big.bin");
  for (std::uint16_t block = 1; block <= 9; ++block) scene.ack(block);
  EXPECT_THAT(scene.ask("big.bin"), ElementsAre("DATA 1 (512)"));
  EXPECT_THAT(scene.ack(10), ElementsAre("DATA 11 (512)"));
}

// A client takes its port again at once, for the same file, and the new request overtakes the last ACK of the transfer before.
TEST(Rfc1350_4_RepeatedRequest, ThatOvertakesTheLastAckIsServed) {
  for (const bool with_options : {false, true}) {
    Scene scene;
    const auto ask = [&] { return with_options ? scene.ask("modem.cm", {"blksize", "400"}) : scene.ask("modem.cm"); };
    ask();
    if (with_options) scene.ack(0);
    const std::uint16_t last = with_options ? 3 : 2;
    for (std::uint16_t block = 1; block < last; ++block) scene.ack(block);
    EXPECT_EQ(ask().size(), 1u);
    EXPECT_THAT(scene.ack(last), IsEmpty());
    EXPECT_EQ(scene.responder.open(), 1u);
    if (with_options) {
      EXPECT_THAT(scene.ack(0), ElementsAre("DATA 1 (400)"));
    }
    for (std::uint16_t block = 1; block < last; ++block) EXPECT_EQ(scene.ack(block).size(), 1u);
    EXPECT_THAT(scene.ack(last), IsEmpty());
    EXPECT_EQ(scene.responder.counters().completed.get(), 1u);
    EXPECT_EQ(scene.responder.open(), 0u);
  }
}

TEST(Rfc1350_4_AnotherRequest, FromTheSamePortEndsTheFirst) {
  Scene scene;
  scene.ask("modem.cm");
  EXPECT_THAT(scene.ask("even.cm"), ElementsAre("DATA 1 (512)"));
  EXPECT_EQ(scene.last_data, first_block(1024));
  EXPECT_EQ(scene.count(Reason::superseded), 1u);
  EXPECT_EQ(scene.responder.open(), 1u);
  EXPECT_EQ(scene.files.open_now.size(), 1u);
  EXPECT_THAT(scene.ask("even.cm", {"tsize", "0"}), ElementsAre("OACK tsize=1024"));  // other options, another transfer
  EXPECT_EQ(scene.count(Reason::superseded), 2u);
}

TEST(Rfc1350_4_AnotherRequest, AfterTheEndIsANewTransfer) {
  Scene scene;
  scene.ask("empty.cm");
  scene.ack(1);
  EXPECT_THAT(scene.ask("empty.cm"), ElementsAre("DATA 1 (0)"));
  EXPECT_EQ(scene.files.opened, 2u);
}

TEST(Rfc1350_5_Error, RefusalsSayWhy) {
  Scene scene;
  EXPECT_THAT(scene.ask("nothing"), ElementsAre("ERROR 1 file not found"));
  EXPECT_EQ(scene.last.socket, 0);
  EXPECT_THAT(scene.ask("modem.cm", {}, "octet", 2), ElementsAre("ERROR 2 this server takes no files"));
  EXPECT_THAT(scene.ask("modem.cm", {}, "mail"), ElementsAre("ERROR 4 the transfer mode is neither octet nor netascii"));
  EXPECT_THAT(scene.ask(""), ElementsAre("ERROR 4 the request has no file name"));
  EXPECT_THAT(scene.ask(std::string(256, 'n')), ElementsAre("ERROR 4 the file name is longer than 255 octets"));
  EXPECT_THAT(scene.say(std::vector<std::uint8_t>{0, 1, 'x', 0}), ElementsAre("ERROR 4 the request has no transfer mode"));
  EXPECT_THAT(scene.say(std::vector<std::uint8_t>{0, 9, 'x', 0}), ElementsAre("ERROR 4 unknown opcode"));
  EXPECT_THAT(scene.say(std::vector<std::uint8_t>{0, 3, 0, 1, 7}), ElementsAre("ERROR 4 this server sends files and takes none"));
  EXPECT_EQ(scene.responder.open(), 0u);
}

TEST(Rfc1350_5_Modes, NetasciiIsSentAsOctets) {
  Scene scene;
  scene.files.put("text", {'a', '\n', 'b', '\r'});
  EXPECT_THAT(scene.ask("text", {}, "netascii"), ElementsAre("DATA 1 (4)"));
  EXPECT_EQ(scene.last_data, (std::vector<std::uint8_t>{'a', '\n', 'b', '\r'}));
}

TEST(Rfc1350_7_PrematureTermination, AnErrorEndsTheTransferAndIsNotAnswered) {
  Scene scene;
  scene.ask("modem.cm");
  EXPECT_THAT(scene.error(ErrorCode::allocation_exceeded, "disk full"), IsEmpty());
  EXPECT_EQ(scene.count(Reason::client_error), 1u);
  EXPECT_EQ(scene.responder.open(), 0u);
  EXPECT_EQ(scene.files.closed_early, 1u);
  EXPECT_EQ(scene.texts.back(), "disk full");
  EXPECT_THAT(scene.after(60 * kSecond), IsEmpty());
}

TEST(Rfc1350_7_PrematureTermination, AnErrorOutOfNowhereIsNotAnswered) {
  Scene scene;
  EXPECT_THAT(scene.error(ErrorCode::unknown_transfer), IsEmpty());
  EXPECT_EQ(scene.count(Reason::stray_error), 1u);
}

TEST(Rfc1350_7_PrematureTermination, SilenceEndsItInTheEnd) {
  Scene scene;
  scene.ask("modem.cm");
  scene.ack(1);
  std::size_t sent = 0;
  for (int second = 0; second < 120; ++second) sent += scene.after(kSecond).size();
  EXPECT_EQ(sent, 5u);  // six tries
  EXPECT_EQ(scene.count(Reason::unconfirmed), 1u);  // all was sent, only the last word is missing
  EXPECT_EQ(scene.responder.open(), 0u);
  scene.ask("big.bin");
  scene.ack(1);
  scene.after(1);
  for (int second = 0; second < 120; ++second) scene.after(kSecond);
  EXPECT_EQ(scene.count(Reason::no_answer), 1u);
}

// --- RFC 1123 ---

TEST(Rfc1123_4_2_3_1_SorcerersApprentice, ADuplicateAckHasNothingSent) {
  Scene scene;
  scene.ask("big.bin");
  EXPECT_THAT(scene.ack(1), ElementsAre("DATA 2 (512)"));
  EXPECT_THAT(scene.ack(1), IsEmpty());
  EXPECT_THAT(scene.ack(0), IsEmpty());
  EXPECT_THAT(scene.ack(2), ElementsAre("DATA 3 (512)"));
  EXPECT_THAT(scene.ack(2), IsEmpty());
  EXPECT_THAT(scene.ack(1), IsEmpty());
  EXPECT_EQ(scene.count(Reason::duplicate_ack), 2u);
  EXPECT_EQ(scene.count(Reason::old_ack), 2u);
}

TEST(Rfc1123_4_2_3_1_SorcerersApprentice, NorDoesItPutOffTheTimeout) {
  Scene scene;
  scene.ask("big.bin");
  scene.after(900 * kMs);
  scene.ack(0);
  EXPECT_THAT(scene.after(150 * kMs), ElementsAre("DATA 1 (512)"));
}

TEST(Rfc1123_4_2_3_2_Timeout, DoublesUpToALimit) {
  Scene scene;
  scene.ask("big.bin");
  scene.ack(1);
  std::vector<int> at;
  for (int tenth = 1; tenth < 600; ++tenth) {
    if (!scene.after(100 * kMs).empty()) at.push_back(tenth);
  }
  EXPECT_THAT(at, ElementsAre(11, 32, 73, 154, 235));  // 1, 2, 4, 8, 8 seconds, each seen at the next look
}

TEST(Rfc1123_4_2_3_2_Timeout, BeginsAnewWithEachStep) {
  Scene scene;
  scene.ask("big.bin");
  scene.after(1100 * kMs);
  scene.after(2100 * kMs);
  scene.ack(1);
  EXPECT_THAT(scene.after(1100 * kMs), ElementsAre("DATA 2 (512)"));
}

// One who has never answered may not have asked: his address is another's word.
TEST(Rfc1123_4_2_3_2_Timeout, AClientThatWasNeverHeardIsGivenUpEarlier) {
  Scene scene;
  scene.ask("big.bin");
  std::size_t sent = 0;
  for (int second = 0; second < 120; ++second) sent += scene.after(kSecond).size();
  EXPECT_EQ(sent, 3u);
  EXPECT_EQ(scene.count(Reason::no_answer), 1u);
}

TEST(Rfc1123_4_2_3_5_Broadcast, IsNotAnswered) {
  Scene scene;
  const std::vector<std::uint8_t> rrq{0, 1, 'e', 'm', 'p', 't', 'y', '.', 'c', 'm', 0, 'o', 'c', 't', 'e', 't', 0};
  for (const Ipv4 to : {Ipv4::of(255, 255, 255, 255), Ipv4::of(224, 0, 0, 1)}) {
    scene.responder.on_datagram(rrq, {.from = kModem, .to = to}, scene.now);
    EXPECT_THAT(scene.take(), IsEmpty());
  }
  EXPECT_EQ(scene.count(Reason::broadcast), 2u);
}

TEST(Rfc1122_3_2_1_3_Addresses, OnlyThoseThatCanBeAnsweredAre) {
  Scene scene;
  for (const Endpoint from : {Endpoint{kModem.address, 0}, Endpoint{Ipv4::of(0, 0, 0, 0), 9}, Endpoint{Ipv4::of(224, 0, 0, 5), 9}, Endpoint{Ipv4::of(255, 255, 255, 255), 9}}) {
    EXPECT_THAT(scene.from(from).ask("empty.cm"), IsEmpty());
  }
  EXPECT_EQ(scene.count(Reason::implausible_source), 4u);
}

// --- RFC 2347, 2348, 2349 ---

TEST(Rfc2347_Negotiation, TheOackIsConfirmedByAckZero) {
  Scene scene;
  EXPECT_THAT(scene.ask("modem.cm", {"tsize", "0", "blksize", "700", "unknown", "5"}), ElementsAre("OACK blksize=700 tsize=1000"));
  EXPECT_THAT(scene.ack(1), IsEmpty());
  EXPECT_THAT(scene.ack(0), ElementsAre("DATA 1 (700)"));
  EXPECT_THAT(scene.ack(0), IsEmpty());
  EXPECT_THAT(scene.ack(1), ElementsAre("DATA 2 (300)"));
}

TEST(Rfc2347_Negotiation, NoUsableOptionMeansNoOack) {
  Scene scene;
  EXPECT_THAT(scene.ask("modem.cm", {"multicast", "", "blksize", "7"}), ElementsAre("DATA 1 (512)"));
  EXPECT_EQ(scene.responder.counters().options_ignored.get(), 2u);
}

TEST(Rfc2347_Negotiation, AnOackThatIsNotConfirmedIsRepeated) {
  Scene scene;
  scene.ask("modem.cm", {"blksize", "700"});
  EXPECT_THAT(scene.after(1100 * kMs), ElementsAre("OACK blksize=700"));
}

// Error code 8: the client does not like what it was offered.
TEST(Rfc2347_Negotiation, TheClientMayRefuse) {
  Scene scene;
  scene.ask("modem.cm", {"blksize", "60000"});
  EXPECT_THAT(scene.error(ErrorCode::option_refused, "too small"), IsEmpty());
  EXPECT_EQ(scene.responder.open(), 0u);
}

// What would fragment is lowered: 1500 octets less IPv4, UDP and DATA headers.
TEST(Rfc2348_Blksize, NeverMoreThanThePathTakes) {
  Scene scene;
  EXPECT_THAT(scene.ask("big.bin", {"blksize", "65464"}), ElementsAre("OACK blksize=1468"));
  EXPECT_THAT(scene.ack(0), ElementsAre("DATA 1 (1468)"));
  scene.path_mtu = 1400;
  EXPECT_THAT(scene.ask("modem.cm", {"blksize", "1448"}), ElementsAre("OACK blksize=1368"));
  scene.path_mtu = 68;  // nobody's path
  EXPECT_THAT(scene.ask("even.cm", {"blksize", "1448"}), ElementsAre("OACK blksize=544"));
  scene.path_mtu = 9000;  // wider than the room
  EXPECT_THAT(scene.ask("big.bin", {"blksize", "8192"}), ElementsAre("OACK blksize=1468"));
}

TEST(Rfc2348_Blksize, TheSmallest) {
  Scene scene;
  EXPECT_THAT(scene.ask("modem.cm", {"blksize", "8"}), ElementsAre("OACK blksize=8"));
  EXPECT_THAT(scene.ack(0), ElementsAre("DATA 1 (8)"));
  for (std::uint16_t block = 1; block <= 124; ++block) EXPECT_THAT(scene.ack(block), ElementsAre("DATA " + std::to_string(block + 1) + " (8)"));
  EXPECT_THAT(scene.ack(125), ElementsAre("DATA 126 (0)"));
}

TEST(Rfc2349_Timeout, IsWhereTheBackOffBegins) {
  Scene scene;
  EXPECT_THAT(scene.ask("modem.cm", {"timeout", "20"}), ElementsAre("OACK timeout=20"));
  EXPECT_THAT(scene.after(19 * kSecond), IsEmpty());
  EXPECT_THAT(scene.after(2 * kSecond), ElementsAre("OACK timeout=20"));
  EXPECT_THAT(scene.after(21 * kSecond), ElementsAre("OACK timeout=20"));
}

// 255 seconds are the client's right, half an hour of them is not.
TEST(Rfc2349_Timeout, ALongOneIsTriedLessOften) {
  Scene scene;
  scene.ask("modem.cm", {"timeout", "255"});
  scene.ack(0);
  EXPECT_THAT(scene.after(256 * kSecond), ElementsAre("DATA 1 (512)"));
  EXPECT_THAT(scene.after(256 * kSecond), IsEmpty());
  EXPECT_EQ(scene.responder.open(), 0u);
}

TEST(Rfc2349_Tsize, IsTheRealSize) {
  Scene scene;
  EXPECT_THAT(scene.ask("big.bin", {"tsize", "0"}), ElementsAre("OACK tsize=200000"));
}

// --- RFC 7440 ---

TEST(Rfc7440_4_Window, IsSentWithoutWaiting) {
  Scene scene;
  EXPECT_THAT(scene.ask("big.bin", {"windowsize", "3"}), ElementsAre("OACK windowsize=3"));
  EXPECT_THAT(scene.ack(0), ElementsAre("DATA 1 (512)", "DATA 2 (512)", "DATA 3 (512)"));
  EXPECT_THAT(scene.ack(3), ElementsAre("DATA 4 (512)", "DATA 5 (512)", "DATA 6 (512)"));
}

TEST(Rfc7440_4_Window, GoesBackToAGap) {
  Scene scene;
  scene.ask("big.bin", {"windowsize", "4"});
  scene.ack(0);
  EXPECT_THAT(scene.ack(2), ElementsAre("DATA 3 (512)", "DATA 4 (512)", "DATA 5 (512)", "DATA 6 (512)"));
  EXPECT_EQ(scene.responder.counters().gaps.get(), 1u);
  EXPECT_EQ(scene.responder.counters().resent.get(), 2u);
}

TEST(Rfc7440_4_Window, GoesBackToItsBeginningByTimeOnly) {
  Scene scene;
  scene.ask("big.bin", {"windowsize", "2"});
  scene.ack(0);
  EXPECT_THAT(scene.ack(0), IsEmpty());
  EXPECT_THAT(scene.after(1100 * kMs), ElementsAre("DATA 1 (512)", "DATA 2 (512)"));
}

TEST(Rfc7440_3_Windowsize, HasTheServersLimit) {
  Scene scene({.largest_window = 5});
  EXPECT_THAT(scene.ask("big.bin", {"windowsize", "65535"}), ElementsAre("OACK windowsize=5"));
  EXPECT_EQ(scene.ack(0).size(), 5u);
}

// --- files that come later, or go ---

TEST(TftpFiles, APendingFileIsAskedForOnce) {
  Scene scene;
  EXPECT_THAT(scene.ask("late-modem.cm"), IsEmpty());
  EXPECT_THAT(scene.ask("late-modem.cm"), IsEmpty());
  EXPECT_EQ(scene.files.opened, 1u);
  scene.responder.answer(scene.files.late[0].ticket, scene.files.answer("late-modem.cm"), scene.now);
  EXPECT_THAT(scene.take(), ElementsAre("DATA 1 (512)"));
  scene.responder.answer(scene.files.late[0].ticket, scene.files.answer("late-modem.cm"), scene.now);  // once is enough
  EXPECT_THAT(scene.take(), IsEmpty());
}

TEST(TftpFiles, APendingFileMayBeRefused) {
  Scene scene;
  scene.ask("late-modem.cm");
  scene.responder.answer(scene.files.late[0].ticket, FileAnswer::refused(ErrorCode::access_violation, "not your file", "not-told"), scene.now);
  EXPECT_THAT(scene.take(), ElementsAre("ERROR 2 not your file"));
  EXPECT_EQ(scene.labels.back(), "not-told");
  EXPECT_EQ(scene.count(Reason::access_violation), 1u);
  EXPECT_EQ(scene.responder.open(), 0u);
}

TEST(TftpFiles, AnAnswerThatComesTooLateIsForgotten) {
  Scene scene;
  scene.ask("late-modem.cm");
  scene.error(ErrorCode::undefined);
  scene.responder.answer(scene.files.late[0].ticket, scene.files.answer("late-modem.cm"), scene.now);
  EXPECT_THAT(scene.take(), IsEmpty());
}

TEST(TftpFiles, NobodyWaitsForEverForOne) {
  Scene scene;
  scene.ask("never-modem.cm");
  EXPECT_THAT(scene.ack(0), IsEmpty());
  EXPECT_THAT(scene.after(11 * kSecond), ElementsAre("ERROR 0 the file was not ready in time"));
  EXPECT_EQ(scene.files.closed_early, 1u);
  EXPECT_EQ(scene.responder.open(), 0u);
}

TEST(TftpFiles, WhatCannotBeReadAnyMoreEndsWithAnError) {
  class Broken final : public Contents {
   public:
    Broken() : Contents(5000) {}
    bool read(std::uint64_t offset, MutableBytes out) const noexcept override {
      std::memset(out.data(), 1, out.size());
      return offset < 1000;
    }
  };
  Scene scene;
  scene.files.put_contents("broken", std::make_shared<Broken>());
  scene.ask("broken");
  scene.ack(1);
  EXPECT_THAT(scene.ack(2), ElementsAre("ERROR 0 the file could not be read"));
  EXPECT_EQ(scene.count(Reason::read_failed), 1u);
  EXPECT_EQ(scene.responder.open(), 0u);
  EXPECT_THAT(scene.after(60 * kSecond), IsEmpty());
}

TEST(TftpFiles, LiveAsLongAsTheirTransfers) {
  Scene scene;
  auto contents = std::make_shared<MemoryContents>(file_of(600));
  const std::weak_ptr<const Contents> watched = contents;
  scene.files.put_contents("mine", std::move(contents));
  scene.ask("mine");
  scene.files.put("mine", file_of(1));
  EXPECT_FALSE(watched.expired());
  scene.ack(1);
  scene.ack(2);
  EXPECT_TRUE(watched.expired());
}

// --- limits ---

TEST(TftpLimits, OneSourceHasSoManyTransfers) {
  Scene scene({.per_source = 2});
  EXPECT_THAT(scene.from({kModem.address, 1}).ask("modem.cm"), ElementsAre("DATA 1 (512)"));
  EXPECT_THAT(scene.from({kModem.address, 2}).ask("empty.cm"), ElementsAre("DATA 1 (0)"));
  EXPECT_THAT(scene.from({kModem.address, 3}).ask("empty.cm"), ElementsAre("ERROR 3 too many transfers to your address"));
  scene.from({kModem.address, 2}).on(scene.last_socket);
  EXPECT_EQ(scene.count(Reason::too_many_from_source), 1u);
  EXPECT_THAT(scene.from({kModem.address, 1}).ask("modem.cm"), ElementsAre("DATA 1 (512)"));  // a repetition is no further one
  EXPECT_THAT(scene.from({Ipv4::of(10, 20, 0, 8), 3}).ask("empty.cm"), ElementsAre("DATA 1 (0)"));
}

TEST(TftpLimits, ACmtsFetchesForAllItsModems) {
  Scene scene({.per_source = 2, .proxies = {{Ipv4::of(10, 20, 0, 0), Ipv4::of(255, 255, 0, 0)}}});
  for (std::uint16_t port = 1; port <= 100; ++port) EXPECT_THAT(scene.from({kModem.address, port}).ask("empty.cm"), ElementsAre("DATA 1 (0)"));
}

// Who gets no answer asks again; who gets an ERROR goes back to DHCP.
TEST(TftpLimits, WithAllTransfersUnderWayARequestIsNotAnswered) {
  Scene scene({.transfers = 2});
  scene.from({kModem.address, 1}).ask("modem.cm");
  scene.from({kModem.address, 2}).ask("empty.cm");
  const std::uint8_t socket = scene.last_socket;
  EXPECT_THAT(scene.from({kModem.address, 3}).ask("empty.cm"), IsEmpty());
  EXPECT_EQ(scene.count(Reason::busy), 1u);
  scene.from({kModem.address, 2}).on(socket).ack(1);
  EXPECT_THAT(scene.from({kModem.address, 3}).ask("empty.cm"), ElementsAre("DATA 1 (0)"));
}

TEST(TftpBackPressure, WithoutRoomNothingIsLost) {
  Scene scene;
  scene.ask("big.bin", {"windowsize", "4"});
  scene.rooms = 2;
  EXPECT_THAT(scene.ack(0), ElementsAre("DATA 1 (512)", "DATA 2 (512)"));
  EXPECT_THAT(scene.after(30 * kMs), IsEmpty());
  scene.rooms = 10;
  EXPECT_THAT(scene.after(30 * kMs), ElementsAre("DATA 3 (512)", "DATA 4 (512)"));
  EXPECT_EQ(scene.responder.counters().resent.get(), 0u);
}

TEST(TftpBackPressure, EvenTheOackWaits) {
  Scene scene;
  scene.rooms = 0;
  EXPECT_THAT(scene.ask("big.bin", {"tsize", "0"}), IsEmpty());
  for (int i = 0; i < 1000; ++i) EXPECT_THAT(scene.after(10 * kMs), IsEmpty());
  EXPECT_EQ(scene.responder.open(), 1u);  // ten seconds without room are not the client's silence
  scene.rooms = 1;
  EXPECT_THAT(scene.after(30 * kMs), ElementsAre("OACK tsize=200000"));
}

TEST(TftpLog, TellsATransfersStory) {
  Scene scene;
  scene.ask("modem.cm", {"blksize", "600"});
  scene.now.mono_ns += 5 * kMs;
  scene.ack(0);
  scene.after(1100 * kMs);
  scene.ack(1);
  scene.ack(2);
  ASSERT_EQ(scene.events.size(), 2u);
  EXPECT_EQ(scene.events[0].kind, Event::Kind::started);
  EXPECT_EQ(scene.events[0].size, 1000u);
  const Event& end = scene.events[1];
  EXPECT_EQ(end.kind, Event::Kind::completed);
  EXPECT_EQ(end.client, kModem);
  EXPECT_EQ(end.server, kServer);
  EXPECT_EQ(scene.names[1], "modem.cm");
  EXPECT_EQ(end.acknowledged, 1000u);
  EXPECT_EQ(end.resent, 1u);
  EXPECT_EQ(end.duration_ns, 1105 * kMs);
  EXPECT_EQ(end.block_size, 600);
  scene.ask("nothing");
  EXPECT_EQ(scene.events[2].kind, Event::Kind::refused);
  EXPECT_EQ(scene.events[2].reason, Reason::file_not_found);
  EXPECT_EQ(scene.names[2], "nothing");
}

TEST(TftpTime, NothingToDoIsNoTime) {
  Scene scene;
  EXPECT_EQ(scene.responder.next_ns(), TimerWheel::kNoTime);
  scene.ask("modem.cm");
  EXPECT_LE(scene.responder.next_ns(), scene.now.mono_ns + 1020 * kMs);
}

}  // namespace
}  // namespace coaxd::tftp
