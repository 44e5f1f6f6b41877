// The evaluator against what dhcpd itself gave for the same statements: tests/differential/eval_cases.txt, which eval_diff.py keeps true.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/test_scene.h"

namespace coaxd::engine {
namespace {

struct Case {
  std::string name, text;
  std::vector<std::string> expected;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

std::vector<Case> read_table() {
  std::ifstream file(COAXD_SOURCE_DIR "/tests/differential/eval_cases.txt");
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('[')) {
      std::string name = line.substr(1, line.find(']') - 1);
      for (char& c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
      }
      cases.push_back({std::move(name), {}, {}});
    } else if (cases.empty()) {
      continue;
    } else if (line.starts_with("=>")) {
      cases.back().expected.push_back(line.size() > 3 ? line.substr(3) : "");
    } else {
      cases.back().text += line + "\n";
    }
  }
  return cases;
}

class DhcpdEval : public testing::TestWithParam<Case> {};

TEST_P(DhcpdEval, SaysWhatDhcpdSays) {
  Scene scene(GetParam().text);
  EXPECT_THAT(scene.run(), testing::ElementsAreArray(GetParam().expected)) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(Clause, DhcpdEval, testing::ValuesIn(read_table()),
                         [](const auto& one) { return one.param.name; });

TEST(DhcpdEvalTable, IsThere) { EXPECT_GE(read_table().size(), 80u); }

}  // namespace
}  // namespace coaxd::engine
