#include "server/provision/provisioned_files.h"

#include <gtest/gtest.h>

#include "server/provision/testing/plant.h"
#include "server/tftp/time_of_day.h"

namespace coaxd::provision {
namespace {

constexpr std::string_view kPlain = "Main { NetworkAccess 1; MaxCPE 2; }\n";

class ProvisionedFilesTest : public testing::Test {
 protected:
  void write_template(std::string_view name, std::string_view text) { plant.folder.write("templates/" + std::string(name), text); }
  void open() {
    for (const News& news : plant.open()) EXPECT_FALSE(news.error) << news.text;
  }
  const Counters& counters() const { return plant.files->counters(); }
  std::uint64_t refused(Refusal refusal) const { return counters().of(refusal).get(); }

  Plant plant;
};

// --- which file ---

TEST_F(ProvisionedFilesTest, TemplateGoesBeforeStaticFile) {
  write_template("gold.cfg", kPlain);
  plant.statics.files = {{"gold.cm", "static"}, {"silver.cm", "silver"}};
  open();
  plant.boot(0, "gold.cm");
  EXPECT_EQ(plant.get(0, "gold.cm").octets, written_out(kPlain, ""));
  EXPECT_EQ(as_text(plant.get(0, "silver.cm").octets), "silver");
  EXPECT_EQ(counters().from_templates.get(), 1u);
  EXPECT_EQ(counters().from_static.get(), 1u);
  EXPECT_EQ(plant.why(0, "bronze.cm"), Refusal::not_found);
  EXPECT_EQ(plant.get(0, "bronze.cm").code, tftp::ErrorCode::file_not_found);
  EXPECT_EQ(plant.why(0, "../etc/passwd"), Refusal::static_refused);
  EXPECT_EQ(plant.get(0, "../etc/passwd").code, tftp::ErrorCode::access_violation);
}

TEST_F(ProvisionedFilesTest, RootsPathAndSlashesInFrontMeanNothing) {
  write_template("gold.cfg", kPlain);
  plant.settings.root = "/srv/tftp";
  plant.statics.files = {{"boot/fw.img", "image"}};
  open();
  plant.boot(0, "/srv/tftp/gold.cm");
  for (const std::string_view name : {"gold.cm", "/gold.cm", "/srv/tftp/gold.cm", "//gold.cm"}) EXPECT_EQ(plant.get(0, name).octets, written_out(kPlain, "")) << name;
  EXPECT_EQ(as_text(plant.get(0, "/srv/tftp/boot/fw.img").octets), "image");
}

TEST_F(ProvisionedFilesTest, TemplateThatWasNeverGoodLeavesTheStaticFile) {
  write_template("gold.cfg", "Main { MaxCPE 300; }");
  plant.statics.files = {{"gold.cm", "static"}};
  EXPECT_EQ(plant.open().size(), 1u);
  plant.boot(0, "gold.cm");
  EXPECT_EQ(as_text(plant.get(0, "gold.cm").octets), "static");
  EXPECT_EQ(plant.why(0, "gold.bin"), Refusal::template_broken);
  const auto shown = plant.files->preview(plant.mac(0), "gold.cm", plant.now);
  ASSERT_TRUE(shown) << shown.error();
  EXPECT_EQ(shown->file, "");
  EXPECT_EQ(plant.files->preview(plant.mac(0), "gold.bin", plant.now).error(), row(Refusal::template_broken).text);
}

// --- for whom ---

TEST_F(ProvisionedFilesTest, VariablesAreOfTheModemThatAsks) {
  constexpr std::string_view kText =
      "Main { NetworkAccess 1; MaxCPE ${cpe:2}; SwUpgradeFilename \"${mac}|${modem}|${address}|${giaddr}|${class}|${network}|${pool}|${profile}|${file}|${server}\";"
      " SnmpMibObject sysContact.0 HexString ${remote-id}; SnmpMibObject sysLocation.0 HexString ${circuit-id}; }\n";
  write_template("gold.cfg", kText);
  open();
  plant.boot(0, "gold.cm");
  plant.boot(1, "gold.cm");
  plant.record(0, "gold", {{"cpe", "7"}});
  plant.record(1, "silver", {{"mac", "not mine"}});
  const auto expected = [](std::string_view cpe, std::string_view last, std::string_view host, std::string_view profile) {
    std::string mac = "00:10:95:00:00:" + std::string(last);
    return written_out("Main { NetworkAccess 1; MaxCPE " + std::string(cpe) + "; SwUpgradeFilename \"" + mac + "|" + mac + "|10.64.0." + std::string(host) + "|10.64.0.1|cm|north|one|" +
                           std::string(profile) + "|gold.cm|192.0.2.7\"; SnmpMibObject sysContact.0 HexString 0x0010950000" + std::string(last) +
                           "; SnmpMibObject sysLocation.0 HexString 0x80000007; }",
                       "");
  };
  EXPECT_EQ(plant.get(0, "gold.cm").octets, expected("7", "00", "10", "gold"));
  EXPECT_EQ(plant.get(1, "gold.cm").octets, expected("2", "01", "11", "silver"));  // what a modem is cannot be set
}

TEST_F(ProvisionedFilesTest, MtaHasTheRecordOfItsModem) {  // RFC 3046 §3.2
  write_template("gold.cfg", "Main { MaxCPE ${cpe}; SwUpgradeFilename \"${mac} ${modem}\"; }");
  open();
  plant.lease_to(3, {0x00109500aaaa}, plant.mac(0), 3600);
  plant.record(0, "gold", {{"cpe", "9"}});
  EXPECT_EQ(plant.get(3, "gold.cm").octets, written_out("Main { MaxCPE 9; SwUpgradeFilename \"00:10:95:00:aa:aa 00:10:95:00:00:00\"; }", ""));
}

TEST_F(ProvisionedFilesTest, MissingVariableIsTold) {
  write_template("gold.cfg", "Main {\n  MaxCPE ${cpe};\n}");
  open();
  plant.boot(0, "gold.cm");
  const Got got = plant.get(0, "gold.cm");
  EXPECT_EQ(plant.heard.why, Refusal::compile_failed);
  EXPECT_EQ(plant.heard.modem, plant.mac(0));
  EXPECT_NE(got.text.find("gold.cfg:2:10: "), std::string::npos) << got.text;
  EXPECT_NE(got.text.find("cpe"), std::string::npos) << got.text;
  EXPECT_NE(plant.heard.detail.find("error"), std::string::npos) << plant.heard.detail;
  plant.record(0, "", {{"cpe", "3"}});
  EXPECT_TRUE(plant.get(0, "gold.cm").ready());
  plant.record(0, "", {{"cpe", "300"}});
  EXPECT_EQ(plant.why(0, "gold.cm"), Refusal::compile_failed);
  EXPECT_EQ(refused(Refusal::compile_failed), 2u);
}

TEST_F(ProvisionedFilesTest, ModemInQuarantineGetsTheVariant) {
  write_template("gold.cfg", kPlain);
  write_template("gold.quarantine.cfg", "Main { NetworkAccess 0; }");
  write_template("silver.cfg", kPlain);
  open();
  plant.boot(0, "gold.cm");
  using subscriber::Confined, subscriber::Scope;
  const auto confine = [&](Scope scope) {
    plant.confined.publish(std::make_shared<const Confined>(std::vector<Confined::Ward>{{.remote_id = std::string("\x00\x10\x95\x00\x00\x00", 6), .scope = scope, .id = 1}}));
  };
  confine(Scope::subscriber);
  EXPECT_EQ(plant.get(0, "gold.cm").octets, written_out(kPlain, "")) << "the machines behind it are, and not the modem";
  confine(Scope::modem);
  EXPECT_EQ(plant.get(0, "gold.cm").octets, written_out("Main { NetworkAccess 0; }", ""));
  EXPECT_EQ(counters().quarantined.get(), 1u);
  EXPECT_EQ(plant.get(0, "silver.cm").octets, written_out(kPlain, ""));  // has none
  plant.confined.publish(std::make_shared<const Confined>());
  EXPECT_EQ(plant.get(0, "gold.cm").octets, written_out(kPlain, ""));
}

TEST_F(ProvisionedFilesTest, MtaFilesHaveTheirHash) {  // PKT-SP-PROV1.5 §9.1
  write_template("voice.cfg", "Main { MtaConfigDelimiter 1; SnmpMibObject pktcMtaDevEnabled.0 Integer 1; MtaConfigDelimiter 255; }");
  plant.settings.mta_hash = docsis::MtaHash::euro;
  plant.settings.timestamp = true;
  open();
  plant.boot(0, "voice.bin");
  const docsis::Octets file = plant.get(0, "voice.bin").octets;
  EXPECT_EQ(docsis::verify(file, {}).mta_hash, docsis::Verdict::State::right);
  EXPECT_EQ(plant.get(0, "voice.bin").octets, file);
  EXPECT_EQ(counters().cache_hits.get(), 1u);
}

// --- who may ---

TEST_F(ProvisionedFilesTest, WithoutALeaseThereIsNoFile) {
  write_template("gold.cfg", kPlain);
  open();
  EXPECT_EQ(plant.why(0, "gold.cm"), Refusal::no_lease);
  EXPECT_EQ(plant.get(0, "gold.cm").code, tftp::ErrorCode::access_violation);
  EXPECT_EQ(plant.get_from(Ipv4::of(203, 0, 113, 9), "gold.cm").code, tftp::ErrorCode::access_violation);
  plant.lease(0, 60);
  EXPECT_TRUE(plant.get(0, "gold.cm").ready());
  plant.pass(61);
  EXPECT_EQ(plant.why(0, "gold.cm"), Refusal::no_lease);  // also before anybody has ended it
  EXPECT_EQ(refused(Refusal::no_lease), 4u);
}

TEST_F(ProvisionedFilesTest, CheckOffAsksNobody) {
  write_template("gold.cfg", kPlain);
  write_template("own.cfg", "Main { SwUpgradeFilename \"${mac}\"; }");
  plant.settings.check = SourceCheck::off;
  open();
  EXPECT_TRUE(plant.get_from(Ipv4::of(203, 0, 113, 9), "gold.cm").ready());
  EXPECT_EQ(plant.get_from(Ipv4::of(203, 0, 113, 9), "own.cm").code, tftp::ErrorCode::access_violation);
  EXPECT_EQ(plant.heard.why, Refusal::modem_unknown);
}

TEST_F(ProvisionedFilesTest, OnlyWhatDhcpHasToldWhereSoConfigured) {
  write_template("gold.cfg", kPlain);
  write_template("silver.cfg", kPlain);
  plant.settings.check = SourceCheck::told;
  plant.settings.unasked = {"firmware/"};
  plant.statics.files = {{"firmware/fw.img", "image"}, {"other.img", "image"}};
  open();
  plant.lease(0);
  EXPECT_EQ(plant.why(0, "gold.cm"), Refusal::nothing_told);
  plant.tell(0, "/gold.cm");
  EXPECT_TRUE(plant.get(0, "gold.cm").ready());
  EXPECT_TRUE(plant.get(0, "gold.cm").ready());
  EXPECT_EQ(plant.why(0, "silver.cm"), Refusal::not_told);
  EXPECT_EQ(plant.why(0, "other.img"), Refusal::not_told);
  EXPECT_TRUE(plant.get(0, "firmware/fw.img").ready());
  plant.lease_to(0, plant.mac(5), plant.mac(5), 3600);  // the address is another's
  EXPECT_EQ(plant.why(0, "gold.cm"), Refusal::nothing_told);
}

TEST_F(ProvisionedFilesTest, HostWithAFixedAddressHasNoLeaseButWhatDhcpTold) {
  write_template("gold.cfg", "Main { SwUpgradeFilename \"${mac} ${address}\"; }");
  open();
  const Ipv4 fixed = Ipv4::of(10, 64, 9, 9);
  EXPECT_EQ(plant.get_from(fixed, "gold.cm").code, tftp::ErrorCode::access_violation);
  HandedOut::NameRoom room;
  Handing handing{.address = fixed, .giaddr = kRelay, .hardware = plant.mac(0), .modem = plant.mac(0), .until = plant.now.wall + 60, .fixed = true, .file = "gold.cm"};
  plant.provision->handed_out().hand_out(handing, plant.now, room);
  EXPECT_EQ(plant.get_from(fixed, "gold.cm").octets, written_out("Main { SwUpgradeFilename \"00:10:95:00:00:00 10.64.9.9\"; }", ""));
  plant.pass(61);
  EXPECT_EQ(plant.get_from(fixed, "gold.cm").code, tftp::ErrorCode::access_violation);
  handing.fixed = false;  // a lease that somebody has released
  plant.provision->handed_out().hand_out(handing, plant.now, room);
  EXPECT_EQ(plant.get_from(fixed, "gold.cm").code, tftp::ErrorCode::access_violation);
}

// Also after a restart, when nobody knows what DHCP has told.
TEST_F(ProvisionedFilesTest, HostOfTheConfigurationNeedsNoLease) {
  write_template("gold.cfg", "Main { SwUpgradeFilename \"${mac} ${class:none}\"; }");
  write_template("plain.cfg", kPlain);
  open();
  const Ipv4 fixed = Ipv4::of(10, 64, 9, 9), shared = Ipv4::of(10, 64, 9, 10);
  plant.plan.hosts = {{fixed, plant.mac(0)}, {shared, {}}};
  const docsis::Octets own = written_out("Main { SwUpgradeFilename \"00:10:95:00:00:00 none\"; }", "");
  EXPECT_EQ(plant.get_from(fixed, "gold.cm").octets, own);
  EXPECT_TRUE(plant.get_from(shared, "plain.cm").ready());
  EXPECT_EQ(plant.get_from(shared, "gold.cm").code, tftp::ErrorCode::access_violation);
  EXPECT_EQ(plant.heard.why, Refusal::modem_unknown);
  HandedOut::NameRoom room;
  Handing handing{.address = fixed, .giaddr = kRelay, .hardware = plant.mac(1), .modem = plant.mac(1), .until = plant.now.wall + 60, .fixed = true, .file = "gold.cm", .client_class = "cm"};
  plant.provision->handed_out().hand_out(handing, plant.now, room);
  EXPECT_EQ(plant.get_from(fixed, "gold.cm").octets, own);  // it was another's until the configuration was changed
  handing.hardware = handing.modem = plant.mac(0);
  plant.provision->handed_out().hand_out(handing, plant.now, room);
  EXPECT_EQ(plant.get_from(fixed, "gold.cm").octets, written_out("Main { SwUpgradeFilename \"00:10:95:00:00:00 cm\"; }", ""));
}

TEST_F(ProvisionedFilesTest, CmtsFetchesForItsModems) {
  write_template("gold.cfg", kPlain);
  write_template("own.cfg", "Main { MaxCPE ${cpe:1}; SwUpgradeFilename \"${mac}\"; }");
  plant.settings.cmts = {*parse_prefix("10.64.0.0/29")};
  plant.settings.check = SourceCheck::told;
  plant.settings.modem_address = true;
  open();
  EXPECT_EQ(plant.get_from(kRelay, "gold.cm").octets, written_out(kPlain, ""));  // TLV 20 is nobody's: it is left out
  EXPECT_EQ(plant.get_from(kRelay, "own.cm").code, tftp::ErrorCode::access_violation);
  EXPECT_EQ(plant.heard.why, Refusal::modem_unknown);
  EXPECT_EQ(plant.heard.modem, subscriber::Mac{});
}

TEST_F(ProvisionedFilesTest, WhoHasBeenForgottenMayHaveWhatHeHadLast) {
  write_template("gold.cfg", kPlain);
  write_template("silver.cfg", kPlain);
  plant.settings.check = SourceCheck::told;
  open();
  const auto had = [&](std::string file) {
    subscriber::Modem record;
    record.mac = plant.mac(0);
    record.file = std::move(file);
    plant.table.put(std::move(record));
  };
  plant.lease(0);
  had("");
  EXPECT_EQ(plant.why(0, "gold.cm"), Refusal::nothing_told);
  had("gold.cm");
  EXPECT_TRUE(plant.get(0, "gold.cm").ready());
  EXPECT_EQ(plant.why(0, "silver.cm"), Refusal::nothing_told);
  plant.tell(0, "silver.cm");
  EXPECT_EQ(plant.why(0, "gold.cm"), Refusal::not_told);
  EXPECT_TRUE(plant.get(0, "silver.cm").ready());
  plant.lease(1);
  EXPECT_EQ(plant.why(1, "gold.cm"), Refusal::nothing_told);  // it is another modem's
}

// --- generated names ---

class GeneratedNames : public ProvisionedFilesTest {
 protected:
  GeneratedNames() {
    write_template("own.cfg", "Main { SwUpgradeFilename \"${mac} ${file}\"; }");
    plant.settings.generated_names = true;
    plant.settings.cmts = {*parse_prefix("10.64.0.1")};
    open();
  }
  static docsis::Octets own(std::string_view last) { return written_out("Main { SwUpgradeFilename \"00:10:95:00:00:" + std::string(last) + " own.cm\"; }", ""); }
};

TEST_F(GeneratedNames, AreGoodForTheirModemOnce) {
  const std::string name = plant.boot(0, "own.cm");
  EXPECT_EQ(name.size(), HandedOut::kNameSize);
  plant.lease(1);
  EXPECT_EQ(plant.why(1, name), Refusal::name_of_another);
  EXPECT_EQ(plant.get(0, name, false).octets, own("00"));  // broken off: it may try again
  EXPECT_EQ(plant.get(0, name).octets, own("00"));
  EXPECT_EQ(plant.why(0, name), Refusal::name_used);
  EXPECT_EQ(plant.get(0, plant.tell(0, "own.cm")).octets, own("00"));
  EXPECT_EQ(counters().by_generated_name.get(), 5u);
}

TEST_F(GeneratedNames, ExpireAndEndWithTheLease) {
  const std::string name = plant.boot(0, "own.cm");
  plant.pass(121);
  EXPECT_EQ(plant.why(0, name), Refusal::name_expired);
  const std::string other = plant.tell(0, "own.cm");
  plant.lease(0, -1);
  EXPECT_EQ(plant.why(0, other), Refusal::no_lease);
  plant.lease_to(0, plant.mac(7), plant.mac(7), 3600);
  EXPECT_EQ(plant.why(0, other), Refusal::name_unknown);
}

TEST_F(GeneratedNames, ThatNobodyHandedOutAreUnknown) {
  std::string name = plant.boot(0, "own.cm");
  name[20] = name[20] == 'a' ? 'b' : 'a';
  EXPECT_EQ(plant.why(0, name), Refusal::name_unknown);
  EXPECT_EQ(plant.why(0, "aaaaaaaaaaaaaaaaaaaaaaaa.cm"), Refusal::name_unknown);
}

TEST_F(GeneratedNames, SayWhichModemItIsWhenACmtsAsks) {
  const std::string zero = plant.boot(0, "own.cm"), one = plant.boot(1, "own.cm");
  EXPECT_EQ(plant.get_from(kRelay, one).octets, own("01"));
  EXPECT_EQ(plant.get_from(kRelay, zero).octets, own("00"));
  EXPECT_EQ(plant.get_from(kRelay, zero).code, tftp::ErrorCode::access_violation);
}

TEST_F(GeneratedNames, LeaveNothingToAskForWhereOnlyWhatWasToldIsGiven) {
  plant.settings.check = SourceCheck::told;
  open();
  const std::string name = plant.boot(0, "own.cm");
  EXPECT_EQ(plant.why(0, "own.cm"), Refusal::not_told);
  EXPECT_TRUE(plant.get(0, name).ready());
}

// --- TLV 19 and 20, keys ---

// MULPI 3.0 D.2.1: both stand under both MICs, and the time is that of the download.
TEST_F(ProvisionedFilesTest, TimestampAndAddressAreEachDownloadsOwn) {
  write_template("gold.cfg", "Main { NetworkAccess 1; MaxCPE ${cpe:2}; VendorSpecific { VendorIdentifier 0xffffff; ExtendedCMTSMICConfiguration { ExtendedCMTSMICHMACDigestType 1; ExtendedCMTSMICHMACBitmap 0x10001800; ExtendedCMTSMICHMACDigest 0x00000000000000000000000000000000; } } }");
  plant.folder.write("secrets", "* \"north\"\n");
  plant.settings.secrets = plant.folder.path("secrets");
  plant.settings.timestamp = plant.settings.modem_address = true;
  plant.open();
  ASSERT_NE(plant.provision, nullptr);
  for (std::uint32_t i : {0u, 1u, 0u, 2u}) {
    plant.boot(i, "gold.cm");
    plant.pass(7);
    const Got got = plant.get(i, "gold.cm");
    ASSERT_TRUE(got.ready()) << got.text;
    const auto verdict = docsis::verify(got.octets, docsis::SharedSecret::from_file(as_bytes("north")));
    EXPECT_EQ(verdict.cm_mic, docsis::Verdict::State::right);
    EXPECT_EQ(verdict.cmts_mic, docsis::Verdict::State::right);
    const auto decoded = docsis::decode(got.octets, "got");
    ASSERT_TRUE(decoded);
    int seen = 0;
    for (const docsis::Node& node : decoded->document.nodes) {
      if (node.code == 19) seen += load_be32(node.value.data()) == tftp::seconds_since_1900(plant.now.wall) ? 1 : 100;
      if (node.code == 20) seen += load_be32(node.value.data()) == plant.address(i).value ? 10 : 100;
    }
    EXPECT_EQ(seen, 11);
  }
  EXPECT_EQ(counters().compiles.get(), 1u);
  EXPECT_EQ(counters().cache_hits.get(), 3u);
}

TEST_F(ProvisionedFilesTest, EachCmtsHasItsKey) {
  write_template("gold.cfg", kPlain);
  plant.folder.write("secrets", "10.64.0.0/16 \"north\"\n10.65.0.1 \"south\"\n");
  plant.settings.secrets = plant.folder.path("secrets");
  plant.settings.cmts = {*parse_prefix("10.65.0.0/24")};
  open();
  plant.boot(0, "gold.cm");
  plant.boot(1, "gold.cm", Ipv4::of(10, 65, 0, 1));
  plant.boot(2, "gold.cm", Ipv4::of(10, 66, 0, 1));
  plant.lease(3);  // nobody knows its relay: its own address is near it
  EXPECT_EQ(plant.get(0, "gold.cm").octets, written_out(kPlain, "north"));
  EXPECT_EQ(plant.get(1, "gold.cm").octets, written_out(kPlain, "south"));
  const Got none = plant.get(2, "gold.cm");
  EXPECT_EQ(plant.heard.why, Refusal::no_secret);
  EXPECT_NE(none.text.find("10.66.0.1"), std::string::npos);
  EXPECT_EQ(plant.get(3, "gold.cm").octets, written_out(kPlain, "north"));
  EXPECT_EQ(plant.get_from(Ipv4::of(10, 65, 0, 1), "gold.cm").octets, written_out(kPlain, "south"));
}

TEST_F(ProvisionedFilesTest, WhileAKeyIsChangedWhoComesBackGetsTheOtherOne) {
  write_template("gold.cfg", kPlain);
  plant.folder.write("secrets", "* \"former\"\n");
  plant.settings.secrets = plant.folder.path("secrets");
  open();
  const docsis::Octets former = written_out(kPlain, "former"), fresh = written_out(kPlain, "fresh");
  plant.boot(0, "gold.cm");
  plant.boot(1, "gold.cm");
  EXPECT_EQ(plant.get(0, "gold.cm").octets, former);
  plant.folder.write("secrets", "* \"fresh\" old \"former\" until 2026-11-19T12:00Z\n");
  ASSERT_EQ(plant.settle().size(), 1u);
  const WallSeconds until = *parse_utc("2026-11-19T12:00Z");
  ASSERT_GT(until, plant.now.wall + 7200);
  plant.pass(3600);
  plant.boot(0, "gold.cm");
  plant.boot(1, "gold.cm");
  EXPECT_EQ(plant.get(0, "gold.cm").octets, fresh);  // new downloads: the new key
  EXPECT_EQ(plant.get(1, "gold.cm", false).octets, fresh);
  EXPECT_EQ(plant.get(1, "gold.cm").octets, fresh);  // it had not got it whole
  plant.pass(60);
  plant.boot(0, "gold.cm");
  EXPECT_EQ(plant.get(0, "gold.cm").octets, former);  // its CMTS has not been changed yet
  EXPECT_EQ(counters().old_secrets.get(), 1u);
  plant.pass(60);
  EXPECT_EQ(plant.get(0, "gold.cm").octets, fresh);  // or it has: in turn
  plant.pass(Secrets::kComeBack + 1);
  EXPECT_EQ(plant.get(0, "gold.cm").octets, fresh);
  plant.now.wall = until;
  plant.lease(0);
  EXPECT_EQ(plant.get(0, "gold.cm").octets, fresh);
  EXPECT_EQ(plant.get(0, "gold.cm").octets, fresh);  // the time is over
}

TEST_F(ProvisionedFilesTest, KeysThatHaveBeenReplacedGoWithoutARequest) {
  write_template("gold.cfg", kPlain);
  plant.folder.write("secrets", "* \"former\"\n");
  plant.settings.secrets = plant.folder.path("secrets");
  open();
  const std::weak_ptr<const Secrets> former = Published<Snapshot>::View(plant.provision->snapshots())->secrets;
  plant.folder.write("secrets", "* \"fresh\"\n");
  plant.settle();
  EXPECT_FALSE(former.expired());
  plant.files->refresh();
  EXPECT_TRUE(former.expired());
}

// --- what is remembered ---

TEST_F(ProvisionedFilesTest, ModemsThatDifferInNothingTheTemplateAsksForShareItsOctets) {
  write_template("gold.cfg", "Main { MaxCPE ${cpe}; }");
  open();
  for (std::uint32_t i = 0; i < 9; ++i) {
    plant.boot(i, "gold.cm");
    plant.record(i, "p" + std::to_string(i), {{"cpe", std::to_string(1 + i % 3)}});
    EXPECT_EQ(plant.get(i, "gold.cm").octets, written_out("Main { MaxCPE " + std::to_string(1 + i % 3) + "; }", ""));
  }
  EXPECT_EQ(counters().compiles.get(), 3u);
  EXPECT_EQ(counters().cache_hits.get(), 6u);
}

TEST_F(ProvisionedFilesTest, CacheIsBounded) {
  write_template("gold.cfg", "Main { SwUpgradeFilename \"${mac}\"; }");
  plant.settings.cache_octets = 3 * (CompiledFiles::kEntryCost + 200);
  open();
  for (std::uint32_t i = 0; i < 16; ++i) {
    plant.boot(i, "gold.cm");
    EXPECT_TRUE(plant.get(i, "gold.cm").ready());
    EXPECT_LE(counters().cache_octets.get(), plant.settings.cache_octets);
  }
  EXPECT_EQ(counters().compiles.get(), 16u);
  EXPECT_TRUE(plant.get(15, "gold.cm").ready());
  EXPECT_EQ(counters().compiles.get(), 16u);  // the last one is there
  EXPECT_TRUE(plant.get(0, "gold.cm").ready());
  EXPECT_EQ(counters().compiles.get(), 17u);  // the first is not
}

TEST_F(ProvisionedFilesTest, NotesTheFileOnceItIsConfirmed) {
  write_template("gold.cfg", kPlain);
  plant.statics.files = {{"fw.img", "image"}};
  open();
  plant.boot(0, "gold.cm");
  const auto noted = [&] {
    std::vector<std::string> names;
    plant.table.collect([&](const subscriber::Sighting& sighting) {
      if (sighting.kind == subscriber::Sighting::Kind::file) names.emplace_back(sighting.text(0));
    });
    return names;
  };
  plant.record(0, "gold");
  plant.get(0, "gold.cm", false);
  EXPECT_TRUE(noted().empty());
  plant.get(0, "fw.img");
  EXPECT_TRUE(noted().empty());  // no configuration
  plant.get(0, "gold.cm");
  EXPECT_EQ(noted(), (std::vector<std::string>{"gold.cm"}));
}

// --- what an operator sees ---

TEST_F(ProvisionedFilesTest, PreviewIsWhatTheModemWouldGet) {
  write_template("gold.cfg", "Main { MaxCPE ${cpe}; SwUpgradeFilename \"${address}\"; }");
  write_template("plain.cfg", kPlain);
  plant.statics.files = {{"fw.img", "image"}};
  plant.settings.check = SourceCheck::told;
  open();
  plant.boot(0, "gold.cm");
  plant.record(0, "", {{"cpe", "4"}});
  const auto octets_of = [](const ProvisionedFiles::Preview& preview) {
    docsis::Octets octets(static_cast<std::size_t>(preview.contents->size()));
    EXPECT_TRUE(preview.contents->read(0, octets));
    return octets;
  };
  auto preview = plant.files->preview(plant.mac(0), "", plant.now);
  ASSERT_TRUE(preview) << preview.error();
  EXPECT_EQ(preview->name, "gold.cm");
  EXPECT_EQ(preview->file, "gold.cfg");
  EXPECT_EQ(octets_of(*preview), written_out("Main { MaxCPE 4; SwUpgradeFilename \"10.64.0.10\"; }", ""));
  preview = plant.files->preview(plant.mac(0), "fw.img", plant.now);
  ASSERT_TRUE(preview);
  EXPECT_EQ(as_text(octets_of(*preview)), "image");
  EXPECT_TRUE(plant.files->preview(plant.mac(9), "plain.cm", plant.now));  // without a lease
  plant.plan.hosts = {{Ipv4::of(10, 64, 9, 9), plant.mac(8)}};
  plant.record(8, "", {{"cpe", "5"}});
  preview = plant.files->preview(plant.mac(8), "gold.cm", plant.now);
  ASSERT_TRUE(preview) << preview.error();
  EXPECT_EQ(octets_of(*preview), written_out("Main { MaxCPE 5; SwUpgradeFilename \"10.64.9.9\"; }", ""));
  preview = plant.files->preview(plant.mac(9), "gold.cm", plant.now);
  ASSERT_FALSE(preview);
  EXPECT_NE(preview.error().find("gold.cfg:1:"), std::string::npos) << preview.error();
  EXPECT_FALSE(plant.files->preview(plant.mac(9), "", plant.now));
  EXPECT_FALSE(plant.files->preview(plant.mac(0), "no.cm", plant.now));
}

}  // namespace
}  // namespace coaxd::provision
