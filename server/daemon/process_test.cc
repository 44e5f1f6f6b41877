#include "server/daemon/process.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace coaxd::daemon {
namespace {

class PidFileTest : public testing::Test {
 protected:
  PidFileTest() {
    std::string name = testing::TempDir() + "coaxd-pid-XXXXXX";
    folder = mkdtemp(name.data());
    path = folder + "/pid";
  }
  ~PidFileTest() override { std::filesystem::remove_all(folder); }
  void put(const std::string& text) const { std::ofstream(path) << text; }

  std::string folder, path;
};

TEST_F(PidFileTest, HoldsOurPidAndGoesWithUs) {
  {
    PidFile file;
    ASSERT_TRUE(file.write(path));
    std::string text;
    std::getline(std::ifstream(path), text);
    EXPECT_EQ(text, std::to_string(getpid()));
    EXPECT_EQ(PidFile::living_process_of(path), 0) << "our own is no other server";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

// dhcpd-compat 15.2: a pid file naming a live process stops the start.
TEST_F(PidFileTest, KnowsTheLivingFromTheDead) {
  put(std::to_string(getppid()) + "\n");
  EXPECT_EQ(PidFile::living_process_of(path), getppid());
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  put(std::to_string(child) + "\n");
  EXPECT_EQ(PidFile::living_process_of(path), 0);
  for (const char* odd : {"", "\n", "-1\n", "0\n", "4294967297\n", "abc\n"}) {
    put(odd);
    EXPECT_EQ(PidFile::living_process_of(path), 0) << odd;
  }
  EXPECT_EQ(PidFile::living_process_of(folder + "/missing"), 0);
}

// Two that start in the same instant have both found no living process in it.
TEST_F(PidFileTest, TheSecondOfTwoLeavesItToTheFirst) {
  PidFile first;
  ASSERT_TRUE(first.write(path));
  {
    PidFile second;
    const auto written = second.write(path);
    ASSERT_FALSE(written);
    EXPECT_TRUE(written.error().taken);
    EXPECT_EQ(written.error().sentence, "There's already a DHCP server running. It holds " + path + ".");
  }
  std::string text;
  std::getline(std::ifstream(path), text);
  EXPECT_EQ(text, std::to_string(getpid()));
}

TEST_F(PidFileTest, IsWrittenOverWhatALongerNumberLeft) {
  put("4194304 and more\n");
  PidFile file;
  ASSERT_TRUE(file.write(path));
  std::string text;
  std::getline(std::ifstream(path), text, '\0');
  EXPECT_EQ(text, std::to_string(getpid()) + "\n");
}

TEST_F(PidFileTest, AFileThatCannotBeMadeIsASentence) {
  PidFile file;
  const auto written = file.write(folder + "/missing/pid");
  ASSERT_FALSE(written);
  EXPECT_FALSE(written.error().taken);
  EXPECT_EQ(written.error().sentence, "Can't create PID file " + folder + "/missing/pid: No such file or directory.");
}

TEST(DropPrivileges, UnknownNamesAreSentencesAndNothingGivenChangesNothing) {
  const auto unchanged = find_identity("", "");
  ASSERT_TRUE(unchanged);
  EXPECT_EQ(unchanged->uid, getuid());
  EXPECT_TRUE(change_root(""));
  EXPECT_TRUE(drop_privileges(*unchanged));
  EXPECT_EQ(find_identity("root", "")->uid, 0u);
  EXPECT_EQ(find_identity("no-such-user", "").error(), "-user no-such-user: no such user.");
  EXPECT_EQ(find_identity("", "no-such-group").error(), "-group no-such-group: no such group.");
}

TEST(Getrlimit_2, TheServerTakesAllDescriptorsThatItMayHave) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  raise_descriptor_limit();
  rlimit now{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(now.rlim_cur, before.rlim_max);
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace coaxd::daemon
