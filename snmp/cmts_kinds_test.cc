#include "snmp/cmts_kinds.h"

#include <gtest/gtest.h>

#include "snmp/modem_state.h"

namespace coaxd::snmp {
namespace {

constexpr Mac kMac{0x001a2b3c4d5e};
const std::string kOctets("\x00\x1a\x2b\x3c\x4d\x5e", 6);

TEST(Oid, IsTextAndBack) {
  EXPECT_EQ(to_string(oid("1.3.6.1.4.1.4294967295")), "1.3.6.1.4.1.4294967295");
  EXPECT_EQ(to_string(kDocsIfCmtsCmPtr.of(kMac)), "1.3.6.1.2.1.10.127.1.3.7.1.2.0.26.43.60.77.94");  // RFC 2578 §7.7: no length before a MacAddress
  EXPECT_TRUE(oid("1.3.6.1").begins_with(oid("1.3.6")));
  EXPECT_FALSE(oid("1.3.6").begins_with(oid("1.3.6.1")));
  EXPECT_FALSE(oid("1.3.61").begins_with(oid("1.3.6")));
}

TEST(Oid, WhatIsTooLongIsCut) {
  std::vector<std::uint32_t> arcs(200, 7);
  EXPECT_EQ(Oid(arcs).arcs().size(), Oid::kLongest);
  EXPECT_EQ(Oid(arcs).of(8).arcs().size(), Oid::kLongest);
}

TEST(CmtsKinds, SysObjectIdTellsWhich) {
  const auto kind = [](const Oid& system) { return row_of_system(system).kind; };
  EXPECT_EQ(kind(oid("1.3.6.1.4.1.9.1.271")), CmtsKind::cisco);
  EXPECT_EQ(model_of(oid("1.3.6.1.4.1.9.1.271")), "uBR7246VXR");
  EXPECT_EQ(model_of(oid("1.3.6.1.4.1.9.1.210")), "uBR7223");
  EXPECT_EQ(kind(oid("1.3.6.1.4.1.9.1.9999")), CmtsKind::cisco);
  EXPECT_EQ(model_of(oid("1.3.6.1.4.1.9.1.9999")), "");
  EXPECT_EQ(kind(oid("1.3.6.1.4.1.20858.2.20")), CmtsKind::casa);
  EXPECT_EQ(kind(oid("1.3.6.1.4.1.4998.2.1")), CmtsKind::arris_c4);
  EXPECT_EQ(kind(oid("1.3.6.1.4.1.4998.2.2")), CmtsKind::arris_c4);
  EXPECT_EQ(kind(oid("1.3.6.1.4.1.4115.1.9.1")), CmtsKind::arris_e6000);  // the longer of two prefixes
  EXPECT_EQ(kind(oid("1.3.6.1.4.1.4115.1.4.3")), CmtsKind::arris_c3);
  EXPECT_EQ(kind(oid("1.3.6.1.4.1.4981.4.1.1")), CmtsKind::motorola_bsr);
  EXPECT_EQ(kind(oid("1.3.6.1.4.1.8072.3.2.10")), CmtsKind::docsis3);
  EXPECT_EQ(kind(Oid{}), CmtsKind::docsis3);
  EXPECT_EQ(row_of(CmtsKind::automatic).kind, CmtsKind::docsis3);
  for (const CmtsRow& row : cmts_rows()) EXPECT_EQ(&row_of(row.kind), &row);
}

TEST(CmtsKinds, EveryShapeIsBuiltAsItsMibHasIt) {
  const Pdu row = reset_pdu(row_of(CmtsKind::cisco).for_modem[0], kMac);
  EXPECT_EQ(row.type, Pdu::Type::set);
  ASSERT_EQ(row.varbinds.size(), 1u);
  EXPECT_EQ(to_string(row.varbinds[0].name), "1.3.6.1.4.1.9.9.116.1.3.1.1.8.0.26.43.60.77.94");
  EXPECT_EQ(row.varbinds[0].value, Value::of_integer(1));

  const Pdu scalar = reset_pdu(row_of(CmtsKind::motorola_bsr).for_modem[0], kMac);
  ASSERT_EQ(scalar.varbinds.size(), 1u);
  EXPECT_EQ(to_string(scalar.varbinds[0].name), "1.3.6.1.4.1.4981.2.2.2.0");
  EXPECT_EQ(scalar.varbinds[0].value, Value::of_octets(kOctets));

  const Pdu command = reset_pdu(row_of(CmtsKind::docsis3).for_modem[0], kMac);
  ASSERT_EQ(command.varbinds.size(), 2u);
  EXPECT_EQ(to_string(command.varbinds[0].name), "1.3.6.1.4.1.4491.2.1.20.1.27.1.0");
  EXPECT_EQ(command.varbinds[0].value, Value::of_octets(kOctets));
  EXPECT_EQ(to_string(command.varbinds[1].name), "1.3.6.1.4.1.4491.2.1.20.1.27.5.0");
  EXPECT_EQ(command.varbinds[1].value, Value::of_integer(2));

  const Pdu itself = reset_pdu(reset_at_modem(), kMac);
  EXPECT_EQ(to_string(itself.varbinds[0].name), "1.3.6.1.2.1.69.1.1.3.0");
  EXPECT_EQ(itself.varbinds[0].value, Value::of_integer(1));
}

// casaCmtsCmResetAll and rdnCmtsCmResetAll stand beside objects of one modem.
TEST(CmtsKinds, NoneEverResetsThemAll) {
  for (const CmtsRow& row : cmts_rows())
    for (const Act act : {Act::reset_modem, Act::forget_cpe})
      for (const ResetObject& object : row.of(act))
        for (const Varbind& varbind : reset_pdu(object, kMac).varbinds) {
          EXPECT_FALSE(varbind.name.begins_with(oid("1.3.6.1.4.1.20858.10.12.1.5.3"))) << object.name;
          EXPECT_FALSE(varbind.name.begins_with(oid("1.3.6.1.4.1.4981.2.2.4"))) << object.name;
        }
}

TEST(CmtsKinds, EachHasAWayForItsModems) {
  for (const CmtsRow& row : cmts_rows()) EXPECT_FALSE(row.for_modem.empty()) << row.name;
}

TEST(ErrorText, IsTheNameOfTheRfc) {
  EXPECT_EQ(error_text(2), "noSuchName");
  EXPECT_EQ(error_text(17), "notWritable");
  EXPECT_EQ(error_text(18), "inconsistentName");
  EXPECT_EQ(error_text(19), "error 19");
  EXPECT_EQ(error_text(-1), "error -1");
  EXPECT_TRUE(is_passing(5));
  EXPECT_FALSE(is_passing(6));
  EXPECT_FALSE(is_passing(99));
}

}  // namespace
}  // namespace coaxd::snmp
