// golden_files.h: the golden files (tests/docsis/golden), for tests. What the `docsis` utility made of each text is told in MANIFEST.tsv.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "server/base/bytes.h"

namespace coaxd::docsis::testing {

inline std::string golden_path(const std::string& name) { return std::string(COAXD_SOURCE_DIR) + "/tests/docsis/golden/" + name; }

inline std::string read_golden(const std::string& name) {
  std::ifstream in(golden_path(name), std::ios::binary);
  if (!in) ADD_FAILURE() << "no file " << golden_path(name);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::uint8_t> golden_octets(const std::string& name) {
  const std::string text = read_golden(name);
  return {text.begin(), text.end()};
}

struct Golden {
  std::string id, kind, args, key, mibs, exit, output, size, sha256, integrity, roundtrip, docsis, note;
};

inline std::vector<Golden> goldens() {
  std::istringstream in(read_golden("MANIFEST.tsv"));
  std::vector<Golden> rows;
  std::string line;
  std::getline(in, line);  // names of columns
  while (std::getline(in, line)) {
    Golden row;
    std::istringstream cells(line);
    for (std::string* cell : {&row.id, &row.kind, &row.args, &row.key, &row.mibs, &row.exit, &row.output, &row.size, &row.sha256, &row.integrity, &row.roundtrip,
                              &row.docsis, &row.note})
      std::getline(cells, *cell, '\t');
    rows.push_back(std::move(row));
  }
  return rows;
}

// Those with octets: 17 made of valid texts, 2 from which the utility left something out.
inline std::vector<Golden> golden_binaries() {
  std::vector<Golden> rows;
  for (Golden& row : goldens())
    if (row.output != "-") rows.push_back(std::move(row));
  EXPECT_EQ(rows.size(), 19u);
  return rows;
}

}  // namespace coaxd::docsis::testing
