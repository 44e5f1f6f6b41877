#include "server/quarantine/case.h"

#include <gtest/gtest.h>

namespace coaxd::quarantine {
namespace {

TEST(Case_Id, ReadsWhatItWrites) {
  EXPECT_EQ(id_text(17), "q-17");
  EXPECT_EQ(parse_id("q-17"), 17u);
  for (const char* wrong : {"", "q-", "17", "q-0", "q--1", "q-1x", "Q-1", "q-99999999999999999999", "q- 1"}) EXPECT_FALSE(parse_id(wrong)) << wrong;
}

TEST(Case_Scope, HasThreeWords) {
  for (const char* word : {"cpe", "subscriber", "modem"}) EXPECT_EQ(scope_word(*parse_scope(word)), word);
  EXPECT_FALSE(parse_scope("CPE"));
  EXPECT_FALSE(parse_scope(""));
}

TEST(Rfc3339_5_6_Time, ReadsWhatItWrites) {
  const WallMillis at = 1'795'443'900'250;
  EXPECT_EQ(rfc3339(at), "2026-11-23T14:25:00.250Z");
  EXPECT_EQ(parse_rfc3339(rfc3339(at)), at);
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
}

TEST(Rfc3339_5_6_Time, TakesZonesFractionsAndSuricatasForm) {
  const WallMillis at = 1'795'443'900'000;
  for (const char* same : {"2026-11-23T14:25:00Z", "2026-11-23t14:25:00z", "2026-11-23 14:25:00Z", "2026-11-23T15:25:00+01:00", "2026-11-23T09:55:00-04:30", "2026-11-23T14:25:00.000000+0000"})
    EXPECT_EQ(parse_rfc3339(same), at) << same;
  EXPECT_EQ(parse_rfc3339("2026-11-23T14:25:00.123456+0000"), at + 123);
  EXPECT_EQ(parse_rfc3339("2026-11-23T14:24:60Z"), at - 1000);  // a leap second
}

TEST(Rfc3339_5_6_Time, RefusesWhatIsNone) {
  for (const char* wrong : {"", "2026", "2026-11-23", "2026-11-23T14:25Z", "2026-11-23T14:25:00", "2026-13-23T14:25:00Z", "2026-02-30T14:25:00Z", "2026-11-23T24:25:00Z", "2026-11-23T14:60:00Z",
                            "2026-11-23T14:25:61Z", "2026-11-23T14:25:00.Z", "2026-11-23T14:25:00Zx", "2026-11-23T14:25:00+1:00", "-026-11-23T14:25:00Z", "2026-11-23T14:25:00+24:00", "yesterday"})
    EXPECT_FALSE(parse_rfc3339(wrong)) << wrong;
  const std::string good = "2026-11-23T14:25:00.250+01:00";
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_rfc3339(good.substr(0, size)) && size < 20) << size;
}

TEST(Case_Json, SaysAllOnOneLine) {
  Case what;
  what.id = 3;
  what.subject.ip = Ipv4::of(203, 0, 113, 9);
  what.found.hardware = std::string("\x02\0\0\0\0\x01", 6);
  what.found.modem = subscriber::Mac{0x001095000007};
  what.addresses = {Ipv4::of(203, 0, 113, 9), Ipv4::of(203, 0, 113, 10)};
  what.reason = "port \"scan\"\n";
  what.source = "suricata";
  what.evidence = "{\n \"ports\": 300\n}";
  what.since = 1'795'443'900'250;
  what.effects[static_cast<std::size_t>(Effect::nak_sent)] = what.since + 1000;
  EXPECT_EQ(case_json(what),
            R"({"id":"q-3","state":"active","scope":"cpe","ip":"203.0.113.9","subject":{"ip":"203.0.113.9","mac":"02:00:00:00:00:01","modem":"00:10:95:00:00:07","subscriber":null},)"
            R"("addresses":["203.0.113.9","203.0.113.10"],"reason":"port \"scan\"\u000a","source":"suricata","signature":null,"evidence":{  "ports": 300 },"alerts":1,)"
            R"("observed_at":null,"since":"2026-11-23T14:25:00.250Z","until":null,"ended":null,"ordered_by":null,"ended_by":null,)"
            R"("reset":{"state":"none","text":null},"effects":{"nak_sent":"2026-11-23T14:25:01.250Z"}})");
  EXPECT_TRUE(case_json(Case{}).starts_with(R"({"id":null,)"));
}

}  // namespace
}  // namespace coaxd::quarantine
