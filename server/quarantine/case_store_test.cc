#include "server/quarantine/case_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "server/store/sqlite.h"

namespace coaxd::quarantine {
namespace {

class CaseStore : public testing::Test {
 protected:
  CaseStore() {
    std::string pattern = testing::TempDir() + "cases-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~CaseStore() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ / "leases.db-quarantine"; }
  std::unique_ptr<Cases> open() {
    auto cases = open_cases(path());
    EXPECT_TRUE(cases) << cases.error();
    return std::move(*cases);
  }
  std::filesystem::path folder_;
};

Case full() {
  Case what;
  what.id = 5;
  what.subject.ip = Ipv4::of(203, 0, 113, 9);
  what.found = {.hardware = std::string("\x02\0\0\0\0\x01", 6), .remote_id = std::string("\0\x10\x95\0\0\x07", 6), .modem = subscriber::Mac{0x001095000007}, .address = Ipv4::of(203, 0, 113, 9), .lease_since = 7};
  what.scope = Scope::modem;
  what.reason = "it scans";
  what.source = "suricata";
  what.signature = "1:2001219:20";
  what.evidence = R"({"ports":300})";
  what.event_ids = {"a", "b"};
  what.observed_at = 1;
  what.since = 2;
  what.until = 3;
  what.ordered_by = "ids-1";
  what.alerts = 4;
  what.addresses = {Ipv4::of(203, 0, 113, 9), Ipv4::of(203, 0, 113, 10)};
  what.reset = "pending";
  what.reset_text = "no answer from 192.0.2.1";
  what.effects = {10, 20, 0, 0, 0, 30, 0, 0};
  return what;
}

TEST_F(CaseStore, GivesBackWhatItWasGiven) {
  const Case what = full();
  const Step step{.sequence = 9, .id = 5, .at = 2, .kind = "quarantine", .actor = "ids-1", .from = "192.0.2.7", .text = "x"};
  ASSERT_TRUE(open()->write({&what, 1}, {&step, 1}));
  const auto cases = open();
  const auto loaded = cases->load(0);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->cases.size(), 1u);
  const Case& back = loaded->cases[0];
  EXPECT_EQ(case_json(back), case_json(what));
  EXPECT_EQ(back.found.hardware, what.found.hardware);
  EXPECT_EQ(back.found.remote_id, what.found.remote_id);
  EXPECT_EQ(back.found.lease_since, 7);
  EXPECT_EQ(back.event_ids, what.event_ids);
  EXPECT_EQ(back.subject.ip, what.subject.ip);
  EXPECT_EQ(loaded->next_case, 6u);
  EXPECT_EQ(loaded->next_step, 10u);
  const auto steps = cases->steps(5);
  ASSERT_TRUE(steps);
  ASSERT_EQ(steps->size(), 1u);
  EXPECT_EQ((*steps)[0].from, "192.0.2.7");
}

TEST_F(CaseStore, KnowsEveryKindOfSubject) {
  std::vector<Case> cases(4, full());
  cases[1].subject = {.mac = subscriber::Mac{0x020000000001}};
  cases[2].subject = {.modem = subscriber::Mac{0x001095000007}};
  cases[3].subject = {.subscriber = "customer 4711"};
  for (std::size_t i = 0; i < cases.size(); ++i) cases[i].id = i + 1;
  ASSERT_TRUE(open()->write(cases, {}));
  const auto loaded = open()->load(0);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->cases.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(loaded->cases[i].subject.text(), cases[i].subject.text());
}

TEST_F(CaseStore, ListsFromTheNewestAndLeavesOutTheEnded) {
  const auto cases = open();
  std::vector<Case> many(10, full());
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i].id = i + 1;
    if (i % 2 == 0) many[i].state = State::released, many[i].ended = static_cast<WallMillis>(100 + i);
  }
  ASSERT_TRUE(cases->write(many, {}));
  const auto newest = cases->list(0, 3, false), next = cases->list(8, 100, false), active = cases->list(0, 100, true);
  ASSERT_TRUE(newest && next && active);
  EXPECT_EQ((*newest)[0].id, 10u);
  EXPECT_EQ(newest->size(), 3u);
  EXPECT_EQ((*next)[0].id, 7u);
  EXPECT_EQ(next->size(), 7u);
  EXPECT_EQ(active->size(), 5u);
  EXPECT_EQ(cases->load(105)->cases.size(), 5u + 2u);  // those that ended after that
}

TEST_F(CaseStore, WritesAllOrNothing) {
  const auto cases = open();
  const Case what = full();
  const Step step{.sequence = 1, .id = 5};
  ASSERT_TRUE(cases->write({}, {&step, 1}));
  const auto written = cases->write({&what, 1}, {&step, 1});  // that sequence is taken
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().find("UNIQUE"), std::string::npos) << written.error();
  EXPECT_TRUE(cases->load(0)->cases.empty());
  const Step next{.sequence = 2, .id = 5};
  EXPECT_TRUE(cases->write({&what, 1}, {&next, 1}));
}

TEST_F(CaseStore, SaysWhatIsWrongWithTheFile) {
  { auto other = store::Database::open(path()); ASSERT_EQ(other->exec("CREATE TABLE cases (id)"), 0); }
  const auto cases = open_cases(path());
  ASSERT_FALSE(cases);
  EXPECT_NE(cases.error().find(path()), std::string::npos);
  EXPECT_FALSE(open_cases("/nowhere/at/all"));
}

}  // namespace
}  // namespace coaxd::quarantine
