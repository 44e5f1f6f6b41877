#include "server/daemon/mirror.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "server/store/leases_export.h"
#include "server/store/leases_file.h"

namespace coaxd::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr WallSeconds kNow = 1'800'000'000;
constexpr Ipv4 kFirst = Ipv4::of(10, 1, 0, 10);

class MirrorTest : public testing::Test {
 protected:
  MirrorTest() {
    std::string name = testing::TempDir() + "coaxd-mirror-XXXXXX";
    folder = mkdtemp(name.data());
    path = folder / "dhcpd.leases";
    const lease::PoolSpec pool{0, {{kFirst, {kFirst.value + 9}}}, {}};
    table.configure({&pool, 1}, kNow);
  }
  ~MirrorTest() override { std::filesystem::remove_all(folder); }

  void lease(std::uint32_t i, WallSeconds cltt) {
    lease::Binding b;
    b.state = lease::BindingState::active;
    const std::uint8_t mac[] = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(i)};
    b.set_hardware(1, mac);
    b.starts = b.cltt = lease::to_stored(cltt);
    b.ends = lease::to_stored(kNow + 3600);
    ASSERT_TRUE(table.restore({kFirst.value + i}, b, 1));
    table.restored(kNow);
  }
  void write() {
    Mirror mirror(table, {.path = path.string()}, [] { return std::uint64_t{1}; }, [](const std::string&) {});
    ASSERT_TRUE(mirror.write_now());
  }
  std::string text() const {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  void put(const std::string& content) const { std::ofstream(path) << content; }
  bool adds_nothing(WallSeconds store_newest = kNow) const { return mirror_adds_nothing(path.string(), store_newest); }

  std::filesystem::path folder, path;
  lease::LeaseTable table{{1, 2}};
};

TEST_F(MirrorTest, IsALeasesFileThatDhcpdReads) {
  lease(3, kNow - 5);
  write();
  EXPECT_THAT(text(), StartsWith(std::string{store::leases_header()}));
  EXPECT_THAT(text(), HasSubstr("lease 10.1.0.13 {\n"));
  const auto read = store::LeasesFile::read(path.string(), kNow);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), 1u);
  EXPECT_TRUE(read->damaged().empty());
}

TEST_F(MirrorTest, UntouchedItAddsNothing) {
  write();  // of an empty table
  EXPECT_TRUE(adds_nothing());
  lease(0, kNow - 5);
  lease(1, kNow);
  write();
  EXPECT_TRUE(adds_nothing(kNow));
  EXPECT_FALSE(adds_nothing(kNow - 1)) << "the store lacks its newest event: an older store was put back";
}

TEST_F(MirrorTest, AnyChangedOctetMakesItNews) {
  lease(0, kNow - 5);
  write();
  const std::string whole = text();
  for (std::size_t i = 0; i < whole.size(); i += 7) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    put(changed);
    EXPECT_FALSE(adds_nothing()) << "octet " << i << " of " << whole.size();
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put(whole.substr(0, size));
    EXPECT_FALSE(adds_nothing()) << "cut to " << size << " of " << whole.size();
  }
}

// The operator went back to dhcpd, which appends to the file that it finds, and later writes it anew.
TEST_F(MirrorTest, WhatDhcpdWroteIsNews) {
  lease(0, kNow - 5);
  write();
  put(text() + "lease 10.1.0.11 {\n  starts 4 2027/01/01 00:00:00;\n  ends 4 2028/01/01 00:00:00;\n  binding state active;\n}\n");
  EXPECT_FALSE(adds_nothing());
  put("authoring-byte-order little-endian;\n");
  EXPECT_FALSE(adds_nothing());
  put("");
  EXPECT_FALSE(adds_nothing());
  std::filesystem::remove(path);
  EXPECT_FALSE(adds_nothing());
}

TEST_F(MirrorTest, KeepsTheModeOfTheFileItReplaces) {
  const auto mode = [&] { return std::filesystem::status(path).permissions(); };
  write();
  EXPECT_EQ(mode(), std::filesystem::perms{0644}) << "as dhcpd makes it: monitors read it";
  std::filesystem::permissions(path, std::filesystem::perms{0640});
  write();
  EXPECT_EQ(mode(), std::filesystem::perms{0640});
  if (geteuid() != 0) return;
  ASSERT_EQ(chown(path.c_str(), 12345, 54321), 0);
  write();
  struct stat after {};
  ASSERT_EQ(stat(path.c_str(), &after), 0);
  EXPECT_EQ(after.st_uid, 12345u);
  EXPECT_EQ(after.st_gid, 54321u);
}

// A failover partner's state, hosts made by OMAPI: dhcpd needs them when it comes back, also after restarts of ours.
TEST_F(MirrorTest, CarriesWhatIsNoLease) {
  const std::string others = "failover peer \"east\" state {\n  my state partner-down;\n}\nhost dyn1 {\n  dynamic;\n}\n";
  lease(3, kNow - 5);
  for (int restart = 0; restart < 2; ++restart) {
    Mirror mirror(table, {.path = path.string(), .others = restart == 0 ? others : others_of_mirror(path.string())},
                  [] { return std::uint64_t{1}; }, [](const std::string&) {});
    ASSERT_TRUE(mirror.write_now());
    EXPECT_TRUE(adds_nothing());
    EXPECT_THAT(text(), HasSubstr("endian;\n\n" + others + "lease 10.1.0.13 {\n"));
  }
}

TEST_F(MirrorTest, CarriesLeasesThatHaveNoRange) {
  lease::Binding b;
  b.state = lease::BindingState::active;
  b.set_hardware(1, std::array<std::uint8_t, 6>{2, 0, 0, 0, 0, 9});
  b.starts = b.cltt = lease::to_stored(kNow - 1);
  b.ends = lease::to_stored(kNow + 3600);
  std::array<std::uint8_t, store::kMaxRecordSize> octets{};
  const std::string packed{as_text(Bytes(octets).first(store::encode_binding(octets, b)))};
  const Homeless homeless{{Ipv4::of(10, 9, 0, 1), packed}, {kFirst, packed}};  // a reload has given the second one a range again
  lease(0, kNow - 5);
  Mirror mirror(table, {.path = path.string(), .homeless = &homeless}, [] { return std::uint64_t{1}; }, [](const std::string&) {});
  ASSERT_TRUE(mirror.write_now());
  const auto read = store::LeasesFile::read(path.string(), kNow);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), 2u);
  lease::Binding got;
  ASSERT_TRUE(read->find(Ipv4::of(10, 9, 0, 1), got));
  EXPECT_EQ(got.hardware()[5], 9);
  ASSERT_TRUE(read->find(kFirst, got));
  EXPECT_EQ(got.hardware()[5], 0) << "the table knows better";
  EXPECT_FALSE(adds_nothing(kNow - 2)) << "the seal counts it";
}

// What was not imported exists nowhere else: a file of dhcpd's is copied before it is written over, the first one and those of later weeks.
TEST_F(MirrorTest, KeepsEveryFileThatItWritesOver) {
  const std::string copy = path.string() + ".before-coaxd";
  write();
  EXPECT_FALSE(std::filesystem::exists(copy)) << "there was none";
  write();
  EXPECT_FALSE(std::filesystem::exists(copy)) << "it was a mirror";
  const auto contents = [](const std::filesystem::path& file) {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
  };
  const std::string original = "lease 10.1.0.11 {\n  starts 4 garbage;\n}\n" + std::string(3 << 20, '\n');
  put(original);
  std::filesystem::permissions(path, std::filesystem::perms{0640});
  write();
  EXPECT_THAT(text(), StartsWith(std::string{store::leases_header()}));
  EXPECT_TRUE(contents(copy) == original);
  EXPECT_EQ(std::filesystem::status(copy).permissions(), std::filesystem::perms{0640});

  const auto week = [&](int number) {
    put(fmt::format("# of week {}\n", number));
    const timespec times[2] = {{0, UTIME_OMIT}, {kNow + number * 604800, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    write();
  };
  for (int number = 0; number < 6; ++number) week(number);
  EXPECT_TRUE(contents(copy) == original) << "the first one, for ever";
  std::vector<std::string> later;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (const std::string name = entry.path().filename(); name.starts_with("dhcpd.leases.before-coaxd.")) later.push_back(name);
  std::ranges::sort(later);
  EXPECT_THAT(later, ElementsAre("dhcpd.leases.before-coaxd.20270129-080000", "dhcpd.leases.before-coaxd.20270205-080000",
                                 "dhcpd.leases.before-coaxd.20270212-080000", "dhcpd.leases.before-coaxd.20270219-080000"));
  EXPECT_EQ(contents(folder / later.back()), "# of week 5\n");
  week(5);  // a start that was cut off before the mirror was written finds the same file again
  put(original);
  write();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1 + 1 + 4);
}

// Whoever owns the directory can put a link there: it is replaced, and nothing about what it leads to matters or changes.
TEST_F(MirrorTest, FollowsNoLink) {
  const std::filesystem::path elsewhere = folder / "elsewhere";
  std::ofstream(elsewhere) << "secret";
  std::filesystem::permissions(elsewhere, std::filesystem::perms{0600});
  std::filesystem::create_symlink(elsewhere, path);
  write();
  EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(path)));
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms{0644});
  EXPECT_EQ(std::filesystem::file_size(elsewhere), 6u);
  EXPECT_EQ(std::filesystem::status(elsewhere).permissions(), std::filesystem::perms{0600});
}

TEST_F(MirrorTest, StopWritesOnceMoreAndAnErrorIsASentence) {
  std::string complaint;
  {
    Mirror mirror(table, {.path = path.string()}, [] { return std::uint64_t{0}; }, [](const std::string&) {});
    mirror.start();
    lease(2, kNow);
    mirror.stop();
  }
  EXPECT_THAT(text(), HasSubstr("lease 10.1.0.12 {\n"));
  Mirror lost(table, {.path = (folder / "gone" / "dhcpd.leases").string()}, [] { return std::uint64_t{0}; },
              [&](const std::string& sentence) { complaint = sentence; });
  lost.stop();
  EXPECT_THAT(complaint, HasSubstr("No such file or directory"));
}

TEST_F(MirrorTest, TellsWhatTheFileLacks) {
  std::uint64_t changes = 3;
  std::string complaint;
  Mirror mirror(table, {.path = path.string()}, [&] { return changes; }, [&](const std::string& sentence) { complaint = sentence; });
  EXPECT_EQ(mirror.lag().changes, 3u);
  ASSERT_TRUE(mirror.write_now());
  EXPECT_EQ(mirror.lag().changes, 0u);
  EXPECT_EQ(mirror.lag().age, std::chrono::seconds{0});
  changes = 8;
  EXPECT_EQ(mirror.lag().changes, 5u);
  std::filesystem::remove_all(folder);
  mirror.stop();
  EXPECT_THAT(complaint, HasSubstr("lacks 5 changes of leases"));
  EXPECT_EQ(mirror.lag().changes, 5u);
}

}  // namespace
}  // namespace coaxd::daemon
