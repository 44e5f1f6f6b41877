// What the engine tells of the files that replies name (engine/file_names.h), and what becomes of the names in the reply. What is remembered of it is
// server/provision/handed_out_test.cc's.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/rfc/sim.h"

namespace coaxd::test {
namespace {

constexpr std::string_view kConfig = R"(
  authoritative; ping-check false; default-lease-time 3600; dhcp-cache-threshold 0; allow bootp;
  class "modems" { match if substring(option vendor-class-identifier, 0, 6) = "docsis"; }
  class "all" { match if known or not known; }
  filename "gold.cm";
  subnet 10.1.0.0 netmask 255.255.255.0 { range dynamic-bootp 10.1.0.10 10.1.0.20; }
  subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.20; }
  host fixed { hardware ethernet 02:00:00:00:00:77; fixed-address 10.1.0.77; }
)";

// Remembers all that it is told, and answers with `name`, which is empty where names are to stay.
class Told final : public engine::FileNames {
 public:
  struct One {
    std::string file, client_class;
    engine::Handing all;
    Instant at;
  };

  void prefetch(Ipv4) const noexcept override {}
  std::string_view hand_out(const engine::Handing& handing, Instant now, std::span<char, kLongest> room) noexcept override {
    calls.push_back({std::string(handing.file), std::string(handing.client_class), handing, now});
    if (name.empty()) return handing.file;
    std::memcpy(room.data(), name.data(), name.size());
    return {room.data(), name.size()};
  }

  std::string name;
  std::vector<One> calls;
};

class FileNamesTest : public testing::Test {
 protected:
  Sim& start(std::string_view config = kConfig) { return sim.emplace(config, SimOptions{.settings = {.file_names = &told}}); }
  const Told::One& last() { return told.calls.back(); }

  Told told;
  std::optional<Sim> sim;
};

TEST_F(FileNamesTest, OfferAndAckTellWhoGetsWhichFile) {
  start().script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 vendor=docsis3.0: agent=0206021596aabbcc                    -> OFFER file=gold.cm yiaddr=10.1.0.10
    5s  cm1  REQUEST  giaddr=10.1.0.1 vendor=docsis3.0: agent=0206021596aabbcc select=10.1.0.10   -> ACK   file=gold.cm
  )");
  ASSERT_EQ(told.calls.size(), 2u);
  for (const Told::One& one : told.calls) {
    EXPECT_EQ(one.file, "gold.cm");
    EXPECT_EQ(one.client_class, "modems") << "of its classes the first, which has the last word";
    EXPECT_EQ(one.all.address, Ipv4::of(10, 1, 0, 10));
    EXPECT_EQ(one.all.giaddr, Ipv4::of(10, 1, 0, 1));
    EXPECT_EQ(one.all.hardware, subscriber::Mac::of(Sim::mac_of("cm1")));
    EXPECT_EQ(one.all.modem.value, 0x021596aabbccu) << "RFC 3046 §3.2";
    EXPECT_FALSE(one.all.fixed);
    EXPECT_EQ(one.all.until, one.at.wall + 3600);
  }
  EXPECT_EQ(last().at.wall, Sim::kStart + 5);
}

TEST_F(FileNamesTest, RenewalTellsWithoutItsRelayButWithItsModem) {
  start().script(R"(
    0s     cm1  REQUEST giaddr=10.1.0.1 agent=0206021596aabbcc init_reboot=10.1.0.10   -> ACK
    1800s  cm1  REQUEST renew=10.1.0.10                                                -> ACK file=gold.cm
  )");
  ASSERT_EQ(told.calls.size(), 2u);
  EXPECT_TRUE(last().all.giaddr.is_zero());
  EXPECT_EQ(last().all.modem.value, 0x021596aabbccu) << "of the option 82 that the lease has kept";
  EXPECT_EQ(last().all.until, Sim::kStart + 5400);
}

TEST_F(FileNamesTest, FixedAddressAndInfiniteLease) {
  start("authoritative; filename \"gold.cm\"; default-lease-time -1; max-lease-time -1; subnet 10.1.0.0 netmask 255.255.255.0 { }\n"
        "host fixed { hardware ethernet 02:00:00:00:00:77; fixed-address 10.1.0.77; }")
      .script("0s cm1 REQUEST mac=020000000077 no_uid giaddr=10.1.0.1 init_reboot=10.1.0.77 lease=4294967295 -> ACK file=gold.cm");
  ASSERT_EQ(told.calls.size(), 1u);
  EXPECT_TRUE(last().all.fixed);
  EXPECT_EQ(last().all.until, kNever);
  EXPECT_EQ(last().all.hardware.value, 0x020000000077u);
  EXPECT_EQ(last().all.modem, last().all.hardware) << "it is not said to be behind one";
  EXPECT_EQ(last().client_class, "");
}

TEST_F(FileNamesTest, BootpIsToldToo) {
  start().script("0s cm1 BOOTP giaddr=10.1.0.1 -> BOOTREPLY yiaddr=10.1.0.10 file=gold.cm");
  ASSERT_EQ(told.calls.size(), 1u);
  EXPECT_EQ(last().all.address, Ipv4::of(10, 1, 0, 10));
}

// RFC 2131 §4.3.5: an ACK of an INFORM gives no address, and whoever sends one may fill in another's.
TEST_F(FileNamesTest, Rfc2131_4_3_5_InformIsToldTheConfiguredNameAndNobodyElse) {
  told.name = "other.cm";
  start().script("0s cm1 INFORM ciaddr=10.1.0.10 source=10.1.0.10 -> ACK file=gold.cm");
  EXPECT_TRUE(told.calls.empty());
}

TEST_F(FileNamesTest, NakAndSilenceTellNothing) {
  start().script(R"(
    0s  cm1  REQUEST  giaddr=10.2.0.1 init_reboot=10.1.0.10   -> NAK  file=
    0s  cm1  REQUEST  giaddr=10.1.0.1 select=10.1.0.99        -> DROP
  )");
  EXPECT_TRUE(told.calls.empty());
}

TEST_F(FileNamesTest, ReplyThatNamesNoFileTellsNothing) {
  start("authoritative; ping-check false; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }").script("0s cm1 DISCOVER giaddr=10.1.0.1 -> OFFER file=");
  EXPECT_TRUE(told.calls.empty());
}

TEST_F(FileNamesTest, RepeatedMessagesTellAgain) {
  start().script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 -> OFFER yiaddr=10.1.0.10
    1s  cm1  DISCOVER giaddr=10.1.0.1 -> OFFER yiaddr=10.1.0.10
  )");
  ASSERT_EQ(told.calls.size(), 2u);
  EXPECT_EQ(told.calls[0].all.address, told.calls[1].all.address);
}

// RFC 2131 §2: field `file`; RFC 2132 §9.5: option 67.
TEST_F(FileNamesTest, TheNameIsReplacedInFieldAndOption) {
  constexpr std::string_view kBoth = R"(
    authoritative; ping-check false; filename "gold.cm"; option bootfile-name "gold.cm";
    subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }
  )";
  start(kBoth).script("0s cm1 DISCOVER giaddr=10.1.0.1 prl=67 -> OFFER file=gold.cm opt=67:'gold.cm'");
  told.name = "abcdefgh2345.cm";
  start(kBoth).script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 prl=67                         -> OFFER file=abcdefgh2345.cm opt=67:'abcdefgh2345.cm' options=53,54,51,67,1
    0s  cm1  DISCOVER giaddr=10.1.0.1 prl=3                          -> OFFER file=abcdefgh2345.cm noopt=67
    0s  cm1  REQUEST  giaddr=10.1.0.1 prl=67 select=10.1.0.10        -> ACK   file=abcdefgh2345.cm opt=67:'abcdefgh2345.cm'
  )");
}

TEST_F(FileNamesTest, AnOption67OfAnotherNameStays) {
  told.name = "abcdefgh2345.cm";
  start("authoritative; ping-check false; filename \"gold.cm\"; option bootfile-name \"tftp://10.0.0.1/phone.xml\"; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 "
        "10.1.0.20; }")
      .script("0s cm1 DISCOVER giaddr=10.1.0.1 prl=67 -> OFFER file=abcdefgh2345.cm opt=67:'tftp://10.0.0.1/phone.xml'");
  ASSERT_EQ(told.calls.size(), 1u);
  EXPECT_EQ(last().file, "gold.cm");
}

TEST_F(FileNamesTest, WithAnEmptyFieldOption67NamesTheFile) {
  told.name = "abcdefgh2345.cm";
  start("authoritative; ping-check false; option bootfile-name \"gold.cm\"; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }").script(R"(
    0s  cm1  DISCOVER giaddr=10.1.0.1 prl=67 -> OFFER file= opt=67:'abcdefgh2345.cm'
    0s  cm1  DISCOVER giaddr=10.1.0.1 prl=3  -> OFFER file= noopt=67
  )");
  ASSERT_EQ(told.calls.size(), 1u) << "what is not sent is not told";
  EXPECT_EQ(last().file, "gold.cm");
}

// RFC 2132 §9.3: the field holds options when no file needs it, and then is none.
TEST_F(FileNamesTest, Rfc2132_9_3_OverloadedFieldsStayOptions) {
  const std::string much = "authoritative; ping-check false; option bootfile-name \"gold.cm\"; option domain-name \"" + std::string(250, 'd') +
                           "\"; option root-path \"" + std::string(60, 'r') + "\"; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }\n";
  told.name = "abcdefgh2345.cm";
  start(much).script("0s cm1 DISCOVER giaddr=10.1.0.1 prl=15,17,67 -> OFFER opt=52:01 opt=67:'abcdefgh2345.cm'");
  start(much + "filename \"gold.cm\";").script("0s cm1 DISCOVER giaddr=10.1.0.1 prl=15,17,67 -> OFFER file=abcdefgh2345.cm opt=52:02 opt=67:'abcdefgh2345.cm'");
}

TEST_F(FileNamesTest, NamesAreToldAsTheyFitAndEndAtNul) {
  const std::string most(128, 'f');
  const auto config = [](const std::string& name) {
    return "authoritative; ping-check false; " + name + " subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }";
  };
  start(config("filename \"" + most + "\";")).script("0s cm1 DISCOVER giaddr=10.1.0.1 -> OFFER file=" + most);
  EXPECT_EQ(last().file, most);
  start(config("filename \"" + most + "more\";")).script("0s cm1 DISCOVER giaddr=10.1.0.1 -> OFFER file=" + most);
  EXPECT_EQ(last().file, most) << "as the field has it (dhcpd-compat §12.1)";
  start(config("filename = concat(\"gold.cm\", 00:78);")).script("0s cm1 DISCOVER giaddr=10.1.0.1 -> OFFER file=gold.cm");
  EXPECT_EQ(last().file, "gold.cm");
  told.calls.clear();
  start(config("filename = 00:78;")).script("0s cm1 DISCOVER giaddr=10.1.0.1 -> OFFER file=");
  start(config("option bootfile-name \"" + most + "x\";")).script("0s cm1 DISCOVER giaddr=10.1.0.1 prl=67 -> OFFER file=");
  EXPECT_TRUE(told.calls.empty()) << "no file, and one that nobody remembers";
  told.name = most;
  start(config("filename \"gold.cm\";")).script("0s cm1 DISCOVER giaddr=10.1.0.1 -> OFFER file=" + most);
}

TEST_F(FileNamesTest, WhatIsNoMacIsNobody) {
  start().script("0s cm1 DISCOVER giaddr=10.1.0.1 mac=0102030405060708 htype=32 -> OFFER");
  ASSERT_EQ(told.calls.size(), 1u);
  EXPECT_EQ(last().all.hardware.value, 0u);
  EXPECT_EQ(last().all.modem.value, 0u);
}

// dhcpd-compat §8.1: a client whose own host name ends in NUL gets text that ends so; a name that is not replaced stays as dhcpd sends it.
TEST_F(FileNamesTest, ATerminatedOption67IsTheSameName) {
  constexpr std::string_view kBoth =
      "authoritative; ping-check false; filename \"gold.cm\"; option bootfile-name \"gold.cm\"; subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.20; }";
  start(kBoth).script("0s cm1 DISCOVER giaddr=10.1.0.1 prl=67 opt=12:6d00 -> OFFER file=gold.cm opt=67:676f6c642e636d00");
  told.name = "abcdefgh2345.cm";
  start(kBoth).script("0s cm1 DISCOVER giaddr=10.1.0.1 prl=67 opt=12:6d00 -> OFFER file=abcdefgh2345.cm opt=67:'abcdefgh2345.cm'");
}

}  // namespace
}  // namespace coaxd::test
