#include "snmp/modem_state.h"

#include <gtest/gtest.h>

namespace coaxd::snmp {
namespace {

using Phase = ModemState::Phase;
constexpr Mac kModem{0x001a2b3c4d5e};
const std::string kOctets("\x00\x1a\x2b\x3c\x4d\x5e", 6);
constexpr Oid kStatus = oid("1.3.6.1.2.1.10.127.1.3.3.1"), kReg = oid("1.3.6.1.4.1.4491.2.1.20.1.3.1"), kCdx = oid("1.3.6.1.4.1.9.9.116.1.3.2.1.1");

Answer rows(std::vector<Varbind> varbinds) { return {.type = Answer::Type::response, .varbinds = std::move(varbinds)}; }

TEST(ModemState, AsksV1OnlyWhatItMayHave) {
  const Pdu old = modem_state_pdu(7, false), newer = modem_state_pdu(7, true);
  EXPECT_EQ(old.varbinds.size(), 5u);
  EXPECT_EQ(newer.varbinds.size(), 9u);
  EXPECT_EQ(to_string(old.varbinds[3].name), "1.3.6.1.2.1.10.127.1.3.3.1.9.7");
}

TEST(ModemState, ReadsTheTableOfAnOldCmts) {
  const ModemState state = read_modem_state(kModem, 7,
                                            rows({{kStatus.of(2).of(7), Value::of_octets(kOctets)},
                                                  {kStatus.of(3).of(7), {.type = Value::Type::address, .number = Ipv4::of(10, 64, 1, 7).value}},
                                                  {kStatus.of(6).of(7), Value::of_integer(-15)},
                                                  {kStatus.of(9).of(7), Value::of_integer(6)},
                                                  {kStatus.of(13).of(7), Value::of_integer(331)}}));
  EXPECT_EQ(state, (ModemState{Phase::online, 7, "docsIfCmtsCmStatusValue", 6, Ipv4::of(10, 64, 1, 7), -15, 331}));
  EXPECT_EQ(to_json(state),
            R"({"state":"online","object":"docsIfCmtsCmStatusValue","value":6,"address":"10.64.1.7","receive_power_dbmv":-1.5,"signal_noise_db":33.1})");
}

TEST(ModemState, TheMoreTellingObjectCounts) {
  const auto phase = [](std::int64_t status, std::int64_t cdx, std::int64_t reg) {
    std::vector<Varbind> all{{kStatus.of(2).of(7), Value::of_octets(kOctets)}, {kStatus.of(9).of(7), Value::of_integer(status)}};
    if (cdx != 0) all.push_back({kCdx.of(7), Value::of_integer(cdx)});
    if (reg != 0) {
      all.push_back({kReg.of(2).of(7), Value::of_octets(kOctets)});
      all.push_back({kReg.of(6).of(7), Value::of_integer(reg)});
    }
    return read_modem_state(kModem, 7, rows(all)).phase;
  };
  EXPECT_EQ(phase(1, 0, 0), Phase::other);
  EXPECT_EQ(phase(1, 1, 0), Phase::offline);
  EXPECT_EQ(phase(6, 5, 0), Phase::no_access);
  EXPECT_EQ(phase(6, 99, 17), Phase::no_access);
  EXPECT_EQ(phase(6, 99, 99), Phase::online);
  EXPECT_EQ(phase(2, 0, 0), Phase::ranging);
  EXPECT_EQ(phase(7, 0, 0), Phase::rejected);
  EXPECT_EQ(phase(1, 13, 0), Phase::file);
  EXPECT_EQ(phase(1, 0, 8), Phase::online);
}

// An index is used again after its modem has gone.
TEST(ModemState, ARowOfAnotherModemIsNotBelieved) {
  EXPECT_EQ(read_modem_state(kModem, 7, rows({{kStatus.of(2).of(7), Value::of_octets("ABCDEF")}, {kStatus.of(9).of(7), Value::of_integer(6)}})).phase, Phase::absent);
  // docsIf3's rows may be numbered otherwise.
  const ModemState state = read_modem_state(kModem, 7,
                                            rows({{kStatus.of(2).of(7), Value::of_octets(kOctets)},
                                                  {kStatus.of(9).of(7), Value::of_integer(2)},
                                                  {kReg.of(2).of(7), Value::of_octets("ABCDEF")},
                                                  {kReg.of(6).of(7), Value::of_integer(8)}}));
  EXPECT_EQ(state.phase, Phase::ranging);
}

TEST(ModemState, ValuesOfAWrongTypeAreNone) {
  const ModemState state = read_modem_state(kModem, 7,
                                            rows({{kStatus.of(2).of(7), Value::of_octets(kOctets)},
                                                  {kStatus.of(3).of(7), Value::of_octets("10.64.1.7")},
                                                  {kStatus.of(6).of(7), Value::of_octets("-15")},
                                                  {kStatus.of(9).of(7), Value::of_octets("6")},
                                                  {kStatus.of(13).of(7), Value::of_integer(1'000'000)}}));
  EXPECT_EQ(state, (ModemState{.phase = Phase::other, .index = 7}));
  EXPECT_EQ(to_json(state), R"({"state":"other"})");
  EXPECT_EQ(read_modem_state(kModem, 7, rows({{kStatus.of(2).of(7), Value::of_integer(5)}})).phase, Phase::absent);
  EXPECT_EQ(to_json(ModemState{}), R"({"state":"absent"})");
}

TEST(ModemState, AnAddressMayBeFourOctets) {
  const ModemState state = read_modem_state(kModem, 7, rows({{kReg.of(2).of(7), Value::of_octets(kOctets)}, {kReg.of(5).of(7), Value::of_octets("\x0a\x40\x01\x07")}, {kReg.of(6).of(7), Value::of_integer(8)}}));
  EXPECT_EQ(state.address, Ipv4::of(10, 64, 1, 7));
  EXPECT_EQ(state.object, "docsIf3CmtsCmRegStatusValue");
}

}  // namespace
}  // namespace coaxd::snmp
