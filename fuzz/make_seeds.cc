// Writes the hand-made seeds below the folder given: `make_seeds fuzz/corpus`. Their names say what
// they are. Run it after changing it, and commit what it wrote.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "server/wire/frame.h"
#include "server/wire/reply.h"
#include "server/wire/test_packet.h"

namespace {

using namespace coaxd;
using wire::TestPacket;
using Octets = TestPacket::Octets;

std::filesystem::path top;
bool failed = false;

void write(const char* kind, const char* name, Bytes octets) {
  std::filesystem::create_directories(top / kind);
  std::ofstream out(top / kind / name, std::ios::binary);
  out.write(reinterpret_cast<const char*>(octets.data()),
            static_cast<std::streamsize>(octets.size()));
  out.close();
  failed = failed || !out;
}

TestPacket request(std::uint8_t type) {
  TestPacket packet;
  packet.cookie().add(53, {type});
  return packet;
}

// A client's message with option 52 and options in file and sname.
TestPacket overloaded() {
  TestPacket packet = request(1);
  packet.set(44, {12, 2, 's', 'n', 55, 2, 1, 3, 255}).set(108, {12, 2, 'f', 'i', 67, 1, 'b', 255});
  packet.text(12, "op").add(52, {3}).end();
  return packet.pad();
}

void write_messages() {
  const auto message = [](const char* name, const TestPacket& packet) {
    write("dhcpv4-message", name, packet);
  };
  message("discover-modem-relayed", wire::modem_discover());
  message("request-selecting", request(3)
                                   .add(50, {10, 1, 0, 9})
                                   .add(54, {10, 0, 0, 1})
                                   .add(55, {1, 3, 6})
                                   .text(12, "cpe")
                                   .end()
                                   .pad());
  message("request-init-reboot",
          request(3).add(50, {10, 1, 0, 9}).add(61, {1, 0, 0x15, 0x96, 0, 0, 5}).end().pad());
  message("request-renewing", request(3).set(12, {10, 1, 0, 9}).add(57, {5, 0xdc}).end().pad());
  message("decline",
          request(4).add(50, {10, 1, 0, 9}).add(54, {10, 0, 0, 1}).text(56, "in use").end().pad());
  message("release", request(7).set(12, {10, 1, 0, 9}).add(54, {10, 0, 0, 1}).end().pad());
  message("inform",
          request(8).set(12, {10, 1, 0, 9}).add(55, {1, 15, 43, 119, 121, 252}).end().pad());
  message("leasequery", request(10)
                            .set(12, {10, 1, 0, 9})
                            .set(24, {10, 1, 0, 1})
                            .add(55, {51, 61, 82, 91, 92})
                            .end()
                            .pad());
  message("discover-pxe", request(1)
                              .add(57, {5, 0xc0})
                              .text(60, "PXEClient:Arch:00007:UNDI:003000")
                              .add(93, {0, 7})
                              .add(94, {1, 3, 0})
                              .add(97, Octets(17, 0))
                              .text(77, "iPXE")
                              .end()
                              .pad());
  message(
      "discover-fqdn",
      request(1).add(81, {1, 0, 0, 4, 'h', 'o', 's', 't', 0}).add(118, {10, 2, 0, 0}).end().pad());
  message("discover-overloaded", overloaded());
  message("bootp-with-cookie", TestPacket{}.cookie().text(12, "old").end().pad());
  message("bootp-without-cookie", TestPacket{}.pad());
  TestPacket split = request(1);
  for (int i = 0; i < 3; ++i)
    split.add(43, Octets(255, static_cast<std::uint8_t>(i)))
        .add(82, {1, 3, static_cast<std::uint8_t>('a' + i)});
  message("discover-options-in-pieces", split.end());
  message("offer", TestPacket{2}
                       .cookie()
                       .add(53, {2})
                       .add(54, {10, 0, 0, 1})
                       .add(51, {0, 0, 14, 16})
                       .add(1, {255, 255, 255, 0})
                       .end()
                       .pad());
}

// Behind one octet of fuzz_leasequery's settings.
void write_leasequeries() {
  const auto query = [](const char* name, std::uint8_t settings, std::uint8_t type, auto change) {
    TestPacket packet = TestPacket{}.set(1, {0, 0, 0}).set(24, {10, 1, 0, 1}).set(28, {0, 0, 0, 0, 0, 0}).cookie().add(53, {type});
    change(packet);
    Octets octets = packet.end().octets();
    octets.insert(octets.begin(), settings);
    write("leasequery", name, octets);
  };
  const auto hardware = [](TestPacket& packet) { packet.set(1, {1, 6}).set(28, {'m', 'o', 'd', 'e', 'm', '1'}); };
  query("address", 0, 10, [](TestPacket& p) { p.set(12, {10, 1, 0, 10}); });
  query("address-fixed", 0, 10, [](TestPacket& p) { p.set(12, {10, 1, 0, 200}).add(55, {51, 54, 58, 59, 60, 61, 82, 91, 92}); });
  query("address-draft0", 0, 13, [](TestPacket& p) { p.set(12, {10, 1, 0, 10}); });
  query("hardware", 1, 10, hardware);
  query("hardware-draft2", 0x13, 13, [&](TestPacket& p) { hardware(p), p.add(55, {51, 82, 161, 162, 163}); });
  query("client-id", 0, 10, [](TestPacket& p) { p.text(61, "id1"); });
  query("client-id-crowd", 0x80, 10, [](TestPacket& p) { p.text(61, {"\0crowd", 6}).add(55, {92}).add(57, {2, 0x40}); });
  query("several-keys", 0, 10, [&](TestPacket& p) { hardware(p), p.set(12, {10, 1, 0, 12}).text(61, "id1"); });
}

void write_options() {
  const auto area = [](const char* name, std::initializer_list<std::uint8_t> octets) {
    write("dhcpv4-options", name, Bytes{octets.begin(), octets.size()});
  };
  area("plain", {0, 53, 1, 1, 0, 12, 2, 'a', 'b', 255, 1});
  area("repeated", {0, 43, 2, 'a', 'b', 77, 1, 'x', 43, 1, 'c', 77, 0, 43, 0, 255});
  area("overrun", {0, 53, 1, 1, 60, 9, 'a'});
  // 14 pieces of 255 octets: one more than Message can join is a mutation away.
  Octets pieces{0};
  for (int i = 0; i < 14; ++i) {
    pieces.insert(pieces.end(), {43, 255});
    pieces.insert(pieces.end(), 255, static_cast<std::uint8_t>(i));
  }
  write("dhcpv4-options", "nearly-too-many-pieces", pieces);
  Octets both{3};
  Octets file(128), sname(64);
  std::copy_n(Octets{12, 1, 'f', 52, 1, 2, 255}.begin(), 7, file.begin());
  std::copy_n(Octets{12, 1, 's', 255}.begin(), 4, sname.begin());
  both.insert(both.end(), file.begin(), file.end());
  both.insert(both.end(), sname.begin(), sname.end());
  both.insert(both.end(), {53, 1, 3, 12, 1, 'o', 52, 1, 3, 255});
  write("dhcpv4-options", "overloaded", both);
}

void write_relay() {
  const auto relay = [](const char* name, std::initializer_list<std::uint8_t> octets) {
    write("relay-agent-info", name, Bytes{octets.begin(), octets.size()});
  };
  relay("docsis", {0, 1, 4, 0x80, 0, 0, 3, 2, 6, 0, 0x15, 0x96, 0,    0,
                   5, 4, 4, 0,    0, 0, 1, 9, 5, 0, 0,    0x11, 0x8b, 0});
  relay("in-pieces", {3, 1, 3, 'a', 'b', 'c', 2, 2, 'd', 'e'});
  relay("repeated-empty-ended", {0, 1, 1, 'a', 2, 0, 1, 1, 'b', 9, 1, 'c', 0, 4, 1, 'd'});
  relay("overrun", {0, 1, 1, 'a', 2, 9, 'b'});
  relay("link-selection", {0, 5, 4, 10, 2, 0, 0, 11, 4, 10, 0, 0, 1, 19, 0});
}

void write_replies() {
  // flags, option room, buffer; then as the flags say; then options. See fuzz_reply.cc.
  const auto reply = [](const char* name, Octets head, std::initializer_list<std::size_t> sizes,
                        bool wide) {
    std::uint8_t code = 100;
    for (const std::size_t size : sizes) {
      head.push_back(code++);
      if (wide) head.push_back(static_cast<std::uint8_t>(size >> 8));
      head.push_back(static_cast<std::uint8_t>(size));
      head.insert(head.end(), size, static_cast<std::uint8_t>('a' + code % 26));
    }
    write("dhcpv4-reply", name, head);
  };
  reply("small", {3, 1, 56, 5, 192}, {4, 4, 9}, false);
  reply("overloaded", {3, 1, 56, 5, 192}, {200, 100, 60, 50, 2}, false);
  reply("cut-in-three", {67, 1, 56, 5, 192}, {420}, true);
  reply("relay-and-names", {63 - 4, 1, 56, 5, 192, 0, 3, 1, 1, 'c', 2, 's', 'n', 2, 'f', 'i'},
        {40, 30}, false);
  reply("long", {66, 4, 212, 5, 192}, {600, 300}, true);
  reply("without-cookie", {6, 1, 56, 5, 192}, {4}, false);
}

void write_frames() {
  const auto frame = [](const char* name, Bytes payload) {
    Octets octets(wire::kFrameOverhead + payload.size());
    std::copy(payload.begin(), payload.end(), octets.begin() + wire::kFrameOverhead);
    wire::write_ethernet_udp(octets, {255, 255, 255, 255, 255, 255}, {0, 0x15, 0x96, 0, 0, 5},
                             Ipv4{}, {0xffffffff}, 68, 67, payload.size());
    write("ethernet-frame", name, octets);
    return octets;
  };
  const TestPacket discover = wire::modem_discover();
  frame("discover", discover);
  frame("empty", {});
  Octets octets = frame("short", as_bytes("x"));
  octets.resize(60);
  write("ethernet-frame", "short-padded", octets);
  store_be16(&octets[40], 0);
  write("ethernet-frame", "no-checksum", octets);
  store_be16(&octets[20], 0x2000);
  write("ethernet-frame", "fragment", octets);
  octets.insert(octets.begin() + 34, 8, 1);
  octets[14] = 0x47;
  store_be16(&octets[16], static_cast<std::uint16_t>(20 + 8 + 8 + 1));
  store_be16(&octets[20], 0);
  write("ethernet-frame", "ip-options", octets);
}

// What fuzz_tftp.cc does with an octet: what to do (its low three bits) and which client does it (the next three), then arguments.
void write_tftp() {
  constexpr std::uint8_t octets = 0, ask = 1, ack = 3, ack_before = 4, wait = 5, answer = 6, rooms = 7;
  constexpr std::uint8_t a = 0, even = 1, empty = 2, late = 3, never = 4, none = 5;  // files
  constexpr std::uint8_t blksize = 8, windowsize = 16, timeout = 32, tsize = 64, mtu = 128;
  constexpr std::uint8_t first = 0x08, wide = 0x78;  // settings: a room of 1472 octets, a window of 8
  const auto client = [](unsigned number, std::uint8_t what) { return static_cast<std::uint8_t>(number << 3 | what); };
  const auto seed = [](const char* name, const Octets& all) { write("tftp", name, all); };
  seed("plain-read", {first, ask, a, ack, ack});
  seed("single-port-read", {0x09, ask, even, ack, ack, ack});
  seed("empty-file", {first, ask, empty, ack});
  seed("missing-file", {first, ask, none});
  seed("options-read", {first, ask, static_cast<std::uint8_t>(a | blksize | tsize | timeout), 1, 0, 3, ack, ack, ack, ack});
  seed("window-with-gap", {wide, ask, static_cast<std::uint8_t>(even | blksize | windowsize), 0, 64, 8, ack, ack_before, 3, ack, ack, ack});
  seed("narrow-path", {first, ask, static_cast<std::uint8_t>(even | blksize | mtu), 5, 168, 2, 88, ack, ack, ack});
  seed("duplicate-and-old-acks", {first, ask, even, ack, ack_before, 1, ack_before, 2, ack, ack});
  seed("repeated-request", {first, ask, even, ack, ask, even, ack, ack_before, 0, ack, ack});
  seed("another-request", {first, ask, even, ack, ask, a, ack, ack});
  seed("silence", {first, ask, a, wait, 4, 176, wait, 8, 0, wait, 16, 0, wait, 64, 0, wait, 128, 0});
  seed("file-that-comes-late", {first, ask, late, wait, 1, 0, answer, ack, ack, ack, ack, ack, ack});
  seed("file-refused-late", {first, ask, late, static_cast<std::uint8_t>(128 | answer)});
  seed("file-that-never-comes", {first, ask, never, wait, 40, 0});
  seed("no-room", {wide, rooms, 1, ask, static_cast<std::uint8_t>(even | windowsize), 4, ack, wait, 0, 50, rooms, 200, wait, 0, 50, ack, ack});
  seed("too-many-from-one", {first, ask, a, client(1, ask), a, client(2, ask), a, client(0, ask), even});
  seed("implausible-sources", {first, client(6, ask), a, client(7, ask), a});
  seed("errors", {first, ask, a, octets, 1, 5, 0, 5, 0, 0, 0, octets, 0, 5, 0, 5, 0, 1, 0});
  seed("write-request", {first, octets, 0, 10, 0, 2, 'a', 0, 'o', 'c', 't', 'e', 't', 0});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_seeds FOLDER\n");
    return 1;
  }
  top = argv[1];
  write_messages();
  write_leasequeries();
  write_options();
  write_relay();
  write_replies();
  write_frames();
  write_tftp();
  if (failed) std::fprintf(stderr, "cannot write below %s\n", argv[1]);
  return failed ? 1 : 0;
}
