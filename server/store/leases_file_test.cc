#include "server/store/leases_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "server/store/lease_text.h"
#include "server/store/leases_export.h"

namespace coaxd::store {
namespace {

using lease::BindingState;
using lease::Item;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr WallSeconds kNow = 1'704'362'400;  // 2024-01-04 10:00:00

LeasesFile parse(std::string_view text) { return LeasesFile::parse(text, kNow); }

// The binding of the only lease in `text`, which must be read without a remark.
lease::Binding only(std::string_view text) {
  const LeasesFile file = parse(text);
  EXPECT_THAT(file.damaged(), IsEmpty()) << file.damaged()[0].text;
  EXPECT_THAT(file.notes(), IsEmpty()) << file.notes()[0].text;
  EXPECT_EQ(file.size(), 1u);
  lease::Binding b;
  file.for_each([&](Ipv4, const lease::Binding& found) { b = found; });
  return b;
}
lease::Binding with(std::string_view statements) {
  return only("lease 10.0.0.1 {\n" + std::string(statements) + "\n}\n");
}
std::string text_of(const lease::Binding& b, Item item) { return std::string(as_text(b.get(item))); }
std::string exported(const lease::Binding& b) {
  std::string out;
  append_lease(out, Ipv4::of(10, 0, 0, 1), b);
  return out;
}

// A block as dhcpd 4.4.3-P1 writes it comes back octet by octet.
constexpr std::string_view kAsDhcpdWritesIt = R"(lease 10.0.0.1 {
  starts 4 2024/01/04 10:00:00;
  ends never;
  tstp 4 2024/01/04 10:00:00;
  tsfp 5 2024/01/05 00:00:00;
  atsfp 5 2024/01/05 00:00:01;
  cltt 4 2024/01/04 10:00:00;
  binding state active;
  next binding state expired;
  rewind binding state free;
  reserved;
  dynamic-bootp;
  billing subclass "modems" 01:00:10:95:aa:bb:cc;
  hardware ethernet 00:10:95:aa:bb:cc;
  uid "\001\000\020\225\252\273\314";
  set b = true;
  set n = %5;
  set foo = "b\001\"\\r";
  option agent.circuit-id 0:1:3:e9;
  option agent.remote-id "modem";
  option agent.unknown-9 1:2;
  option agent.link-selection 10.0.0.1;
  option agent.DOCSIS-device-class 5;
  client-hostname "pc-1";
  on expiry or release {
    log (info, "x");
    set y = "z" ;
  }
}
)";

TEST(Dhcpd14_2_LeaseBlock, ComesBackAsDhcpdWroteIt) {
  auto b = only(kAsDhcpdWritesIt);
  const std::string out = exported(b);
  // `set` is written newest first and read in front each time, by dhcpd as well: the order turns round.
  auto again = only(out);
  EXPECT_EQ(exported(again), kAsDhcpdWritesIt);
  EXPECT_NE(out, kAsDhcpdWritesIt);
}

TEST(Dhcpd14_2_LeaseBlock, VendorClassIsAVariableOfThatName) {
  const auto b = only("lease 10.0.0.5 {\n  ends never;\n  hardware ethernet 00:10:95:aa:bb:cc;\n"
                      "  set vendor-class-identifier = \"docsis3.0\";\n  set foo = \"bar\";\n}\n");
  EXPECT_EQ(text_of(b, Item::vendor_class), "docsis3.0");
  Bytes packed = b.get(Item::variables);
  ASSERT_TRUE(take_variable(packed));
  EXPECT_TRUE(packed.empty());
  const std::string out = exported(b);
  EXPECT_NE(out.find("  set foo = \"bar\";\n  set vendor-class-identifier = \"docsis3.0\";\n"), std::string::npos) << out;
}

TEST(Dhcpd14_2_LeaseBlock, EveryStatementHasItsPlace) {
  const auto b = only(kAsDhcpdWritesIt);
  EXPECT_EQ(b.state, BindingState::active);
  EXPECT_EQ(b.next_state, BindingState::expired);
  EXPECT_EQ(b.rewind_state, BindingState::free);
  EXPECT_EQ(b.starts, kNow);
  EXPECT_EQ(b.ends, lease::kStoredNever);
  EXPECT_EQ(b.cltt, kNow);
  EXPECT_EQ(b.flags, lease::Binding::kReserved | lease::Binding::kBootp);
  EXPECT_EQ(b.htype, 1);
  EXPECT_EQ(b.hlen, 6);
  EXPECT_EQ(text_of(b, Item::client_id), std::string("\001\000\020\225\252\273\314", 7));
  EXPECT_EQ(text_of(b, Item::hostname), "pc-1");
  EXPECT_EQ(text_of(b, Item::billing), std::string("\006modems\001\000\020\225\252\273\314", 14));
  EXPECT_EQ(text_of(b, Item::on_expiry), "log (info, \"x\");\n    set y = \"z\" ;");
  EXPECT_EQ(text_of(b, Item::on_release), text_of(b, Item::on_expiry));
  const std::array<std::uint8_t, 31> agent{1, 4, 0,   1,   3, 0xe9, 2, 5, 'm', 'o', 'd', 'e', 'm', 9, 2, 1,
                                           2, 5, 4, 10, 0, 0,    1, 4, 4,   0,   0,   0,   5};
  EXPECT_TRUE(equal(b.get(Item::agent_info), Bytes(agent).first(29)));
  EXPECT_EQ(failover_times(b).tsfp, kNow + 14 * 3600);
  EXPECT_EQ(failover_times(b).atsfp, kNow + 14 * 3600 + 1);
  Bytes packed = b.get(Item::variables);
  const auto foo = take_variable(packed);  // the newest of the file's reading order
  ASSERT_TRUE(foo);
  EXPECT_EQ(foo->name, "foo");
  EXPECT_EQ(as_text(foo->value), "b\001\"\\r");
  const auto n = take_variable(packed);
  EXPECT_EQ(n->type, VariableType::number);
  EXPECT_EQ(n->value[7], 5);
  const auto truth = take_variable(packed);
  EXPECT_EQ(truth->type, VariableType::boolean);
  EXPECT_EQ(truth->value[0], 1);
  EXPECT_FALSE(take_variable(packed));
}

TEST(Dhcpd14_2_Date, Forms) {
  EXPECT_EQ(with("starts 4 2024/01/04 10:00:00;").starts, kNow);
  EXPECT_EQ(with("starts 6 2024/1/4 10:00:00;").starts, kNow);          // the weekday is not looked at
  EXPECT_EQ(with("starts 4 2024/01/04 10:00:00 7200;").starts, kNow + 7200);
  EXPECT_EQ(with("starts epoch 1704362400; # Thu Jan  4").starts, kNow);
  EXPECT_EQ(with("ends never;").ends, lease::kStoredNever);
  EXPECT_EQ(with("ends 4 2037/12/31 23:59:59;").ends, 2145916799u);
  EXPECT_EQ(with("ends 4 2038/01/01 00:00:00;").ends, lease::kStoredNever);
  EXPECT_EQ(with("ends 4 2106/01/01 00:00:00;").ends, lease::kStoredNever);
  EXPECT_EQ(with("starts 4 1970/01/01 00:00:00;").starts, 0u);
  EXPECT_EQ(with("starts 4 1960/01/01 00:00:00;").starts, 0u);
  for (const char* bad : {"starts;", "starts 4;", "starts 4 2024/01/04;", "starts 4 2024/13/04 10:00:00;", "starts 4 2024/0/4 10:00:00;",
                          "starts 4 2024/01/32 10:00:00;", "starts 4 2024/01/04 24:00:00;", "starts 4 2024/01/04 10:60:00;",
                          "starts 4 2024-01-04 10:00:00;", "starts epoch;", "starts epoch x;", "starts epoch 99999999999999999999;",
                          "starts 4 99999999999/01/04 10:00:00;", "starts 4 2024/01/04 10:00:00 x;"}) {
    EXPECT_THAT(parse("lease 10.0.0.1 {\n  " + std::string(bad) + "\n}\n").damaged(), SizeIs(1)) << bad;
  }
}

TEST(Dhcpd14_2_Date, CalendarBothWays) {
  EXPECT_EQ(days_of(1970, 1, 1), 0);
  EXPECT_EQ(days_of(2000, 2, 29), 11016);
  EXPECT_EQ(days_of(2000, 3, 1), 11017);
  for (std::int64_t day = 0; day < 50000; ++day) {
    const CivilDate d = date_of(day);
    ASSERT_EQ(days_of(d.year, d.month, d.day), day);
    ASSERT_TRUE(d.month >= 1 && d.month <= 12 && d.day >= 1 && d.day <= 31);
  }
}

TEST(Dhcpd14_4_Reading, WhatIsMissingIsFilledIn) {
  const auto running = with("ends 4 2025/01/04 10:00:00;");
  EXPECT_EQ(running.state, BindingState::active);
  EXPECT_EQ(running.next_state, BindingState::free);
  EXPECT_EQ(running.tstp, running.ends);
  EXPECT_EQ(with("ends 4 2023/01/04 10:00:00;").state, BindingState::free);
  EXPECT_EQ(with("").state, BindingState::free);
  EXPECT_EQ(with("abandoned;").state, BindingState::abandoned);
  EXPECT_EQ(with("ends 4 2025/01/04 10:00:00; abandoned;").state, BindingState::abandoned);
  const auto bootp = with("binding state bootp;");
  EXPECT_EQ(bootp.state, BindingState::active);
  EXPECT_EQ(bootp.flags, lease::Binding::kBootp);
  EXPECT_EQ(with("binding state reserved;").flags, lease::Binding::kReserved);
  EXPECT_EQ(with("binding state active;").next_state, BindingState::expired);
  EXPECT_EQ(with("binding state active; next binding state active;").next_state, BindingState::expired) << "it would never end";
  EXPECT_EQ(with("binding state released;").next_state, BindingState::released);
  for (const char* word : {"free", "active", "expired", "released", "abandoned", "reset", "backup"}) {
    EXPECT_EQ(row_of(with("binding state " + std::string(word) + ";").state).word, word);
  }
}

TEST(Dhcpd14_4_Reading, FormsOfValues) {
  EXPECT_EQ(text_of(with("uid 1:2:ff;"), Item::client_id), "\001\002\377");
  EXPECT_EQ(text_of(with("uid \"\\x41\\101\\tB\\q\";"), Item::client_id), "AA\tBq");
  EXPECT_EQ(with("hardware token-ring 0:1:2:3:4:5;").htype, 6);
  EXPECT_EQ(with("hardware infiniband 0:1;").htype, 32);
  EXPECT_EQ(with("hardware unknown-77 0:1;").htype, 77);
  EXPECT_EQ(text_of(with("billing class \"c1\";"), Item::billing), "\002c1");
  EXPECT_EQ(text_of(with("billing subclass \"c1\" \"x\";"), Item::billing), "\002c1x");
  EXPECT_EQ(text_of(with("option agent.circuit-id 5;"), Item::agent_info), "\001\001\005");
  EXPECT_EQ(text_of(with("option agent.unknown-151 \"AB\";"), Item::agent_info), "\227\002AB");
  EXPECT_EQ(text_of(with("on release { }"), Item::on_release), "");
  EXPECT_EQ(text_of(with("on release { if 1 = 1 { set a = \"}\"; } }"), Item::on_release), "if 1 = 1 { set a = \"}\"; }");
  EXPECT_EQ(text_of(with("client-hostname \"a b\";"), Item::hostname), "a b");
}

TEST(Dhcpd14_4_Reading, WhatDhcpdIgnoresIsNoted) {
  const auto file = parse(R"(lease 10.0.0.1 {
  ends 4 2025/01/04 10:00:00;
  option host-name "x";
  option agent.nobody 1:2;
  option agent.link-selection 1.2.3;
}
)");
  EXPECT_EQ(file.size(), 1u);
  EXPECT_THAT(file.damaged(), IsEmpty());
  ASSERT_THAT(file.notes(), SizeIs(3));
  EXPECT_EQ(file.notes()[1].line, 4u);
  EXPECT_EQ(file.notes()[1].text, "lease 10.0.0.1: option agent.nobody is left out: unknown name");
}

TEST(Dhcpd14_4_Reading, TooMuchForOneBindingIsNotedAndTheLeaseKept) {
  const std::string big(900, 'x');
  const auto file = parse("lease 10.0.0.1 {\n  uid \"a\";\n  set a = \"" + big + "\";\n  set b = \"" + big + "\";\n}\n");
  EXPECT_EQ(file.size(), 1u);
  EXPECT_THAT(file.notes(), SizeIs(1));
}

TEST(Dhcpd14_1_File, TheLastBlockWins) {
  const auto file = parse("lease 10.0.0.1 {\n  uid \"a\";\n}\nlease 10.0.0.2 {\n  uid \"b\";\n}\nlease 10.0.0.1 {\n  uid \"c\";\n}\n");
  EXPECT_EQ(file.size(), 2u);
  lease::Binding b;
  ASSERT_TRUE(file.find(Ipv4::of(10, 0, 0, 1), b));
  EXPECT_EQ(text_of(b, Item::client_id), "c");
  EXPECT_FALSE(file.find(Ipv4::of(10, 0, 0, 3), b));
}

TEST(Dhcpd14_3_OtherBlocks, AreRecognised) {
  const auto file = parse(R"(# comment
authoring-byte-order little-endian;
server-duid "\000\001";
class "c1" {
  dynamic;
}
subclass "c1" 1:2:3 {
  dynamic;
  lease limit 4;
}
group "g" { dynamic; }
host nh1 {
  dynamic;
  hardware ethernet 00:01:02:03:04:05;
  fixed-address 10.0.0.5;
        supersede host-name = "x";
}
host nh2 { dynamic; deleted; }
failover peer "fo" state {
  my state normal at 4 2024/01/04 10:00:00;
  partner state normal at 4 2024/01/04 10:00:00;
  mclt 3600;
}
ia-na "abc" {
  cltt 4 2024/01/04 10:00:00;
  iaaddr 2001:db8::1 {
    binding state active;
  }
}
lease 10.0.0.1 { }
)");
  EXPECT_THAT(file.damaged(), IsEmpty());
  EXPECT_EQ(file.size(), 1u);
  std::vector<std::string> seen;
  for (const auto& d : file.declarations()) {
    seen.push_back(std::to_string(d.line) + " " + std::string(to_string(d.kind)) + " " + d.name + (d.deleted ? " deleted" : ""));
  }
  EXPECT_THAT(seen, ElementsAre("4 class c1", "7 subclass c1", "11 group g", "12 host nh1", "18 host nh2 deleted", "19 failover peer fo"));
  EXPECT_EQ(file.declarations()[1].data, "1:2:3");
  EXPECT_THAT(file.declarations()[5].body, HasSubstr("mclt 3600;"));

  // dhcpd needs them again when it comes back: as they are written, and nothing else.
  EXPECT_THAT(file.others(), StartsWith("server-duid \"\\000\\001\";\nclass \"c1\" {\n"));
  EXPECT_THAT(file.others(), HasSubstr("        supersede host-name = \"x\";\n}\nhost nh2 { dynamic; deleted; }\nfailover peer \"fo\" state {\n"));
  EXPECT_THAT(file.others(), EndsWith("    binding state active;\n  }\n}\n"));
  EXPECT_EQ(parse(file.others()).others(), file.others());
}

TEST(LeasesDeclarations, EachHasItsFate) {
  const auto file = parse("server-duid \"\\000\\001\";\nhost a { dynamic; }\nhost b { dynamic; deleted; }\nfailover peer \"f\" state { mclt 1; }\n");
  ASSERT_EQ(file.declarations().size(), 3u);
  EXPECT_THAT(fate_of(file.declarations()[0]), StartsWith("host a is not served: declare it in dhcpd.conf."));
  EXPECT_EQ(fate_of(file.declarations()[1]), "") << "deleted: nobody misses it";
  EXPECT_THAT(fate_of(file.declarations()[2]), StartsWith("failover peer f: its state is kept for dhcpd"));
  EXPECT_THAT(file.others(), StartsWith("server-duid \"\\000\\001\";\nhost a"));
}

// Issue: every block that cannot be read is listed with its line, the rest is read.
TEST(DamagedLeases, EachIsListedWithItsLineAndTheRestIsRead) {
  const auto file = parse(R"(lease 10.0.0.1 {
  ends never;
}
lease 10.0.0.2 {
  starts 4 2024/01/04 10:00:00;
  garbage here;
}
lease 10.0.0.300 {
}
lease 10.0.0.3 {
  ends never;
}
nonsense { a; { b; } }
lease 10.0.0.4 {
  binding sta
lease 10.0.0.5 {
  ends never;
}
lease 10.0.0.6 {
  uid "no end;
}
lease 10.0.0.7 {
  ends never;
}
lease 10.0.0.8 {
  ends)");
  std::vector<std::string> seen;
  for (const auto& d : file.damaged()) seen.push_back(std::to_string(d.line) + " " + d.text);
  EXPECT_THAT(seen, ElementsAre("4 lease 10.0.0.2: unknown statement \"garbage\" (line 6)", "8 lease: no IPv4 address (line 8)",
                                "13 nonsense: no lease, host, class, group or failover declaration (line 13)",
                                "14 lease 10.0.0.4: semicolon expected (line 16)", "19 lease 10.0.0.6: a string without end (line 20)",
                                "25 lease 10.0.0.8: semicolon expected (line 26)"));
  std::vector<std::string> read;
  file.for_each([&](Ipv4 ip, const lease::Binding&) { read.push_back(to_string(ip)); });
  EXPECT_THAT(read, testing::UnorderedElementsAre("10.0.0.1", "10.0.0.3", "10.0.0.5", "10.0.0.7"));
}

// A file of another kind, or of a dhcpd with statements of its own: it is read once, not once for each part.
TEST(DamagedLeases, ManyAreListedAsOne) {
  constexpr unsigned kMany = 50'000;
  std::string blocks, garbage;
  for (unsigned i = 0; i < kMany; ++i) {
    blocks += "lease 10.0.0.1 {\n  unheard of;\n}\n";
    garbage += "Nov 22 20:50:00 host program: a line;\n";
  }
  const LeasesFile of_blocks = parse(blocks), of_garbage = parse(garbage);
  ASSERT_EQ(of_blocks.damaged().size(), kMany);
  ASSERT_EQ(of_garbage.damaged().size(), kMany);
  for (unsigned i = 0; i < kMany; i += kMany - 1) {
    EXPECT_EQ(of_blocks.damaged()[i].line, 3 * i + 1);
    EXPECT_THAT(of_blocks.damaged()[i].text, EndsWith("(line " + std::to_string(3 * i + 2) + ")"));
    EXPECT_EQ(of_garbage.damaged()[i].line, i + 1);
  }
}

TEST(DamagedLeases, ABadBlockLeavesTheOneBefore) {
  const auto file = parse("lease 10.0.0.1 {\n  uid \"a\";\n}\nlease 10.0.0.1 {\n  uid \"b\"\n");
  EXPECT_THAT(file.damaged(), SizeIs(1));
  lease::Binding b;
  ASSERT_TRUE(file.find(Ipv4::of(10, 0, 0, 1), b));
  EXPECT_EQ(text_of(b, Item::client_id), "a");
}

TEST(DamagedLeases, EveryTruncationIsReadUpToWhereItIsWhole) {
  const std::string text = std::string(kAsDhcpdWritesIt) + "host h { dynamic; }\n";
  const std::size_t whole = kAsDhcpdWritesIt.size() - 1;  // the closing brace
  for (std::size_t n = 0; n <= text.size(); ++n) {
    const auto file = parse(std::string_view(text).substr(0, n));
    EXPECT_EQ(file.size(), n >= whole ? 1u : 0u) << n;
    EXPECT_LE(file.damaged().size(), 1u) << n;
    if (n > 0 && n < whole) {
      EXPECT_THAT(file.damaged(), SizeIs(1)) << n;
    }
  }
}

// What follows the quote is no punctuation of the file's, whatever it looks like: the block it cuts off is none.
TEST(DamagedLeases, AStringThatTheFileCutsOffEndsNothing) {
  for (const std::string_view cut : {"}", ";"}) {
    const auto lease = parse("lease 10.0.0.1 {\n  starts never;\n  uid \"" + std::string(cut));
    EXPECT_EQ(lease.size(), 0u) << cut;
    EXPECT_EQ(lease.damaged().size(), 1u) << cut;
    const auto between = parse("lease 10.0.0.1 {\n  starts never;\n  \"" + std::string(cut));
    EXPECT_EQ(between.size(), 0u) << cut;
    const auto statement = parse("server-duid \"x\" \"" + std::string(cut));
    EXPECT_EQ(statement.damaged().size(), 1u) << cut;
    EXPECT_EQ(statement.others(), "") << cut;
  }
}

TEST(Merge, TheLaterClientTransactionWins) {
  const auto file = parse(R"(lease 10.0.0.1 { cltt 4 2024/01/04 10:00:00; uid "a"; }
lease 10.0.0.2 { cltt 4 2024/01/04 10:00:01; uid "a"; }
lease 10.0.0.3 { starts 4 2024/01/04 10:00:01; uid "a"; }
lease 10.0.0.4 { cltt 4 2024/01/04 10:00:00; uid "a"; }
lease 10.0.0.5 { cltt 4 2024/01/04 09:59:59; }
)");
  std::map<std::string, std::uint32_t> taken;
  const auto committed = [](Ipv4 ip) -> std::optional<CommittedLease> {
    if (ip == Ipv4::of(10, 0, 0, 4)) return std::nullopt;
    return CommittedLease{.generation = kGenerationMask, .last_event = kNow};
  };
  const auto count = merge_by_cltt(file, committed, kNow, [&](const Record& r) {
    taken[to_string(r.address)] = r.generation;
    EXPECT_EQ(r.at, kNow);  // never later than now
  });
  EXPECT_EQ(count, 3u);
  EXPECT_THAT(taken, ElementsAre(testing::Pair("10.0.0.2", 0u), testing::Pair("10.0.0.3", 0u), testing::Pair("10.0.0.4", 1u)));
}

TEST(Dhcpd14_5_Writing, OnlyWhatWasEverUsed) {
  EXPECT_EQ(exported(lease::Binding{}), "");
  lease::Binding b;
  b.state = BindingState::abandoned;
  b.next_state = b.rewind_state = b.state;
  EXPECT_EQ(exported(b), "lease 10.0.0.1 {\n  binding state abandoned;\n}\n");
}

TEST(Dhcpd14_5_Writing, EveryOctetOfAStringComesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  lease::Binding b;
  ASSERT_TRUE(b.set(Item::client_id, as_bytes(all)));
  const std::string variable = pack_variable({.name = "v", .type = VariableType::data, .value = as_bytes(all)});
  ASSERT_TRUE(b.set(Item::variables, as_bytes(variable)));
  const auto again = only(exported(b));
  EXPECT_EQ(text_of(again, Item::client_id), all);
  EXPECT_EQ(text_of(again, Item::variables), variable);
}

// db-time-format local and lease-id-format hex, as dhcpd 4.4.3-P1 wrote this lease; what is behind the date is a comment.
TEST(Dhcpd14_5_Writing, LocalTimesAndHexadecimalIds) {
  constexpr std::string_view kBlock = R"(lease 10.0.0.1 {
  starts epoch 1699318923; # Tue Nov 07 01:02:03 2023
  ends never;
  cltt epoch 1699318923; # Tue Nov 07 01:02:03 2023
  binding state free;
  hardware ethernet 00:15:96:00:00:02;
  uid 01:22:5c:78;
}
)";
  const char* zone = std::getenv("TZ");
  const std::string before = zone == nullptr ? "" : zone;
  setenv("TZ", "UTC0", 1);
  tzset();
  lease::Binding b = only(kBlock);
  EXPECT_EQ(text_of(b, Item::client_id), "\001\"\\x");
  EXPECT_EQ(b.starts, 1699318923u);
  b.tstp = 0;  // filled in by the reader
  std::string out;
  append_lease(out, Ipv4::of(10, 0, 0, 1), b, {.local_times = true, .hex_ids = true});
  EXPECT_EQ(out, kBlock);

  setenv("TZ", "XYZ-2", 1);  // two hours east
  tzset();
  out.clear();
  append_lease(out, Ipv4::of(10, 0, 0, 1), b, {.local_times = true, .hex_ids = false});
  EXPECT_THAT(out, HasSubstr("  starts epoch 1699318923; # Tue Nov 07 03:02:03 2023\n"));
  EXPECT_THAT(out, HasSubstr("  uid \"\\001\\\"\\\\x\";\n"));
  zone == nullptr ? unsetenv("TZ") : setenv("TZ", before.c_str(), 1);
  tzset();
}

TEST(Dhcpd14_5_Writing, AHostNameThatIsNotPrintableIsLeftOut) {
  lease::Binding b;
  ASSERT_TRUE(b.set(Item::client_id, as_bytes("a")));
  ASSERT_TRUE(b.set(Item::hostname, as_bytes("a\"b")));
  EXPECT_EQ(exported(b).find("hostname"), std::string::npos);
}

struct TemporaryFile {
  TemporaryFile() {
    std::string name = (std::filesystem::temp_directory_path() / "coaxd-leases-XXXXXX").string();
    directory = ::mkdtemp(name.data());
  }
  ~TemporaryFile() { std::filesystem::remove_all(directory); }
  std::string path(const char* name) const { return (directory / name).string(); }
  std::filesystem::path directory;
};

std::string contents(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(Dhcpd14_5_Writing, TheFileIsReplacedAsAWhole) {
  TemporaryFile t;
  std::ofstream(t.path("leases")) << "old";
  std::ofstream(t.path("leases.new")) << "of a writer that was killed";
  int pieces = 0;
  ASSERT_TRUE(write_leases_file(t.path("leases"), [&](std::string& out) {
    EXPECT_EQ(contents(t.path("leases")), "old");
    append_lease(out, Ipv4{static_cast<std::uint32_t>(pieces)}, only(kAsDhcpdWritesIt));
    return ++pieces < 3;
  }));
  EXPECT_FALSE(std::filesystem::exists(t.path("leases.new")));
  EXPECT_TRUE(contents(t.path("leases")).starts_with(leases_header()));
  const auto file = LeasesFile::read(t.path("leases"), kNow);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size(), 3u);
  EXPECT_THAT(file->damaged(), IsEmpty());
  const auto refused = write_leases_file(t.path("none/leases"), [](std::string&) { return false; });
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("No such file"));
}

// The judge is dhcpd itself: it reads what we wrote without a complaint.
TEST(Dhcpd14_5_Writing, DhcpdReadsIt) {
  if (::access("/usr/sbin/dhcpd", X_OK) != 0) GTEST_SKIP() << "/usr/sbin/dhcpd is not installed";
  TemporaryFile t;
  std::ofstream(t.path("conf")) << "class \"modems\" { match hardware; }\n"
                                   "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.1 10.0.0.100; }\n";
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  auto strings = only(kAsDhcpdWritesIt);
  ASSERT_TRUE(strings.set(Item::client_id, as_bytes(all)));
  ASSERT_TRUE(strings.set(Item::billing, as_bytes("\006modems")));
  ASSERT_TRUE(write_leases_file(t.path("leases"), [&](std::string& out) {
    std::uint8_t last = 1;
    append_lease(out, Ipv4::of(10, 0, 0, last++), only(kAsDhcpdWritesIt));
    append_lease(out, Ipv4::of(10, 0, 0, last++), strings);
    for (int s = 0; s < static_cast<int>(BindingState::count); ++s) {
      auto b = only(kAsDhcpdWritesIt);
      b.state = static_cast<BindingState>(s);
      append_lease(out, Ipv4::of(10, 0, 0, last++), b);
    }
    return false;
  }));
  const std::string command =
      "/usr/sbin/dhcpd -T -4 -cf " + t.path("conf") + " -lf " + t.path("leases") + " -pf " + t.path("pid") + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string said;
  std::array<char, 512> some{};
  while (std::fgets(some.data(), some.size(), pipe) != nullptr) said += some.data();
  ::pclose(pipe);
  EXPECT_THAT(said, HasSubstr("Wrote 9 leases"));
  EXPECT_THAT(said, testing::Not(HasSubstr("orrupt")));
  EXPECT_THAT(said, testing::Not(HasSubstr(" line ")));
}

}  // namespace
}  // namespace coaxd::store
