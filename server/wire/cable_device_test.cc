#include "server/wire/cable_device.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "server/wire/test_packet.h"

namespace coaxd::wire {
namespace {

constexpr std::string_view kModem11 = "docsis1.1:052401010102010103010104010105010106010107010F0801100901000A01010B01180C0101";
constexpr std::string_view kMta = "pktc1.0:051F0101000201020301010401000501010601010701010809000102030405";

std::string hex(Bytes octets) {
  std::string text;
  for (const std::uint8_t octet : octets) {
    text += "0123456789abcdef"[octet >> 4];
    text += "0123456789abcdef"[octet & 15];
  }
  return text;
}

std::uint8_t code_of(std::string_view name) {
  for (const DeviceValue& row : device_values())
    if (row.name == name) return row.code;
  ADD_FAILURE() << name;
  return 0;
}

// The values of one message; "-" for what it does not say.
class Said {
 public:
  explicit Said(const TestPacket& packet) : packet_(packet) { EXPECT_TRUE(message_.parse(packet_)); }

  std::string text(std::string_view name) {
    const auto value = device_value(message_, code_of(name), arena_);
    return value ? std::string(as_text(*value)) : "-";
  }
  std::string octets(std::string_view name) {
    const auto value = device_value(message_, code_of(name), arena_);
    return value ? hex(*value) : "-";
  }
  const Message& message() const { return message_; }

 private:
  std::array<std::uint8_t, 4096> room_{};
  Arena arena_{room_};
  TestPacket packet_;
  Message message_;
};

TestPacket discover() {
  TestPacket packet;
  return packet.set(24, {10, 1, 0, 1}).cookie().add(53, {1});
}

Said who_says(std::string_view option60) { return Said(discover().text(60, option60).end()); }

TEST(CableDevice_DeviceValues, NamesAreUniqueWordsAndCodesAscend) {
  std::uint8_t last = 0;
  std::string seen = " ";
  for (const DeviceValue& row : device_values()) {
    EXPECT_GT(row.code, last);
    last = row.code;
    EXPECT_EQ(seen.find(" " + std::string(row.name) + " "), std::string::npos) << row.name;
    seen += std::string(row.name) + " ";
    EXPECT_EQ(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string_view::npos) << row.name;
  }
}

// Every form that devices are seen to send.
TEST(Rfc2132_9_13_VendorClass, KindAndVersion) {
  struct Case {
    std::string_view option60, kind, docsis, packetcable;
  };
  constexpr Case kCases[] = {
      {kModem11, "modem", "1.1", "-"},
      {"docsis1.0", "modem", "1.0", "-"},
      {"docsis2.0:052401", "modem", "2.0", "-"},
      {"docsis3.0:", "modem", "3.0", "-"},
      {"docsis3.0", "modem", "3.0", "-"},
      {"docsis3.1:", "modem", "3.1", "-"},
      {"docsis4.0:", "modem", "4.0", "-"},
      {"DOCSIS3.0:", "modem", "3.0", "-"},
      {"docsis", "modem", "-", "-"},
      {"docsis:0503020103", "modem", "3.0", "-"},        // the version is told by TLV 5.2 alone
      {"docsis:0503020109", "modem", "-", "-"},          // of a later one that we do not know
      {"docsisX:0503020101", "modem", "1.1", "-"},
      {kMta, "mta", "-", "1.0"},
      {"pktc1.5:", "mta", "-", "1.5"},
      {"pktc2.0:", "mta", "-", "2.0"},
      {"pktc", "mta", "-", "-"},
      {"eRouter1.0", "erouter", "-", "-"},
      {"erouter2.0", "erouter", "-", "-"},
      {"CableHome1.0", "portal", "-", "-"},
      {"OpenCable2.0", "settop", "-", "-"},
      {"MSFT 5.0", "other", "-", "-"},
      {"docsi", "other", "-", "-"},
      {":docsis3.0", "other", "-", "-"},
  };
  for (const Case& c : kCases) {
    Said said = who_says(c.option60);
    EXPECT_EQ(said.text("kind"), c.kind) << c.option60;
    EXPECT_EQ(said.text("docsis-version"), c.docsis) << c.option60;
    EXPECT_EQ(said.text("packetcable-version"), c.packetcable) << c.option60;
  }
}

TEST(Rfc2132_9_13_VendorClass, WithoutOption60ADeviceIsOther) {
  Said said(discover().end());
  EXPECT_EQ(said.text("kind"), "other");
  EXPECT_EQ(said.octets("capabilities"), "-");
  EXPECT_EQ(said.text("model"), "-");
}

TEST(Mulpi_D_1_1_Capabilities, OfAModemByName) {
  Said said = who_says(kModem11);
  EXPECT_EQ(said.octets("concatenation-support"), "01");
  EXPECT_EQ(said.octets("modem-docsis-version"), "01");
  EXPECT_EQ(said.octets("downstream-said-support"), "0f");
  EXPECT_EQ(said.octets("number-of-transmit-equalizer-taps"), "18");
  EXPECT_EQ(said.octets("dcc-support"), "01");
  EXPECT_EQ(said.octets("ipv6-support"), "-");
  EXPECT_EQ(said.octets("mta-telephony-endpoints"), "-");
}

// PKT-SP-PROV1.5 §10: the same outer TLV 5, other sub-codes.
TEST(PacketCable_10_Capabilities, OfAnMtaByName) {
  Said said = who_says(kMta);
  EXPECT_EQ(said.octets("mta-packetcable-version"), "00");
  EXPECT_EQ(said.octets("mta-telephony-endpoints"), "02");
  EXPECT_EQ(said.octets("mta-primary-line-support"), "01");
  EXPECT_EQ(said.octets("concatenation-support"), "-") << "the modem's codes mean something else";
}

// Cut anywhere, or followed by what is no hexadecimal, whatever stands before it counts.
TEST(Mulpi_D_1_1_Capabilities, EveryTruncationAndBadDigit) {
  for (std::size_t size = 0; size <= kModem11.size(); ++size) {
    Said said = who_says(kModem11.substr(0, size));
    const std::size_t digits = size > 10 ? size - 10 : 0;
    // 05 24, then 01 01 01: the first value is whole with the tenth digit.
    EXPECT_EQ(said.octets("concatenation-support"), digits >= 10 ? "01" : "-") << size;
    EXPECT_EQ(said.octets("dcc-support"), size == kModem11.size() ? "01" : "-") << size;
    std::string broken(kModem11.substr(0, size));
    broken += "x!";
    EXPECT_EQ(who_says(broken).octets("concatenation-support"), digits >= 10 ? "01" : "-") << broken;
  }
  EXPECT_EQ(who_says("docsis1.1:05FF010101").octets("concatenation-support"), "01") << "a length beyond the end";
  EXPECT_EQ(who_says("docsis1.1:010101").octets("concatenation-support"), "01") << "without the outer TLV";
  EXPECT_EQ(who_says("docsis1.1:0503017F01").octets("concatenation-support"), "-") << "a sub-TLV that overruns";
  EXPECT_EQ(who_says("docsis1.1:050201000000").octets("concatenation-support"), "") << "an empty value is a value";
}

// CL-SP-CANN-DHCP-Reg: modems from 3.0 on send TLV 5 binary in option 125, and it wins.
TEST(Rfc3925_4_Vivso, CapabilitiesOfEnterprise4491) {
  const std::initializer_list<std::uint8_t> other_and_4491 = {0, 0, 9,    0xbf, 2,   1, 0,    0,    0,    0x11, 0x8b, 13,
                                                              1, 2, 0x7b, 0x7c, 5,   7, 0x05, 0x05, 0x27, 0x01, 0x01, 0x02, 0x01};
  Said said(discover().text(60, "docsis3.0:0503270100").add(125, other_and_4491).end());
  EXPECT_EQ(said.octets("ipv6-support"), "01");
  const Bytes whole{other_and_4491.begin(), other_and_4491.size()};
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Said cut(discover().text(60, "docsis3.0:0503270100").add(125, whole.first(size)).end());
    EXPECT_EQ(cut.octets("ipv6-support"), "00") << size << ": what is cut short is not there";
  }
}

TEST(CannDhcpReg_Option43, WhatADeviceTellsAboutItself) {
  TestPacket packet = discover();
  std::vector<std::uint8_t> area;
  const auto add = [&area](std::uint8_t code, std::string_view text) {
    area.push_back(code);
    area.push_back(static_cast<std::uint8_t>(text.size()));
    area.insert(area.end(), text.begin(), text.end());
  };
  add(2, "ECM");
  add(3, "ECM:EMTA:EROUTER");
  add(4, "SN 12345  ");
  area.push_back(0);  // padding
  add(5, "2.1");
  add(6, std::string_view("SW-9\0", 5));
  add(7, "BOOT");
  add(8, "00-1D-CD");
  add(9, "TG862G");
  add(10, "ARRIS");
  add(31, "00:1d:cd:01:02:03");
  area.push_back(255);
  add(2, "not this");
  Said said(packet.text(60, "docsis3.0:").add(43, area).end());
  EXPECT_EQ(said.text("device-type"), "ECM");
  EXPECT_EQ(said.text("embedded-devices"), "ECM:EMTA:EROUTER");
  EXPECT_EQ(said.text("serial-number"), "SN 12345");
  EXPECT_EQ(said.text("hardware-version"), "2.1");
  EXPECT_EQ(said.text("software-version"), "SW-9");
  EXPECT_EQ(said.text("boot-rom-version"), "BOOT");
  EXPECT_EQ(said.text("oui"), "001dcd");
  EXPECT_EQ(said.text("model"), "TG862G");
  EXPECT_EQ(said.text("vendor"), "ARRIS");
  EXPECT_EQ(said.octets("mta-mac"), "001dcd010203");
}

TEST(CannDhcpReg_Option43, AddressesAsOctetsOrText) {
  const auto said = [](std::initializer_list<std::uint8_t> area) { return Said(discover().text(60, "docsis3.0:").add(43, area).end()); };
  EXPECT_EQ(said({8, 3, 0x00, 0x1d, 0xcd}).text("oui"), "001dcd");
  EXPECT_EQ(said({8, 6, '0', '0', '1', 'd', 'c', 'd'}).text("oui"), "001dcd");
  EXPECT_EQ(said({8, 2, 0, 1}).text("oui"), "-");
  EXPECT_EQ(said({8, 0}).text("oui"), "-");
  EXPECT_EQ(said({31, 6, 0, 0x1d, 0xcd, 1, 2, 3}).octets("mta-mac"), "001dcd010203");
  EXPECT_EQ(said({31, 5, 0, 1, 2, 3, 4}).octets("mta-mac"), "-");
  EXPECT_EQ(said({31, 12, '0', '0', '1', 'd', 'c', 'd', '0', '1', '0', '2', '0', 'g'}).octets("mta-mac"), "-");
  EXPECT_EQ(said({31, 14, '0', '0', '1', 'd', 'c', 'd', '0', '1', '0', '2', '0', '3', '0', '4'}).octets("mta-mac"), "-");
}

// RFC 2132 §8.4: what is cut short is not there, what stands before it is.
TEST(Rfc2132_8_4_VendorOptions, EveryTruncation) {
  constexpr std::array<std::uint8_t, 14> kArea = {2, 3, 'E', 'C', 'M', 0, 4, 4, '1', '2', '3', '4', 9, 0};
  for (std::size_t size = 0; size <= kArea.size(); ++size) {
    Said said(discover().text(60, "docsis3.0:").add(43, Bytes{kArea}.first(size)).end());
    EXPECT_EQ(said.text("device-type"), size >= 5 ? "ECM" : "-") << size;
    EXPECT_EQ(said.text("serial-number"), size >= 12 ? "1234" : "-") << size;
    EXPECT_EQ(said.text("model"), "-") << size;
  }
}

// RFC 3046 §3.2: the CMTS vouches for option 82.2; chaddr alone is the sender's word.
TEST(Rfc3046_3_2_RemoteId, NamesTheModem) {
  Said modem(modem_discover());
  EXPECT_EQ(modem.octets("mac"), "001596000005");
  EXPECT_TRUE(is_modem(modem.message()));

  TestPacket behind = discover();
  Said computer(behind.text(60, "MSFT 5.0").add(82, {2, 6, 2, 2, 2, 2, 2, 2}).end());
  EXPECT_EQ(computer.octets("mac"), "020202020202");
  EXPECT_FALSE(is_modem(computer.message()));

  TestPacket claims = discover();
  Said impostor(claims.text(60, "docsis3.0:").add(82, {2, 6, 2, 2, 2, 2, 2, 2}).end());
  EXPECT_EQ(impostor.octets("mac"), "020202020202") << "behind that modem, whatever it says";
  EXPECT_FALSE(is_modem(impostor.message()));

  Said local = who_says("docsis3.0:");
  EXPECT_EQ(local.octets("mac"), "001596000005");
  EXPECT_TRUE(is_modem(local.message()));
  Said nobody = who_says("MSFT 5.0");
  EXPECT_EQ(nobody.octets("mac"), "-");

  TestPacket named = discover();
  Said text_id(named.text(60, "docsis3.0:").add(82, {2, 3, 'a', 'b', 'c'}).end());
  EXPECT_EQ(text_id.octets("mac"), "001596000005") << "a remote-id that is no MAC is some other relay's";
}

TEST(CableDevice_Arena, WithoutRoomThereIsNoValue) {
  Message message;
  const TestPacket packet = discover().text(60, kModem11).add(43, {8, 3, 0, 1, 2}).end();
  ASSERT_TRUE(message.parse(packet));
  Arena none{MutableBytes{}};
  EXPECT_FALSE(device_value(message, code_of("concatenation-support"), none));
  EXPECT_FALSE(device_value(message, code_of("oui"), none));
  EXPECT_EQ(as_text(*device_value(message, device::kind, none)), "modem");
}

TEST(CableDevice_Kept, OctetsOfTheOptionsSayTheSame) {
  std::array<std::uint8_t, 1024> room{};
  Arena arena{room};
  constexpr std::array<std::uint8_t, 6> kArea = {9, 4, 'T', 'G', '8', '6'};
  constexpr std::array<std::uint8_t, 5> kTlv5 = {5, 3, 39, 1, 1};
  const DeviceSays said{.vendor_class = as_bytes(kModem11), .vendor_options = kArea, .capabilities = {}};
  EXPECT_EQ(as_text(*device_value(said, code_of("model"), arena)), "TG86");
  EXPECT_EQ(as_text(*device_value(said, device::docsis_version, arena)), "1.1");
  const DeviceSays binary{.vendor_class = as_bytes("docsis3.1:"), .vendor_options = {}, .capabilities = kTlv5};
  EXPECT_EQ(hex(*device_value(binary, code_of("ipv6-support"), arena)), "01");
  EXPECT_FALSE(device_value(DeviceSays{}, code_of("model"), arena));
}

}  // namespace
}  // namespace coaxd::wire
