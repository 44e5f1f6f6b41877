#include "server/tftp/static_files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace coaxd::tftp {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kSecond = 1'000'000'000;

// A folder that goes with the test: root/ is served, beside it lies what must not be.
class Folder : public testing::TestWithParam<bool> {
 protected:
  Folder() {
    std::string name = (fs::temp_directory_path() / "coaxd-tftp-XXXXXX").string();
    top_ = mkdtemp(name.data());
    fs::create_directories(top_ / "root" / "sub" / "deep");
    write("root/modem.cm", "gold");
    write("root/sub/other.cm", "silver");
    write("secret", "secret");
  }
  ~Folder() override { fs::remove_all(top_); }

  fs::path write(const std::string& name, const std::string& text) {
    const fs::path path = top_ / name;
    std::ofstream(path, std::ios::binary) << text;
    fs::permissions(path, fs::perms(0644));
    return path;
  }
  std::unique_ptr<StaticFiles> serve(StaticFilesSettings settings = {}) {
    settings.openat2 = GetParam();
    auto files = StaticFiles::make((top_ / "root").string(), settings);
    return files ? std::move(*files) : nullptr;
  }
  FileAnswer ask(StaticFiles& files, std::string_view name) { return files.open({.name = name, .client = {}, .server = {}, .now = now}); }
  // Its octets, or "1" for ERROR 1.
  std::string get(StaticFiles& files, std::string_view name) {
    const FileAnswer answer = ask(files, name);
    if (answer.status != FileAnswer::Status::ready) return std::to_string(static_cast<int>(answer.code));
    return read(*answer.contents);
  }
  static std::string read(const Contents& contents) {
    std::string text(static_cast<std::size_t>(contents.size()), '\0');
    const bool whole = contents.read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    return whole ? text : "unreadable";
  }

  fs::path top_;
  Instant now{.mono_ns = 5 * kSecond, .wall = 1'800'000'000};
};
INSTANTIATE_TEST_SUITE_P(StaticFiles, Folder, testing::Bool(), [](const auto& run) { return run.param ? "openat2" : "steps"; });

TEST_P(Folder, ServesWhatIsBelowIt) {
  auto files = serve();
  EXPECT_EQ(get(*files, "modem.cm"), "gold");
  EXPECT_EQ(get(*files, "sub/other.cm"), "silver");
  EXPECT_EQ(get(*files, "/modem.cm"), "gold");
  EXPECT_EQ(get(*files, "///sub//other.cm"), "silver");
  EXPECT_EQ(get(*files, "./sub/./other.cm"), "silver");
}

// Without --secure tftpd takes names from the top of the file system, and old configurations say /tftpboot/....
TEST_P(Folder, ItsOwnPathMayStandBeforeTheName) {
  auto files = serve();
  const std::string root = (top_ / "root").string();
  EXPECT_EQ(get(*files, root + "/modem.cm"), "gold");
  EXPECT_EQ(get(*files, root + "//sub/other.cm"), "silver");
  EXPECT_EQ(get(*files, root + "/../secret"), "2");
  EXPECT_EQ(get(*files, root), "1");
  EXPECT_EQ(get(*files, root + "/"), "1");
  EXPECT_EQ(get(*files, root + "x/modem.cm"), "1");
}

TEST_P(Folder, WhatIsMissingIsError1) {
  auto files = serve();
  for (const std::string& name : {std::string("none"), std::string("sub/none"), std::string("none/modem.cm"), std::string("modem.cm/x"), std::string(255, 'n'),
                                  std::string(256, 'n'), std::string("/"), std::string()}) {
    EXPECT_EQ(get(*files, name), "1") << name;
  }
}

TEST_P(Folder, NothingOutsideIsOpened) {
  auto files = serve();
  for (const char* name : {"../secret", "/../secret", "sub/../../secret", "..", "sub/..", "sub/deep/../../../secret", "../root/modem.cm", "sub/../modem.cm"}) {
    EXPECT_EQ(get(*files, name), "2") << name;
  }
  EXPECT_EQ(get(*files, (top_ / "secret").string()), "1");  // an absolute name is one below the folder
  EXPECT_EQ(get(*files, std::string_view("modem.cm\0x", 10)), "2");
  EXPECT_EQ(get(*files, "..."), "1");
  EXPECT_EQ(get(*files, "..modem"), "1");
}

TEST_P(Folder, LinksMustStayBelow) {
  fs::create_symlink(top_ / "secret", top_ / "root" / "absolute");
  fs::create_symlink("../secret", top_ / "root" / "relative");
  fs::create_symlink("..", top_ / "root" / "up");
  fs::create_symlink("/proc/self/root/etc/passwd", top_ / "root" / "magic");
  fs::create_symlink("loop", top_ / "root" / "loop");
  fs::create_symlink("modem.cm", top_ / "root" / "inside");
  auto files = serve();
  for (const char* name : {"absolute", "relative", "up/secret", "magic", "loop"}) {
    const std::string got = get(*files, name);
    EXPECT_TRUE(got == "2" || got == "1") << name << ": " << got;  // steps: a link that is no folder is ENOTDIR
  }
  EXPECT_EQ(get(*files, "inside"), GetParam() ? "gold" : "2");
}

TEST_P(Folder, WhatIsNoFileIsError2) {
  ASSERT_EQ(mkfifo((top_ / "root" / "fifo").c_str(), 0644), 0);
  auto files = serve();
  EXPECT_EQ(get(*files, "sub"), "2");
  EXPECT_EQ(get(*files, "fifo"), "2");
  EXPECT_EQ(get(*files, "."), "2");
}

TEST_P(Folder, WhatIsNotForEverybodyIsError2) {
  fs::permissions(top_ / "root" / "modem.cm", fs::perms(0640));
  auto files = serve();
  EXPECT_EQ(get(*files, "modem.cm"), "2");
  EXPECT_EQ(get(*serve({.for_everybody_only = false}), "modem.cm"), "gold");
}

TEST_P(Folder, IsLookedAtAgainAfterAWhile) {
  auto files = serve();
  EXPECT_EQ(get(*files, "modem.cm"), "gold");
  write("root/modem.cm", "platinum");
  EXPECT_EQ(get(*files, "modem.cm"), "gold");  // within the second
  now.mono_ns += kSecond;
  EXPECT_EQ(get(*files, "modem.cm"), "platinum");
  EXPECT_EQ(files->loads(), 2u);
  now.mono_ns += kSecond;
  EXPECT_EQ(get(*files, "modem.cm"), "platinum");
  EXPECT_EQ(files->loads(), 2u);  // it is the same
  fs::remove(top_ / "root" / "modem.cm");
  now.mono_ns += kSecond;
  EXPECT_EQ(get(*files, "modem.cm"), "1");
  EXPECT_EQ(files->cached_files(), 0u);
  EXPECT_EQ(files->memory(), 0u);
}

TEST_P(Folder, ATransferKeepsItsOctets) {
  auto files = serve();
  const auto contents = ask(*files, "modem.cm").contents;
  write("root/next", "copper");
  fs::rename(top_ / "root" / "next", top_ / "root" / "modem.cm");
  now.mono_ns += kSecond;
  EXPECT_EQ(get(*files, "modem.cm"), "copper");
  EXPECT_EQ(read(*contents), "gold");
}

TEST_P(Folder, MemoryIsBounded) {
  for (int i = 0; i < 50; ++i) write(fmt::format("root/f{}", i), std::string(1000, static_cast<char>('a' + i % 26)));
  auto files = serve({.memory = 10 * (1000 + StaticFiles::kEntryCost)});
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(get(*files, fmt::format("f{}", i)), std::string(1000, static_cast<char>('a' + i % 26)));
      EXPECT_LE(files->memory(), 10 * (1000 + StaticFiles::kEntryCost));
      EXPECT_LE(files->cached_files(), 10u);
    }
  }
  EXPECT_EQ(files->loads(), 150u);
  // What was used last stays.
  get(*files, "f49");
  EXPECT_EQ(files->loads(), 150u);
}

TEST_P(Folder, LargerFilesAreReadBlockByBlock) {
  const std::string firmware(300'000, 'F');
  write("root/firmware", firmware);
  auto files = serve({.largest_in_memory = 100'000});
  const auto contents = ask(*files, "firmware").contents;
  ASSERT_NE(contents, nullptr);
  EXPECT_EQ(read(*contents), firmware);
  EXPECT_EQ(files->loads(), 0u);
  EXPECT_LE(files->memory(), StaticFiles::kEntryCost);
  EXPECT_EQ(ask(*files, "firmware").contents, contents);  // one descriptor for all
  fs::resize_file(top_ / "root" / "firmware", 1000);
  std::vector<std::uint8_t> block(512);
  EXPECT_TRUE(contents->read(0, block));
  EXPECT_FALSE(contents->read(200'000, block));  // an error, and no SIGBUS
}

TEST_P(Folder, SoManyLargerFilesStayOpen) {
  for (int i = 0; i < 8; ++i) write(fmt::format("root/big{}", i), std::string(5000, static_cast<char>('a' + i)));
  auto files = serve({.largest_in_memory = 1000, .open_files = 3});
  for (int i = 0; i < 8; ++i) EXPECT_EQ(get(*files, fmt::format("big{}", i)), std::string(5000, static_cast<char>('a' + i)));
  EXPECT_EQ(files->cached_files(), 3u);
  EXPECT_EQ(get(*files, "modem.cm"), "gold");
  EXPECT_EQ(get(*files, "big0"), std::string(5000, 'a'));
  EXPECT_EQ(files->cached_files(), 4u);
}

TEST_P(Folder, EmptyFilesAreFiles) {
  write("root/empty", "");
  auto files = serve();
  const auto answer = ask(*files, "empty");
  ASSERT_EQ(answer.status, FileAnswer::Status::ready);
  EXPECT_EQ(answer.contents->size(), 0u);
}

TEST(StaticFiles, AFolderThatIsNotThereIsAnError) {
  EXPECT_EQ(StaticFiles::make("/nonexistent-folder", {}).error(), ENOENT);
  EXPECT_EQ(StaticFiles::make("/dev/null", {}).error(), ENOTDIR);
}

}  // namespace
}  // namespace coaxd::tftp
