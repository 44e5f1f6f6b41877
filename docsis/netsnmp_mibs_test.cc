#include "docsis/netsnmp_mibs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "docsis/test_octets.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <net-snmp/net-snmp-config.h>
// In this order.
#include <net-snmp/net-snmp-includes.h>
#pragma GCC diagnostic pop

// net-snmp forgets its list of textual conventions, 5 kB, whenever it loads anew: these tests do, the programs load once.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:netsnmp_init_mib_internals\n"; }

namespace coaxd::docsis {
namespace {

constexpr std::string_view kRoots = R"(
org OBJECT IDENTIFIER ::= { iso 3 }
dod OBJECT IDENTIFIER ::= { org 6 }
internet OBJECT IDENTIFIER ::= { dod 1 }
private OBJECT IDENTIFIER ::= { internet 4 }
enterprises OBJECT IDENTIFIER ::= { private 1 }
coax OBJECT IDENTIFIER ::= { enterprises 32473 }
)";

constexpr std::string_view kTestMib = R"(
9coaxDigit OBJECT IDENTIFIER ::= { coax 8 }
coax_underscore OBJECT IDENTIFIER ::= { coax 9 }
coaxMode OBJECT-TYPE SYNTAX INTEGER { off(0), on(1) } MAX-ACCESS read-write STATUS current DESCRIPTION "" ::= { coax 1 }
coaxFlags OBJECT-TYPE SYNTAX BITS { red(0), green(1) } MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { coax 2 }
coaxTable OBJECT-TYPE SYNTAX SEQUENCE OF CoaxEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { coax 3 }
coaxEntry OBJECT-TYPE SYNTAX CoaxEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION ""
  INDEX { coaxNumber, coaxColour, coaxHost, coaxFixed, coaxName } ::= { coaxTable 1 }
coaxNumber OBJECT-TYPE SYNTAX INTEGER (1..10 | 20) MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { coaxEntry 1 }
coaxColour OBJECT-TYPE SYNTAX INTEGER { blue(3), white(4) } MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { coaxEntry 2 }
coaxHost OBJECT-TYPE SYNTAX IpAddress MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { coaxEntry 3 }
coaxFixed OBJECT-TYPE SYNTAX OCTET STRING (SIZE (2)) MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { coaxEntry 4 }
coaxName OBJECT-TYPE SYNTAX OCTET STRING (SIZE (0..8)) MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { coaxEntry 5 }
coaxValue OBJECT-TYPE SYNTAX Unsigned32 (0..4294967295) MAX-ACCESS read-create STATUS current DESCRIPTION "" ::= { coaxEntry 6 }
coaxPlainTable OBJECT-TYPE SYNTAX SEQUENCE OF CoaxPlainEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { coax 4 }
coaxPlainEntry OBJECT-TYPE SYNTAX CoaxPlainEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION ""
  INDEX { IMPLIED coaxName } ::= { coaxPlainTable 1 }
coaxPlain OBJECT-TYPE SYNTAX OBJECT IDENTIFIER MAX-ACCESS read-write STATUS current DESCRIPTION "" ::= { coaxPlainEntry 1 }
coaxMoreTable OBJECT-TYPE SYNTAX SEQUENCE OF CoaxMoreEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { coax 5 }
coaxMoreEntry OBJECT-TYPE SYNTAX CoaxMoreEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "" AUGMENTS { coaxPlainEntry } ::= { coaxMoreTable 1 }
coaxMore OBJECT-TYPE SYNTAX Counter32 MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { coaxMoreEntry 1 }
coaxOidTable OBJECT-TYPE SYNTAX SEQUENCE OF CoaxOidEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { coax 6 }
coaxOidEntry OBJECT-TYPE SYNTAX CoaxOidEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "" INDEX { coaxPlain, coaxNumber } ::= { coaxOidTable 1 }
coaxOid OBJECT-TYPE SYNTAX TimeTicks MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { coaxOidEntry 1 }
)";

class MibFiles : public testing::Test {
 protected:
  MibFiles() : directory_(testing::TempDir() + "coaxd-mibs-" + std::to_string(getpid())) {
    std::filesystem::create_directory(directory_);
    write("COAX-TEST-MIB", kTestMib);
  }
  ~MibFiles() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& module, std::string_view text) {
    std::ofstream(directory_ + "/" + module) << module << " DEFINITIONS ::= BEGIN" << kRoots << text << "END\n";
  }
  std::unique_ptr<const MibNames> load(bool built_in = true, std::span<const std::string> preferred = {}) {
    const std::string directories[] = {directory_};
    return netsnmp_mibs({.directories = directories, .preferred = preferred, .built_in = built_in});
  }

  std::string directory_;
};

std::string resolved(const MibNames& names, std::string_view token) {
  const auto oid = names.resolve(token);
  return oid ? to_text(*oid) : oid.error();
}

TEST_F(MibFiles, AreReadAndTheBuiltInTableStandsBehindThem) {
  const auto names = load();
  EXPECT_EQ(resolved(*names, "coaxMode.0"), "1.3.6.1.4.1.32473.1.0");
  EXPECT_EQ(resolved(*names, "COAX-TEST-MIB::coaxMode.0"), "1.3.6.1.4.1.32473.1.0");
  EXPECT_EQ(resolved(*names, "sysContact.0"), "1.3.6.1.2.1.1.4.0");
  EXPECT_EQ(names->name(*parse_oid("1.3.6.1.4.1.32473.1.0")), "coaxMode.0");
  EXPECT_EQ(names->name(*parse_oid("1.3.6.1.4.1.4491.2.2.1.1.1.7.0")), "pktcMtaDevEnabled.0");

  const auto alone = load(false);
  EXPECT_EQ(resolved(*alone, "coaxMode.0"), "1.3.6.1.4.1.32473.1.0");
  EXPECT_EQ(resolved(*alone, "sysContact.0"), "no MIB object is called sysContact; its number always works");
  EXPECT_EQ(alone->name(*parse_oid("1.3.6.1.2.1.1.4.0")), "internet.2.1.1.4.0");
}

// A vendor's file alone, as on a machine without SNMPv2-SMI.
TEST_F(MibFiles, NeedNoBaseModules) {
  std::filesystem::remove(directory_ + "/COAX-TEST-MIB");
  std::ofstream(directory_ + "/LONELY-MIB") << R"(LONELY-MIB DEFINITIONS ::= BEGIN
IMPORTS MODULE-IDENTITY, OBJECT-TYPE, enterprises FROM SNMPv2-SMI DisplayString, TruthValue FROM SNMPv2-TC OBJECT-GROUP FROM SNMPv2-CONF;
lonely MODULE-IDENTITY LAST-UPDATED "202601010000Z" ORGANIZATION "" CONTACT-INFO "" DESCRIPTION "" ::= { enterprises 32473 }
lonelyName OBJECT-TYPE SYNTAX DisplayString (SIZE (0..20)) MAX-ACCESS read-write STATUS current DESCRIPTION "" ::= { lonely 1 }
lonelyNumber OBJECT-TYPE SYNTAX INTEGER (1..5) MAX-ACCESS read-write STATUS current DESCRIPTION "" ::= { lonely 2 }
END
)";
  testing::internal::CaptureStderr();
  const auto names = load();
  EXPECT_EQ(resolved(*names, "lonelyName.0"), "1.3.6.1.4.1.32473.1.0");
  EXPECT_EQ(resolved(*names, "LONELY-MIB::lonelyNumber.0"), "1.3.6.1.4.1.32473.2.0");
  EXPECT_EQ(names->object(*parse_oid("1.3.6.1.4.1.32473.2.0"))->high, 5);
  EXPECT_EQ(resolved(*names, "sysContact.0"), "1.3.6.1.2.1.1.4.0");
  EXPECT_EQ(resolved(*load(false), "lonelyName.0"), "no MIB object is called lonelyName; its number always works") << "as to the utility";
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(MibFiles, OfVendorsMayHaveOddLabels) {
  const auto names = load();
  EXPECT_EQ(resolved(*names, "9coaxDigit.1"), "1.3.6.1.4.1.32473.8.1");
  EXPECT_EQ(resolved(*names, "coax_underscore.1"), "1.3.6.1.4.1.32473.9.1");
  EXPECT_EQ(resolved(*names, "9coaxDigits.1"), "\"9coaxDigits\" is not a number of 32 bits");
}

TEST_F(MibFiles, SayWhatAnObjectIs) {
  const auto names = load();
  const auto mode = names->object(*parse_oid("1.3.6.1.4.1.32473.1.0")).value();
  EXPECT_EQ(mode.type, SnmpType::integer);
  EXPECT_TRUE(mode.writable);
  ASSERT_EQ(mode.enums.size(), 2u);
  EXPECT_EQ(names->object(*parse_oid("1.3.6.1.4.1.32473.2.0"))->bits, true);
  EXPECT_FALSE(names->object(*parse_oid("1.3.6.1.4.1.32473.2.0"))->writable);
  const auto value = names->object(*parse_oid("1.3.6.1.4.1.32473.3.1.6.1")).value();
  EXPECT_EQ(value.type, SnmpType::gauge32);
  EXPECT_EQ(value.high, 4294967295);  // which net-snmp keeps as -1
  EXPECT_TRUE(value.writable);
  const auto number = names->object(*parse_oid("1.3.6.1.4.1.32473.3.1.1.1")).value();
  ASSERT_EQ(number.ranges.size(), 2u);
  EXPECT_EQ(number.low, 1);
  EXPECT_EQ(number.high, 20);
}

TEST_F(MibFiles, IndexesFollowTheIndexClause) {
  const auto names = load();
  const std::string shown = R"(coaxValue.20.white.10.0.0.1.'ab'."xyz")";
  const std::string oid = "1.3.6.1.4.1.32473.3.1.6.20.4.10.0.0.1.97.98.3.120.121.122";
  EXPECT_EQ(resolved(*names, shown), oid);
  EXPECT_EQ(names->name(*parse_oid(oid)), shown);
  EXPECT_EQ(resolved(*names, "coaxMore.'a.b'"), "1.3.6.1.4.1.32473.5.1.1.97.46.98");  // AUGMENTS: the other table's
  EXPECT_EQ(resolved(*names, "coaxValue.11"), "the index coaxNumber is 1 to 10 or 20, not 11");
}

TEST_F(MibFiles, OfEqualNamesTheFilesComeFirstOrWhatIsPreferred) {
  write("COAX-OTHER-MIB", "sysContact OBJECT-TYPE SYNTAX OCTET STRING MAX-ACCESS read-write STATUS current DESCRIPTION \"\" ::= { coax 10 }\n");
  EXPECT_EQ(resolved(*load(), "sysContact.0"), "1.3.6.1.4.1.32473.10.0");
  const std::string preferred[] = {"SNMPv2-MIB"};
  const auto names = load(true, preferred);
  EXPECT_EQ(resolved(*names, "sysContact.0"), "1.3.6.1.2.1.1.4.0");
  EXPECT_EQ(resolved(*names, "COAX-OTHER-MIB::sysContact.0"), "1.3.6.1.4.1.32473.10.0");
  EXPECT_EQ(resolved(*names, "docsBpi2CmPrivacyEnable.2"), "1.3.6.1.2.1.10.127.6.1.1.1.1.1.2");  // as without files
}

TEST_F(MibFiles, ThatCannotBeReadDoNoHarmAndSayNothing) {
  std::ofstream(directory_ + "/BROKEN-MIB") << "BROKEN-MIB DEFINITIONS ::= BEGIN IMPORTS nothing FROM NOWHERE-MIB; coaxBroken OBJECT-TYPE SYNTAX {{{ \"";
  testing::internal::CaptureStderr();
  const auto names = load();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(resolved(*names, "coaxMode.0"), "1.3.6.1.4.1.32473.1.0");

  const std::string nowhere[] = {directory_ + "/nowhere"};
  const auto nothing = netsnmp_mibs({.directories = nowhere, .preferred = {}});
  EXPECT_EQ(resolved(*nothing, "sysContact.0"), "1.3.6.1.2.1.1.4.0");
}

// net-snmp itself is the witness for reading and writing names: thousands of OIDs around the test MIB, with good and bad indexes.
TEST_F(MibFiles, NamesAreThoseOfNetSnmp) {
  const auto names = load(false);
  netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_MIB_PARSE_LABEL, 1);
  netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_OID_OUTPUT_FORMAT, NETSNMP_OID_OUTPUT_SUFFIX);
  netsnmp_init_mib_internals();
  add_mibdir(directory_.c_str());
  read_all_mibs();
  adopt_orphans();

  std::mt19937 random(7);
  const auto below = [&random](std::uint32_t limit) { return static_cast<std::uint32_t>(random() % limit); };
  const Oid prefixes[] = {{1}, {2}, {3, 1, 1}, {3, 1, 5}, {3, 1, 6}, {3, 1, 7}, {4, 1, 1}, {5, 1, 1}, {6, 1, 1}, {7}, {}};
  std::size_t compared = 0;
  for (int round = 0; round < 20'000; ++round) {
    Oid oid = {1, 3, 6, 1, 4, 1, 32473};
    const Oid& prefix = prefixes[below(std::size(prefixes))];
    oid.insert(oid.end(), prefix.begin(), prefix.end());
    if (below(2) == 0) oid.insert(oid.end(), {1 + below(21), 3 + below(3), 10, 0, 0, below(260), 'a' + below(9), 'a' + below(9)});
    for (std::uint32_t more = below(6); more > 0; --more) oid.push_back(below(4) == 0 ? below(300) : below(6) == 0 ? 'a' + below(26) : below(4));

    const std::vector<::oid> theirs(oid.begin(), oid.end());
    char text[4096];
    snprint_objid(text, sizeof text, theirs.data(), theirs.size());
    ::oid read[MAX_OID_LEN];
    std::size_t size = MAX_OID_LEN;
    const bool readable = get_node(text, read, &size) != 0;
    const std::string ours = names->name(oid);
    if (!readable) {
      ASSERT_TRUE(ours.starts_with(".iso.org.dod.")) << ours << " but net-snmp cannot read " << text;
      ASSERT_TRUE(ours.ends_with(std::string(".") + text)) << ours << " " << text;
      continue;
    }
    ASSERT_EQ(ours, text);
    ASSERT_EQ(resolved(*names, text), to_text(Oid(read, read + size))) << text;
    ++compared;
  }
  EXPECT_GT(compared, 5'000u);
  unload_all_mibs();
}

}  // namespace
}  // namespace coaxd::docsis
