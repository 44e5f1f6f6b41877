#include "docsis/mib_names.h"

#include <gtest/gtest.h>

#include <set>

#include "docsis/mib_tree.h"
#include "docsis/test_octets.h"

namespace coaxd::docsis {
namespace {

const MibTree& table() { return static_cast<const MibTree&>(built_in_mibs()); }

std::string resolved(std::string_view token, const MibNames& names = built_in_mibs()) {
  const auto oid = names.resolve(token);
  return oid ? to_text(*oid) : oid.error();
}
std::string named(std::string_view oid, const MibNames& names = built_in_mibs()) { return names.name(parse_oid(oid).value()); }

// The OIDs behind SnmpMibObject, as they stand in a configuration text.
std::vector<std::string> objects_in(const std::string& text) {
  constexpr std::string_view kKeyword = "SnmpMibObject ";
  std::vector<std::string> tokens;
  for (std::size_t at = text.find(kKeyword); at != text.npos; at = text.find(kKeyword, at)) {
    at += kKeyword.size();
    std::size_t end = at;
    for (char quote = 0; quote != 0 || text[end] != ' '; ++end)
      if (text[end] == '"' || text[end] == '\'') quote = quote == 0 ? text[end] : 0;
    tokens.push_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

// Every golden case with SNMP objects: what the utility made of its names, and how it prints them, with its own MIB files and with none.
TEST(Golden_MibNames, TextsMeanAndReadAsWithTheUtility) {
  std::size_t count = 0;
  for (const std::string_view name : {"03-d20-mgmt", "08-erouter", "09-snmp-types", "10-snmp-names", "12-mta-na", "13-mta-eu-long", "14-big-filters",
                                      "15-lexical", "16-dynamic-order"}) {
    const auto texts = objects_in(golden(std::string(name) + ".txt"));
    const auto shown = objects_in(golden(std::string(name) + ".decoded.txt"));
    const auto numbers = objects_in(golden(std::string(name) + ".decoded-num.txt"));
    ASSERT_EQ(shown.size(), numbers.size()) << name;
    ASSERT_LE(texts.size(), numbers.size()) << name;  // a decoded MTA file has its hash too
    ASSERT_FALSE(texts.empty()) << name;
    for (std::size_t i = 0; i < numbers.size(); ++i, ++count) {
      const std::string oid = numbers[i].substr(1);
      EXPECT_EQ(named(oid), shown[i]) << name;
      EXPECT_EQ(resolved(shown[i]), oid) << name;
      EXPECT_EQ(resolved(numbers[i], no_mibs()), oid) << name;
      if (i < texts.size()) {
        EXPECT_EQ(resolved(texts[i]), oid) << name << ": " << texts[i];
      }
    }
  }
  EXPECT_GT(count, 100u);
}

TEST(Utility_4_MibNames, PathsAndLabelsAlongTheTree) {
  EXPECT_EQ(resolved("system.6.0"), "1.3.6.1.2.1.1.6.0");
  EXPECT_EQ(resolved("system.sysLocation.0"), "1.3.6.1.2.1.1.6.0");
  EXPECT_EQ(resolved(".iso.org.dod.internet.mgmt.mib-2.transmission"), "1.3.6.1.2.1.10");
  EXPECT_EQ(resolved("iso.3.6.1.4.1.32473.5"), "1.3.6.1.4.1.32473.5");
  EXPECT_EQ(resolved("1.3.6.1.mgmt.mib-2.1"), "1.3.6.1.2.1.1");
  EXPECT_EQ(resolved("enterprises.4491.2.2.1.1.1.7.0"), "1.3.6.1.4.1.4491.2.2.1.1.1.7.0");
  EXPECT_EQ(resolved("ifEntry.99.1"), "1.3.6.1.2.1.2.2.1.99.1");
  EXPECT_EQ(resolved("sysContact"), "1.3.6.1.2.1.1.4");
  EXPECT_EQ(resolved("sysContact.0x10.010"), "1.3.6.1.2.1.1.4.16.8");  // as strtoul() has it
}

TEST(Rfc2578_7_7_MibNames, StringIndexes) {
  EXPECT_EQ(resolved(R"(vacmGroupName.2."ops")"), "1.3.6.1.6.3.16.1.2.1.3.2.3.111.112.115");
  EXPECT_EQ(resolved("vacmGroupName.2.3.111.112.115"), "1.3.6.1.6.3.16.1.2.1.3.2.3.111.112.115");
  EXPECT_EQ(resolved("snmpCommunityName.'pub'"), "1.3.6.1.6.3.18.1.1.1.2.112.117.98");
  EXPECT_EQ(resolved("snmpCommunityName.112.117.98"), "1.3.6.1.6.3.18.1.1.1.2.112.117.98");
  EXPECT_EQ(resolved(R"(vacmAccessStatus."rw"."".1.noAuthNoPriv)"), "1.3.6.1.6.3.16.1.4.1.9.2.114.119.0.1.1");
  EXPECT_EQ(resolved(R"(usmUserStatus."12345"."a.b")"), "1.3.6.1.6.3.15.1.2.2.1.13.5.49.50.51.52.53.3.97.46.98");
  EXPECT_EQ(resolved(R"(vacmGroupName.2."a\"b")"), "1.3.6.1.6.3.16.1.2.1.3.2.3.97.34.98");
  EXPECT_EQ(resolved("snmpCommunityName.'\xc3\xa9'"), "1.3.6.1.6.3.18.1.1.1.2.195.169");
  EXPECT_EQ(resolved("ipNetToMediaNetAddress.1.10.0.0.1"), "1.3.6.1.2.1.4.22.1.3.1.10.0.0.1");
  EXPECT_EQ(resolved(R"(sysContact."ab".1)"), "1.3.6.1.2.1.1.4.2.97.98.1");  // no INDEX: by its quotes alone
  EXPECT_EQ(resolved("sysContact.'ab'"), "1.3.6.1.2.1.1.4.97.98");
}

TEST(Utility_4_MibNames, EqualNamesMeanTheCableLabsObjects) {
  EXPECT_EQ(resolved("docsBpi2CmPrivacyEnable.2"), "1.3.6.1.2.1.10.127.6.1.1.1.1.1.2");
  EXPECT_EQ(resolved("DOCS-IETF-BPI2-MIB::docsBpi2CmPrivacyEnable.2"), "1.3.6.1.2.1.126.1.1.1.1.1.2");
  EXPECT_EQ(resolved("docsSubMgtCpeControlActive.1"), "1.3.6.1.3.83.4.1.1.1.2.1");
  EXPECT_EQ(resolved("pktcMtaDevEnabled.0"), "1.3.6.1.4.1.4491.2.2.1.1.1.7.0");
  EXPECT_EQ(resolved("PKTC-IETF-MTA-MIB::pktcMtaDevEnabled.0"), "1.3.6.1.2.1.140.1.1.6.0");
  EXPECT_EQ(resolved("IF-MIB::ifAdminStatus.1"), "1.3.6.1.2.1.2.2.1.7.1");
  EXPECT_EQ(resolved("IF-MIB::sysContact.0"), "sysContact is not in IF-MIB; leave the module out");

  const std::string ietf[] = {"DOCS-IETF-SUBMGT-MIB", "DOCS-IETF-BPI2-MIB"};
  const auto preferring = built_in_mibs_preferring(ietf);
  EXPECT_EQ(resolved("docsBpi2CmPrivacyEnable.2", *preferring), "1.3.6.1.2.1.126.1.1.1.1.1.2");
  EXPECT_EQ(resolved("pktcMtaDevEnabled.0", *preferring), "1.3.6.1.4.1.4491.2.2.1.1.1.7.0");
}

TEST(MibNames, WhatCannotBeResolvedIsToldWithARemedy) {
  EXPECT_EQ(resolved("docsDevFilterIpStatsu.1"), "no MIB object is called docsDevFilterIpStatsu; the nearest is docsDevFilterIpStatus");
  EXPECT_EQ(resolved("SYSCONTACT.0"), "no MIB object is called SYSCONTACT; the nearest is sysContact");
  EXPECT_EQ(resolved("entirelyUnheardOfThing.0"), "no MIB object is called entirelyUnheardOfThing; its number always works");
  EXPECT_EQ(resolved("docsDevFilterIpStatus.0"), "the index docsDevFilterIpIndex is 1 to 2147483647, not 0");
  EXPECT_EQ(resolved("docsDevFilterIpStatus.-1"), "the index docsDevFilterIpIndex is a number, not \"-1\"");
  EXPECT_EQ(resolved("docsDevEvReporting.loud"),
            "the index docsDevEvPriority is emergency(1), alert(2), critical(3), error(4), warning(5), notice(6), information(7), debug(8), not \"loud\"");
  EXPECT_EQ(resolved("vacmGroupName.2.'ops'"), "the index vacmSecurityName has its length before it: write \"ops\"");
  EXPECT_EQ(resolved("snmpCommunityName.\"pub\""), "the index snmpCommunityIndex has no length before it: write 'pub'");
  EXPECT_EQ(resolved("vacmGroupName.2.\"\""), "the index vacmSecurityName has 1 to 32 octets, not 0");
  EXPECT_EQ(resolved("vacmGroupName.2.ops"), "the index vacmSecurityName is a length and octets, or \"text\", not ops");
  EXPECT_EQ(resolved("vacmGroupName.2.3.111.300"), "in the index vacmSecurityName each part is 0 to 255, not 300");
  EXPECT_EQ(resolved("vacmGroupName.2.4294967295"), "the index vacmSecurityName begins with its length, and 4294967295 octets are too many");
  EXPECT_EQ(resolved("sysContact.x"), "\"x\" behind sysContact is not a number");
  EXPECT_EQ(resolved("system.nothing"), "\"nothing\" is nothing below system");
  EXPECT_EQ(resolved("1.x"), "\"x\" is nothing below iso");
  EXPECT_EQ(resolved("sysContact.\"a"), "\"a is not closed");
  EXPECT_EQ(resolved("sysContact.'a\\"), "'a\\ is not closed");
  EXPECT_EQ(resolved("sysContact.'a'b"), "behind 'a' a dot must follow, not \"b\"");
  EXPECT_EQ(resolved("sysContact.4294967296"), "\"4294967296\" is not a number of 32 bits");
  EXPECT_EQ(resolved("sysContact.08"), "\"08\" is not a number of 32 bits");
  EXPECT_EQ(resolved("sysContact."), "there is nothing between two dots or at the end");
  EXPECT_EQ(resolved("sysContact..0"), "there is nothing between two dots or at the end");
  EXPECT_EQ(resolved("'a'"), "an index needs a name before it");
  EXPECT_EQ(resolved(""), "there is no name");
  EXPECT_EQ(resolved("."), "there is no name");
  EXPECT_EQ(resolved("IF-MIB::"), "there is no name");

  std::string deep = "1";
  for (int i = 1; i < 128; ++i) deep += ".1";
  EXPECT_EQ(resolved(deep), deep);
  EXPECT_EQ(resolved(deep + ".1"), "has more than 128 numbers");
}

TEST(Utility_6_MibNames, IndexesAreShownByLabelAndText) {
  EXPECT_EQ(named("1.3.6.1.2.1.69.1.5.7.1.2.1"), "docsDevEvReporting.emergency");
  EXPECT_EQ(named("1.3.6.1.2.1.69.1.5.7.1.2.9"), "docsDevEvReporting.9");
  EXPECT_EQ(named("1.3.6.1.6.3.16.1.4.1.9.2.114.119.0.1.1"), R"(vacmAccessStatus."rw"."".1.noAuthNoPriv)");
  EXPECT_EQ(named("1.3.6.1.6.3.18.1.1.1.2.112.117.98"), "snmpCommunityName.'pub'");
  EXPECT_EQ(named("1.3.6.1.6.3.15.1.2.2.1.13.5.128.0.1.2.3.1.97"), R"(usmUserStatus."....."."a")");  // unprintable: the utility's dots
  EXPECT_EQ(named("1.3.6.1.6.3.16.1.2.1.3.2.9.111"), "vacmGroupName.2.9.111");                        // says nine octets, has one
  EXPECT_EQ(named("1.3.6.1.2.1.2.2.1.99.1"), "ifEntry.99.1");
  EXPECT_EQ(named("1.3.6.1.2.1.1.4"), "sysContact");
  EXPECT_EQ(named("1.3.6.1.4.1.9.9"), "enterprises.9.9");
  EXPECT_EQ(named("1.3"), "org");
  EXPECT_EQ(named("2.5.4"), "joint-iso-ccitt.5.4");
  EXPECT_EQ(named("0.0"), "ccitt.0");
  EXPECT_EQ(named("7.1"), "7.1");
}

TEST(Utility_6_MibNames, WhatCannotBeReadBackHasAllItsLabels) {
  EXPECT_EQ(named("1.3.6.1.2.1.69.1.6.4.1.2.0"),
            ".iso.org.dod.internet.mgmt.mib-2.docsDev.docsDevMIBObjects.docsDevFilter.docsDevFilterIpTable.docsDevFilterIpEntry.docsDevFilterIpStatus.0");
  EXPECT_EQ(resolved(named("1.3.6.1.2.1.69.1.6.4.1.2.0")), "1.3.6.1.2.1.69.1.6.4.1.2.0");
}

TEST(Utility_4_MibNames, WithoutMibs) {
  EXPECT_EQ(named("1.3.6.1.2.1.1.4.0", no_mibs()), "iso.3.6.1.2.1.1.4.0");
  EXPECT_EQ(resolved("iso.3.6.1.2.1.1.4.0", no_mibs()), "1.3.6.1.2.1.1.4.0");
  EXPECT_EQ(resolved("sysContact.0", no_mibs()), "no MIB object is called sysContact; its number always works");
  EXPECT_FALSE(no_mibs().object(*parse_oid("1.3.6.1.2.1.1.4.0")));
}

TEST(Rfc2578_7_MibNames, ObjectsAreEnoughToCheckAValue) {
  const auto object = [](std::string_view oid) { return built_in_mibs().object(*parse_oid(oid)); };
  const auto contact = object("1.3.6.1.2.1.1.4.0").value();
  EXPECT_EQ(contact.name, "sysContact");
  EXPECT_EQ(contact.type, SnmpType::octet_string);
  EXPECT_TRUE(contact.printable && contact.writable && !contact.bits);
  EXPECT_EQ(contact.low, 0);
  EXPECT_EQ(contact.high, 255);

  const auto control = object("1.3.6.1.2.1.69.1.6.4.1.3.1").value();
  EXPECT_EQ(control.name, "docsDevFilterIpControl");
  EXPECT_EQ(control.type, SnmpType::integer);
  ASSERT_EQ(control.enums.size(), 3u);
  EXPECT_EQ(control.enums[0].label, "discard");
  EXPECT_FALSE(control.low);

  const auto reporting = object("1.3.6.1.2.1.69.1.5.7.1.2.1").value();
  EXPECT_TRUE(reporting.bits);
  EXPECT_EQ(reporting.type, SnmpType::octet_string);
  EXPECT_EQ(reporting.enums[0].label, "local");

  const auto address = object("1.3.6.1.2.1.69.1.4.2.0").value();
  EXPECT_EQ(address.type, SnmpType::ip_address);
  EXPECT_FALSE(object("1.3.6.1.2.1.2.2.1.1.1").value().writable);
  EXPECT_EQ(object("1.3.6.1.2.1.1.3.0").value().name, "sysUpTime");  // whose instance has a name of its own
  EXPECT_FALSE(object("1.3.6.1.2.1.1"));
  EXPECT_FALSE(object("1.3.6.1.4.1.9.9"));
}

// The rows themselves.

TEST(MibRows, AreInTheOrderOfTheTree) {
  const auto rows = built_in_mib_rows();
  EXPECT_GT(rows.size(), 4300u);
  Oid before;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_LE(rows[i].depth, i == 0 ? 1 : rows[i - 1].depth + 1) << rows[i].name;
    const Oid oid = table().oid_of(static_cast<std::uint32_t>(i));
    ASSERT_LE(before, oid) << rows[i].name;  // equal where one place has two names
    before = oid;
  }
}

TEST(MibRows, EveryNameIsFoundAndEveryIndexIsAnObject) {
  const auto rows = built_in_mib_rows();
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].name.empty()) {
      const std::uint32_t found = table().find(rows[i].name, rows[i].module);
      ASSERT_NE(found, MibTree::kNone) << rows[i].name;
      if (!rows[i].module.empty()) {
        EXPECT_EQ(table().oid_of(found), table().oid_of(i)) << rows[i].name;
      }
    }
    for (const MibIndexPart& part : rows[i].index) {
      const std::uint32_t object = table().find(part.label);
      ASSERT_NE(object, MibTree::kNone) << part.label;
      EXPECT_NE(rows[object].syntax, MibSyntax::node) << part.label;
      EXPECT_TRUE(!part.implied || &part == &rows[i].index.back()) << part.label;
    }
    for (const MibRange& range : rows[i].ranges) EXPECT_LE(range.low, range.high) << rows[i].name;
    std::set<std::string_view> labels;
    for (const MibEnum& e : rows[i].enums) EXPECT_TRUE(labels.insert(e.label).second) << rows[i].name << " " << e.label;
  }
}

// Behind an OID nothing of an index is read by label any more, by net-snmp neither.
bool has_inner_oid(std::span<const MibIndexPart> index) {
  for (const MibIndexPart& part : index)
    if (table().row(table().find(part.label)).syntax == MibSyntax::object_id && &part != &index.back()) return true;
  return false;
}

// An instance of each object, with indexes that its table allows.
Oid instance_of(std::uint32_t at) {
  Oid oid = table().oid_of(at);
  const std::uint32_t entry = table().parent(at);
  if (table().row(entry).index.empty()) oid.push_back(0);
  for (const MibIndexPart& part : table().row(entry).index) {
    const std::uint32_t object = table().find(part.label);
    const MibRow& row = table().row(object);
    switch (row.syntax) {
      case MibSyntax::octets: {
        const auto size = static_cast<std::uint32_t>(std::max<std::int64_t>(row.ranges.empty() ? 3 : row.ranges[0].low, 1));
        if (!part.implied && !table().fixed_size(object)) oid.push_back(size);
        oid.insert(oid.end(), size, 'x');
        break;
      }
      case MibSyntax::object_id:
        if (!part.implied) oid.push_back(2);
        oid.insert(oid.end(), {1, 3});
        break;
      case MibSyntax::ip_address: oid.insert(oid.end(), {10, 0, 0, 1}); break;
      case MibSyntax::enumeration: oid.push_back(static_cast<std::uint32_t>(row.enums[0].value)); break;
      default: oid.push_back(static_cast<std::uint32_t>(row.ranges.empty() ? 7 : std::max<std::int64_t>(row.ranges[0].low, 0)));
    }
  }
  return oid;
}

TEST(MibRows, InstancesAreReadAsTheyAreShown) {
  const auto rows = built_in_mib_rows();
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    if (rows[i].syntax == MibSyntax::node || table().has_children(i) || has_inner_oid(rows[table().parent(i)].index)) continue;
    const Oid oid = instance_of(i);
    const std::string shown = table().name(oid);
    EXPECT_TRUE(shown.starts_with(std::string(rows[i].name) + ".")) << shown;
    const auto again = table().resolve(std::string(rows[i].module).append("::").append(shown));
    ASSERT_TRUE(again) << shown << ": " << again.error();
    EXPECT_EQ(to_text(*again), to_text(oid)) << shown;
    EXPECT_EQ(table().object(oid).value().name, rows[i].name);
    ++count;
  }
  EXPECT_GT(count, 2500u);
}

}  // namespace
}  // namespace coaxd::docsis
