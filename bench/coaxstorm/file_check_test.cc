#include "bench/coaxstorm/file_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace coaxd::storm {
namespace {

constexpr std::uint64_t kMac = 0x02c0a0000102;
using File = std::vector<std::uint8_t>;

// NetworkAccess 1, CpeMacAddress 02:c0:a0:00:01:02; the MIC from outside: `printf '\x03\x01\x01\x0e\x06\x02\xc0\xa0\x00\x01\x02' | md5sum`.
const File kTlvs{3, 1, 1, 14, 6, 2, 0xc0, 0xa0, 0, 1, 2};
const File kMic{6, 16, 0xe3, 0xf4, 0x26, 0x4f, 0xc5, 0x11, 0xcf, 0xf7, 0x23, 0x72, 0x85, 0xab, 0x64, 0xa5, 0x7a, 0x72};
const File kCmtsMic{7, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

File operator+(File one, const File& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

std::optional<Violation> verdict(const File& file, std::uint64_t mac = kMac, std::size_t step = 1500) {
  FileCheck check{mac};
  for (std::size_t at = 0; at < file.size(); at += step) check.add(Bytes{file}.subspan(at, std::min(step, file.size() - at)));
  return check.finish();
}

const File kGood = kTlvs + kMic + kCmtsMic + File{255, 0, 0};

TEST(MulpiD_1_1_CmMic, IsOverAllTlvsButTheMics) {
  EXPECT_EQ(verdict(kGood), std::nullopt);
  EXPECT_EQ(verdict(kTlvs + kMic + File{255}), std::nullopt);
  EXPECT_EQ(verdict(kMic + kCmtsMic + kTlvs + File{255}), std::nullopt) << "wherever they stand";
  EXPECT_EQ(verdict(kTlvs + File{0, 0} + kMic + kCmtsMic + File{0, 255}), std::nullopt) << "padding is none";
}

TEST(FileCheck, TakesAFileInPiecesOfAnySize) {
  for (std::size_t step = 1; step <= kGood.size(); ++step) EXPECT_EQ(verdict(kGood, kMac, step), std::nullopt) << step;
}

TEST(FileCheck, FindsEveryOctetThatIsWrong) {
  for (std::size_t at = 0; at < kTlvs.size() + kMic.size(); ++at) {
    File file = kGood;
    file[at] ^= 1;
    EXPECT_NE(verdict(file), std::nullopt) << at;
  }
}

TEST(FileCheck, FindsEveryTruncation) {
  for (std::size_t size = 0; size < kGood.size() - 2; ++size) EXPECT_EQ(verdict(File{kGood.begin(), kGood.begin() + static_cast<std::ptrdiff_t>(size)}), Violation::wrong_mic) << size;
}

TEST(FileCheck, WantsOneMicOf16Octets) {
  EXPECT_EQ(verdict(kTlvs + kMic + kMic + File{255}), Violation::wrong_mic);
  EXPECT_EQ(verdict(kTlvs + File{6, 0} + File{255}), Violation::wrong_mic);
  EXPECT_EQ(verdict(File{}), Violation::wrong_mic);
}

TEST(FileCheck, AnotherModemsFileIsFound) {
  EXPECT_EQ(verdict(kGood, kMac + 1), Violation::wrong_file);
  EXPECT_EQ(verdict(kGood, 0), Violation::wrong_file);
}

}  // namespace
}  // namespace coaxd::storm
