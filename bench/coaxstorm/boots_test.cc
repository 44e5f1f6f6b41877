// What comes after the ACK, against a server of a few lines on the loopback, all of whose 127.0.0.0/8 are hosts.
#include "bench/coaxstorm/boots.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "bench/coaxstorm/storm.h"

namespace coaxd::storm {
namespace {

using tftp::Opcode;

constexpr Ipv4 kServer = Ipv4::of(127, 0, 0, 1), kFirstHost = Ipv4::of(127, 0, 9, 1);
constexpr std::int64_t kSecond = 1'000'000'000;

void wait_for(int fd) {
  pollfd readable{fd, POLLIN, 0};
  ASSERT_EQ(poll(&readable, 1, 10'000), 1);
}

struct Socket {
  Socket() : fd(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in name = to_sockaddr({kServer, 0});
    socklen_t size = sizeof name;
    if (bind(fd, reinterpret_cast<sockaddr*>(&name), size) != 0) std::abort();
    getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
    port = from_sockaddr(name).port;
  }
  ~Socket() { close(fd); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  struct Heard {
    std::vector<std::uint8_t> octets;
    SocketAddress from;
    tftp::Packet packet() const { return tftp::parse(octets).value(); }
  };
  std::optional<Heard> hear() const {
    wait_for(fd);
    return take();
  }
  // Nothing is expected, so it is not waited for.
  bool silent() const { return !take(); }
  std::optional<Heard> take() const {
    Heard heard{std::vector<std::uint8_t>(2000), {}};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(fd, heard.octets.data(), heard.octets.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) return std::nullopt;
    heard.octets.resize(static_cast<std::size_t>(got));
    heard.from = from_sockaddr(from);
    return heard;
  }
  void say(SocketAddress to, Bytes octets) const {
    const sockaddr_in name = to_sockaddr(to);
    ASSERT_EQ(sendto(fd, octets.data(), octets.size(), 0, reinterpret_cast<const sockaddr*>(&name), sizeof name), static_cast<ssize_t>(octets.size()));
  }
  void say_data(SocketAddress to, std::uint16_t block, std::size_t size) const {
    std::vector<std::uint8_t> octets(tftp::kHeaderSize + size);
    tftp::write_data_header(octets, block);
    say(to, octets);
  }
  void say_error(SocketAddress to) const {
    std::array<std::uint8_t, 100> octets{};
    say(to, Bytes{octets}.first(tftp::write_error(octets, tftp::ErrorCode::file_not_found, "none")));
  }

  int fd;
  std::uint16_t port = 0;
};

struct Scene {
  explicit Scene(BootSettings settings = {.file = true}) : boots(with_ports(settings), population, hosts) {}

  BootSettings with_ports(BootSettings settings) const {
    settings.tftp_port = files.port;
    settings.time_port = clock.port;
    if (settings.places == 0) settings.places = 4;
    settings.back_off = {.first_ns = kSecond, .doublings = 5};
    settings.attempts = 3;
    return settings;
  }
  Ipv4 host(std::uint32_t client) const { return {kFirstHost.value + client}; }
  void begin(std::uint32_t client) {
    boots.begin(client, host(client), {.server = kServer, .time_server = kServer, .name = "gold.cm"}, now);
    hosts.flush();
  }
  // Takes what was said to the modems.
  void run(std::size_t said = 1) {
    for (std::size_t taken = 0; taken < said;) {
      wait_for(hosts.fd());
      const auto datagrams = hosts.receive();
      if (datagrams.empty()) return ADD_FAILURE() << "nothing has come", void();
      for (std::size_t i = 0; i < datagrams.size(); ++i) boots.take(datagrams[i], hosts.way(i), now, ended());
      taken += datagrams.size();
    }
    hosts.flush();
  }
  void wait(std::int64_t ns) {
    now += ns;
    boots.expire(now, ended());
    hosts.flush();
  }
  Boots::Ended ended() {
    return [this](std::uint32_t client, bool up, std::int64_t) { ends += std::to_string(client) + (up ? " up " : " failed "); };
  }
  std::uint64_t violations(Violation violation) const { return population.violations()[static_cast<std::size_t>(violation)]; }

  Socket files, other, clock;
  Population population{{.clients = 10, .first_mac = 0x02c0a0000000}, nullptr};
  Endpoint hosts = *Endpoint::open_to_all({});
  Boots boots;
  std::int64_t now = 100 * kSecond;
  std::string ends;
};

TEST(Boots, EachModemFetchesFromItsOwnAddress) {
  Scene scene;
  scene.begin(0);
  scene.begin(3);
  EXPECT_EQ(scene.boots.under_way(), 2u);
  for (const std::uint32_t client : {0u, 3u}) {
    const auto asked = scene.files.hear();
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->from.address, scene.host(client));
    EXPECT_EQ(asked->packet().opcode, Opcode::rrq);
    EXPECT_EQ(asked->packet().text, "gold.cm");
    scene.other.say_data(asked->from, 1, 100);
  }
  scene.now += kSecond / 10;
  scene.run(2);
  EXPECT_EQ(scene.ends, "0 up 3 up ");
  EXPECT_EQ(scene.boots.under_way(), 0u);
  EXPECT_EQ(scene.boots.figures().files, 2u);
  EXPECT_EQ(scene.boots.figures().octets, 200u);
  EXPECT_EQ(scene.boots.figures().file.count(), 2u);
  const auto acked = scene.other.hear();
  ASSERT_TRUE(acked);
  EXPECT_EQ(acked->packet().opcode, Opcode::ack);
}

TEST(Rfc1350_4_Tid, AnotherPortIsToldAndDisturbsNothing) {
  Scene scene;
  scene.begin(0);
  const SocketAddress modem = scene.files.hear()->from;
  scene.other.say_data(modem, 1, 512);
  scene.run();
  EXPECT_EQ(scene.other.hear()->packet().block, 1);
  scene.files.say_data(modem, 2, 10);  // the request has been taken twice, say
  scene.run();
  EXPECT_EQ(scene.files.hear()->packet().error, tftp::ErrorCode::unknown_transfer);
  EXPECT_EQ(scene.boots.figures().strays, 1u);
  EXPECT_EQ(scene.ends, "");
  scene.other.say_data(modem, 2, 10);
  scene.run();
  EXPECT_EQ(scene.ends, "0 up ");
  scene.other.hear();
  scene.other.say_data(modem, 2, 10);
  scene.run();
  EXPECT_EQ(scene.other.hear()->packet().error, tftp::ErrorCode::unknown_transfer) << "it is over";
  scene.files.say_error(modem);
  scene.run();
  EXPECT_TRUE(scene.files.silent()) << "an ERROR is never answered";
}

TEST(Rfc1123_4_2_3_2_BackOff, EachWaitIsTwiceTheOneBefore) {
  Scene scene;
  scene.begin(0);
  ASSERT_TRUE(scene.files.hear());
  for (const std::int64_t wait : {1, 2}) {
    scene.wait(wait * kSecond - kSecond / 100);
    EXPECT_TRUE(scene.files.silent());
    scene.wait(kSecond / 50);
    EXPECT_TRUE(scene.files.hear());
  }
  EXPECT_EQ(scene.ends, "");
  scene.wait(5 * kSecond);
  EXPECT_EQ(scene.ends, "0 failed ");
  EXPECT_EQ(scene.boots.figures().sent_again, 2u);
}

TEST(Boots, AnErrorEndsItUnlessTheModemIsPatient) {
  for (const bool patient : {false, true}) {
    Scene scene{{.file = true, .patient = patient}};
    scene.begin(0);
    scene.files.say_error(scene.files.hear()->from);
    scene.run();
    EXPECT_EQ(scene.ends, patient ? "" : "0 failed ");
    EXPECT_EQ(scene.boots.figures().errors, 1u);
    EXPECT_TRUE(scene.files.silent());
    scene.wait(2 * kSecond);
    EXPECT_TRUE(patient ? scene.files.hear().has_value() : scene.files.silent());
  }
}

TEST(Rfc868_Udp, TheTimeComesBeforeTheFile) {
  Scene scene{{.time = true, .file = true}};
  scene.begin(1);
  EXPECT_TRUE(scene.files.silent());
  const auto asked = scene.clock.hear();
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->octets.empty());
  const auto seconds = static_cast<std::uint32_t>(wall_us() / 1'000'000 + 2'208'988'800);
  std::array<std::uint8_t, 4> time{};
  for (const std::uint32_t wrong : {seconds + 100, seconds - 100, seconds ^ 0x80000000}) {
    store_be32(time.data(), wrong);
    scene.clock.say(asked->from, time);
    scene.run();
  }
  scene.clock.say(asked->from, Bytes{time}.first(3));
  scene.run();
  EXPECT_EQ(scene.violations(Violation::wrong_time), 4u);
  EXPECT_TRUE(scene.files.silent());
  store_be32(time.data(), seconds);
  scene.clock.say(asked->from, time);
  scene.run();
  EXPECT_EQ(scene.boots.figures().time.count(), 1u);
  ASSERT_TRUE(scene.files.hear());
  scene.clock.say(asked->from, time);
  scene.run();
  EXPECT_EQ(scene.boots.figures().strays, 1u);
}

TEST(Boots, GoesOnWithoutTheTimeInTheEnd) {
  Scene scene{{.time = true, .file = true}};
  scene.begin(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(scene.clock.hear()) << i;
    EXPECT_TRUE(scene.files.silent());
    scene.wait(5 * kSecond);
  }
  EXPECT_TRUE(scene.files.hear());
  EXPECT_EQ(scene.boots.figures().without_time, 1u);
}

TEST(Boots, AFileThatIsNotTheModemsOwnIsAViolation) {
  Scene scene{{.file = true, .check = true}};
  scene.begin(2);
  const SocketAddress modem = scene.files.hear()->from;
  // CpeMacAddress 02:c0:a0:00:00:02 and its MIC, which another modem gets as well.
  std::vector<std::uint8_t> file{0, 3, 0, 1, 14, 6, 2, 0xc0, 0xa0, 0, 0, 2};
  docsis::Md5 md5;
  md5.add(Bytes{file}.subspan(4));
  file.insert(file.end(), {6, 16});
  for (const std::uint8_t octet : md5.finish()) file.push_back(octet);
  file.push_back(255);
  scene.files.say(modem, file);
  scene.run();
  EXPECT_EQ(scene.ends, "2 up ");
  scene.files.hear();
  scene.begin(1);
  scene.files.say(scene.files.hear()->from, file);
  scene.run();
  EXPECT_EQ(scene.ends, "2 up 1 failed ");
  EXPECT_EQ(scene.violations(Violation::wrong_file), 1u);
  scene.begin(2);
  file[10] ^= 1;
  scene.files.hear();
  scene.files.say(modem, file);
  scene.run();
  EXPECT_EQ(scene.violations(Violation::wrong_mic), 1u);
}

TEST(Boots, PlacesComeBack) {
  Scene scene{{.file = true, .places = 2}};
  for (int round = 0; round < 3; ++round) {
    scene.begin(0);
    scene.begin(1);
    EXPECT_TRUE(scene.boots.full());
    for (int i = 0; i < 2; ++i) {
      const SocketAddress modem = scene.files.hear()->from;
      scene.files.say_data(modem, 1, 1);
    }
    scene.run(2);
    EXPECT_EQ(scene.boots.under_way(), 0u);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(scene.files.hear()->packet().opcode, Opcode::ack);
  }
  scene.begin(0);
  scene.boots.abandon(scene.now, scene.ended());
  EXPECT_EQ(scene.ends, "0 up 1 up 0 up 1 up 0 up 1 up 0 failed ");
  EXPECT_EQ(scene.boots.earliest(), Timeouts::kNever);
}

TEST(Boots, WantsWhatItsStepsNeed) {
  const BootFile all{.server = kServer, .time_server = kServer, .name = "gold.cm"};
  const BootFile no_name{.server = kServer, .time_server = kServer}, no_server{.server = {}, .time_server = kServer, .name = "gold.cm"},
      no_clock{.server = kServer, .time_server = {}, .name = "gold.cm"};
  const Scene file{{.file = true}}, time{{.time = true}};
  EXPECT_TRUE(file.boots.wants(all) && time.boots.wants(all));
  EXPECT_TRUE(file.boots.wants(no_clock) && time.boots.wants(no_name) && time.boots.wants(no_server));
  EXPECT_FALSE(file.boots.wants(no_name) || file.boots.wants(no_server) || time.boots.wants(no_clock));
}

}  // namespace
}  // namespace coaxd::storm
