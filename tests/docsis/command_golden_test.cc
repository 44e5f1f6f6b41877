// Every row of MANIFEST.tsv through the command: with --compat what the utility did, octet for octet and status for status; without it the same but where the
// utility is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "tests/docsis/command_run.h"

namespace coaxd::docsis {
namespace {

struct Row {
  std::string id, kind, args, output;
  int exit = 0;
};

std::vector<Row> manifest() {
  std::vector<Row> rows;
  std::istringstream lines(contents(std::string(COAXD_DOCSIS_GOLDEN) + "/MANIFEST.tsv"));
  std::string line;
  std::getline(lines, line);  // names of the columns
  while (std::getline(lines, line)) {
    std::vector<std::string> columns;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '\t');) columns.push_back(cell);
    rows.push_back({.id = columns[0], .kind = columns[1], .args = columns[2], .output = columns[6], .exit = std::stoi(columns[5])});
  }
  return rows;
}

std::string golden(const std::string& name) { return contents(std::string(COAXD_DOCSIS_GOLDEN) + "/" + name); }

constexpr int kCrashed = 139;

TEST(Docsis11_Command, EveryRowWithCompat) {
  Folder folder;
  Folder::copy_golden();
  const auto rows = manifest();
  ASSERT_EQ(rows.size(), 45u);
  for (const Row& row : rows) {
    const Ran ran = run_line("--compat " + row.args);
    EXPECT_EQ(ran.status, row.exit == kCrashed ? 255 : row.exit) << row.id << ran.err;
    const std::string output = row.args.substr(row.args.rfind(' ') + 1);
    EXPECT_EQ(std::filesystem::exists(output), row.output != "-") << row.id;
    if (row.output != "-") {
      EXPECT_EQ(contents(output), golden(row.output)) << row.id;
    }
    if (ran.status != 0) {
      EXPECT_THAT(ran.err, testing::HasSubstr("error: ")) << row.id;
    }
    if (row.kind == "warn") {
      EXPECT_THAT(ran.err, testing::HasSubstr("warning: ")) << row.id;
    }
  }
}

// What a text of the utility's means differently, or more, in the native dialect.
const std::map<std::string, int> kNative = {
    {"e07", 0},  // # begins a comment
    {"e20", 0},  // four numbers are a name where only a name can be
    {"e21", 0},  // names in SnmpWriteControl
    {"e24", 0},  // a list of one
};
// What the utility drops, or dies of.
const std::map<std::string, int> kRefused = {{"e22", 255}, {"e23", 255}, {"e24", 255}, {"e25", 255}};

// Without a word of how, every text is refused that the utility refuses.
TEST(Docsis12_Command, WhatTheUtilityRefusesIsRefusedUnlessAskedFor) {
  Folder folder;
  Folder::copy_golden();
  for (const Row& row : manifest()) {
    const Ran ran = run_line(row.args);
    const auto refused = kRefused.find(row.id);
    EXPECT_EQ(ran.status, refused == kRefused.end() ? row.exit : refused->second) << row.id << ran.err;
    EXPECT_EQ(ran.err.find("--native") != std::string::npos, kNative.contains(row.id)) << row.id << ran.err;
  }
}

TEST(Docsis12_Command, EveryRowNatively) {
  Folder folder;
  Folder::copy_golden();
  for (const Row& row : manifest()) {
    const Ran ran = run_line("--native " + row.args);
    const auto native = kNative.find(row.id), refused = kRefused.find(row.id);
    const int expected = native != kNative.end() ? native->second : refused != kRefused.end() ? refused->second : row.exit;
    EXPECT_EQ(ran.status, expected) << row.id << ran.err;
    const std::string output = row.args.substr(row.args.rfind(' ') + 1);
    EXPECT_EQ(std::filesystem::exists(output), expected == 0) << row.id;
    if (row.kind == "ok" && row.id != "17") {
      EXPECT_EQ(contents(output), golden(row.output)) << row.id;
    }
  }
}

// Reference 5.4: the utility's CMTS MIC of a file with TLV 64 covers nothing behind it. Ours is right, and differs in its 16 octets only.
TEST(MulpiD_1_1_Command, StaticMulticastIsUnderTheMic) {
  Folder folder;
  Folder::copy_golden();
  const Ran ran = run_line("--quiet -e 17-static-mcast.txt k-plain.key right.cm");
  ASSERT_EQ(ran.status, 0) << ran.err;
  const std::string right = contents("right.cm"), wrong = golden("17-static-mcast.cm");
  ASSERT_EQ(right.size(), wrong.size());
  const std::size_t mic = wrong.find(std::string("\x07\x10", 2)) + 2;
  EXPECT_EQ(right.substr(0, mic), wrong.substr(0, mic));
  EXPECT_NE(right.substr(mic, 16), wrong.substr(mic, 16));
  EXPECT_EQ(right.substr(mic + 16), wrong.substr(mic + 16));
  EXPECT_EQ(run_line("verify k-plain.key right.cm").out, "right.cm: CM MIC right, CMTS MIC right with k-plain.key\n");
  Folder::write("wrong.cm", wrong);
  const Ran judged = run_line("verify k-plain.key wrong.cm");
  EXPECT_EQ(judged.status, 1);
  EXPECT_EQ(judged.out, "wrong.cm: CM MIC right, CMTS MIC wrong with k-plain.key\n");
}

// Reference 1: the listing on standard output, which scripts read.
TEST(Docsis1_Command, ListingOfAnEncode) {
  Folder folder;
  Folder::copy_golden();
  for (const Row& row : manifest()) {
    const std::string path = std::string(COAXD_DOCSIS_LISTING) + "/" + row.id + ".txt";
    if (!std::filesystem::exists(path)) continue;
    EXPECT_EQ(run_line("--compat " + row.args).out, contents(path)) << row.id;
    EXPECT_EQ(run_line("--quiet " + row.args).out, "") << row.id;
  }
}

TEST(Docsis6_Command, EveryGoldenFileDecodes) {
  Folder folder;
  for (const Row& row : manifest()) {
    if (row.kind != "ok") continue;
    const std::string file = std::string(COAXD_DOCSIS_GOLDEN) + "/" + row.output;
    const std::string stem = row.output.substr(0, row.output.rfind('.'));
    EXPECT_EQ(run({"-d", file}).out, golden(stem + ".decoded.txt")) << row.id;
    EXPECT_EQ(run({"-o", "-d", file}).out, golden(stem + ".decoded-num.txt")) << row.id;
    EXPECT_EQ(run_line("-d -", contents(file)).out, golden(stem + ".decoded.txt")) << row.id;
  }
  EXPECT_EQ(contents("dialplan_output.txt"), golden("13-digitmap.dat"));
}

// --native: of every golden file the text encodes to the same file again, 15 with its quotes and 12, 13 with their hashes too.
TEST(Docsis12_Command, NativeTextEncodesAgain) {
  Folder folder;
  Folder::copy_golden();
  for (const Row& row : manifest()) {
    if (row.kind != "ok") continue;
    Folder::write("again.cm", golden(row.output));
    const Ran decoded = run_line("--native -nohash -d again.cm");
    ASSERT_EQ(decoded.status, 0) << row.id;
    Folder::write("again.txt", decoded.out);
    auto words = words_of(row.args);
    std::ranges::replace_if(words, [](const std::string& word) { return word.ends_with(".txt"); }, "again.txt");
    words.back() = "again.out";
    words.insert(words.begin(), row.id == "17" ? "--compat" : "--native");
    const Ran encoded = run(words);
    EXPECT_EQ(encoded.status, 0) << row.id << encoded.err;
    EXPECT_EQ(contents("again.out"), golden(row.output)) << row.id;
  }
}

}  // namespace
}  // namespace coaxd::docsis
