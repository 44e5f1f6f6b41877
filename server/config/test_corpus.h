// test_corpus.h: real files of the field for tests, as COAXD_CORPUS has them: dhcpd-conf/MANIFEST.tsv says which of them dhcpd 4.4.3-P1
// accepts, and the first line it prints about the others. They are not ours to ship: without the variable there are none, and
// the tests say so and skip.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace coaxd::config {

struct CorpusFile {
  std::string name, text;
  bool accepted = false;
  std::string remark;  // refused: the first message; accepted: "", or "(N warnings) FIRST"
};

inline std::vector<CorpusFile> corpus() {
  std::vector<CorpusFile> files;
  const char* root = std::getenv("COAXD_CORPUS");
  if (root == nullptr) return files;
  const std::filesystem::path folder = std::filesystem::path(root) / "dhcpd-conf";
  std::ifstream manifest(folder / "MANIFEST.tsv");
  std::string line;
  std::getline(manifest, line);
  while (std::getline(manifest, line)) {
    std::istringstream in(line);
    std::vector<std::string> fields;
    for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
    fields.resize(9);
    std::ostringstream text;
    text << std::ifstream(folder / (fields[0] + ".conf"), std::ios::binary).rdbuf();
    files.push_back({fields[0] + ".conf", text.str(), fields[6] == "yes", fields[7]});
  }
  return files;
}

// A FileReader for texts that include nothing.
inline bool no_files(const std::string&, std::string&, std::string&) { return false; }

class CorpusTest : public testing::Test {
 protected:
  void SetUp() override {
    if (files_.empty()) GTEST_SKIP() << "COAXD_CORPUS is not set: no corpus to read";
  }
  const std::vector<CorpusFile> files_ = corpus();
};

}  // namespace coaxd::config
