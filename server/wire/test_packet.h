// test_packet.h: builds messages octet by octet for tests, fuzz seeds and benches; it shares no
// code with what it tests. Single thread. Source: RFC 2131 §2, RFC 2132.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "server/base/bytes.h"

namespace coaxd::wire {

class TestPacket {
 public:
  using Octets = std::vector<std::uint8_t>;

  explicit TestPacket(std::uint8_t op = 1) : octets_(236, 0) {
    octets_[0] = op;
    octets_[1] = 1;
    octets_[2] = 6;
    set(4, {0xde, 0xad, 0xbe, 0xef});
    set(28, {0x00, 0x15, 0x96, 0x00, 0x00, 0x05});
  }

  TestPacket& set(std::size_t at, std::initializer_list<std::uint8_t> octets) {
    for (const std::uint8_t octet : octets) octets_.at(at++) = octet;
    return *this;
  }
  TestPacket& cookie() { return raw({0x63, 0x82, 0x53, 0x63}); }
  TestPacket& raw(std::initializer_list<std::uint8_t> octets) {
    octets_.insert(octets_.end(), octets);
    return *this;
  }
  TestPacket& add(std::uint8_t code, Bytes value) {
    octets_.push_back(code);
    octets_.push_back(static_cast<std::uint8_t>(value.size()));
    octets_.insert(octets_.end(), value.begin(), value.end());
    return *this;
  }
  TestPacket& add(std::uint8_t code, std::initializer_list<std::uint8_t> value) {
    return add(code, Bytes{value.begin(), value.size()});
  }
  TestPacket& text(std::uint8_t code, std::string_view value) { return add(code, as_bytes(value)); }
  TestPacket& end() { return raw({255}); }
  // RFC 1542 §2.1: BOOTP messages are 300 octets at least.
  TestPacket& pad() {
    if (octets_.size() < 300) octets_.resize(300, 0);
    return *this;
  }

  const Octets& octets() const { return octets_; }
  operator Bytes() const& { return octets_; }
  operator Bytes() const&& = delete;  // a Message borrows its datagram

 private:
  Octets octets_;
};

// What a cable modem behind a CMTS sends to come online.
inline TestPacket modem_discover() {
  TestPacket packet;
  packet.set(3, {1}).set(24, {10, 1, 0, 1}).cookie();
  packet.add(53, {1}).text(
      60, "docsis3.0:052401010102010303010104010105010106010107010f0801100901000a01010b01180c0101");
  packet.add(43, {2, 3, 'E', 'C', 'M', 4, 4, '1', '2', '3', '4', 8, 3, 0, 0x15, 0x96});
  packet.add(61, {1, 0, 0x15, 0x96, 0, 0, 5})
      .add(57, {0x02, 0x40})
      .add(55, {1, 2, 3, 4, 7, 6, 12, 15, 66, 67, 122});
  packet.add(82, {1, 4, 0x80, 0, 0, 3, 2, 6, 0, 0x15, 0x96, 0, 0, 5, 4, 4, 0, 0, 0, 1}).end();
  return packet.pad();
}

}  // namespace coaxd::wire
