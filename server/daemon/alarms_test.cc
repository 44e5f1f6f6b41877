#include "server/daemon/alarms.h"

#include <gmock/gmock.h>

#include <cerrno>

namespace coaxd::daemon {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Line = Alarms::Line;
using State = Alarms::State;

auto says(int priority, const std::string& beginning, const std::string& reason = "") {
  return ElementsAre(AllOf(Field(&Line::priority, priority), Field(&Line::text, AllOf(StartsWith(beginning), HasSubstr(reason)))));
}

TEST(Alarms, WhatWorksIsNotMentioned) {
  Alarms alarms("leases.db");
  for (int tick = 0; tick < 20; ++tick) EXPECT_THAT(alarms.look({}), IsEmpty());
}

TEST(Alarms, AFullDiskIsSaidOnceAndSoIsItsEnd) {
  Alarms alarms("leases.db");
  const State full{.journal_error = ENOSPC};
  EXPECT_THAT(alarms.look(full), says(3, "The lease store leases.db cannot be written: ", "No space left on device"));
  EXPECT_EQ(alarms.store_error(), ENOSPC);
  EXPECT_THAT(alarms.look(full), IsEmpty());
  EXPECT_THAT(alarms.look({.journal_error = EIO}), says(3, "The lease store leases.db cannot be written: ", "Input/output error"));
  EXPECT_THAT(alarms.look({}), says(4, "The lease store can be written again"));
  EXPECT_EQ(alarms.store_error(), 0);
}

// A disk that hangs gives no error of its own; "Connection timed out" would send the operator to the network.
TEST(Alarms, ADiskThatHangsIsNamed) {
  Alarms alarms("leases.db");
  EXPECT_THAT(alarms.look({.journal_error = ETIMEDOUT}), says(3, "The lease store leases.db cannot be written: its disk does not answer. No lease "));
  EXPECT_THAT(alarms.look({}), says(4, "The lease store can be written again"));
}

// An operator's shell that holds the lock for a moment is nobody's alarm, nor is its going.
TEST(Alarms, SqliteIsGivenSomeTicks) {
  Alarms alarms("leases.db");
  const State locked{.sqlite_error = EBUSY};
  for (int tick = 1; tick < Alarms::kFoldPatience; ++tick) EXPECT_THAT(alarms.look(locked), IsEmpty()) << tick;
  EXPECT_THAT(alarms.look({}), IsEmpty());
  for (int tick = 1; tick < Alarms::kFoldPatience; ++tick) EXPECT_THAT(alarms.look(locked), IsEmpty()) << tick;
  EXPECT_THAT(alarms.look(locked), says(3, "SQLite cannot write leases.db: ", "Device or resource busy"));
  EXPECT_THAT(alarms.look(locked), IsEmpty()) << "once";
  EXPECT_THAT(alarms.look({}), ElementsAre(Line{4, "SQLite can write leases.db again."}));
  EXPECT_THAT(alarms.look({}), IsEmpty());
  EXPECT_EQ(alarms.store_error(), 0) << "leases go on meanwhile";
}

// With the journals full as well, what is said of SQLite still holds.
TEST(Alarms, BothMayFail) {
  Alarms alarms("leases.db");
  const State full{.journal_error = ENOSPC, .sqlite_error = ENOSPC};
  for (int tick = 1; tick < Alarms::kFoldPatience; ++tick) alarms.look(full);
  EXPECT_THAT(alarms.look(full), says(3, "SQLite cannot write leases.db: "));
  EXPECT_THAT(alarms.look({}), ElementsAre(Field(&Line::text, StartsWith("The lease store can be written again")),
                                           Field(&Line::text, StartsWith("SQLite can write leases.db again"))));
}

TEST(Alarms, AClockThatStepsFreezesExpiry) {
  Alarms alarms("leases.db");
  EXPECT_THAT(alarms.look({.clock_frozen = true, .clock_step = -7200}), says(3, "The wall clock stepped by -7200 s: "));
  EXPECT_TRUE(alarms.clock_frozen());
  EXPECT_THAT(alarms.look({.clock_frozen = true, .clock_step = -7201}), IsEmpty());
  EXPECT_THAT(alarms.look({}), says(4, "The wall clock is back"));
  EXPECT_FALSE(alarms.clock_frozen());
}

}  // namespace
}  // namespace coaxd::daemon
