// command_run.h: the command within the test's process, in a folder of its own, its streams as strings.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "docsis/command.h"

namespace coaxd::docsis {

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The current directory, empty, until the test ends.
class Folder {
 public:
  Folder() : before_(std::filesystem::current_path()) {
    std::string name = (std::filesystem::temp_directory_path() / "docsis-command-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
    std::filesystem::current_path(path_);
  }
  ~Folder() {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  static void write(const std::string& name, std::string_view text) { std::ofstream(name, std::ios::binary) << text; }
  static void copy_golden() {
    for (const auto& entry : std::filesystem::directory_iterator(COAXD_DOCSIS_GOLDEN))
      if (const std::string name = entry.path().filename(); !name.ends_with(".cm") && !name.ends_with(".bin")) std::filesystem::copy_file(entry.path(), name);
  }

 private:
  std::filesystem::path before_, path_;
};

struct Ran {
  int status = -1;
  std::string out, err;
};

inline Ran run(const std::vector<std::string>& words, std::string_view in = {}) {
  Console console{.in = std::tmpfile(), .out = std::tmpfile(), .err = std::tmpfile()};
  std::fwrite(in.data(), 1, in.size(), console.in);
  std::rewind(console.in);
  const std::vector<std::string_view> views(words.begin(), words.end());
  Ran ran;
  ran.status = run_command(views, console);
  const auto take = [](std::FILE* file) {
    std::string text;
    std::rewind(file);
    char block[4096];
    while (const std::size_t size = std::fread(block, 1, sizeof block, file)) text.append(block, size);
    std::fclose(file);
    return text;
  };
  std::fclose(console.in);
  ran.out = take(console.out);
  ran.err = take(console.err);
  return ran;
}

inline std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) words.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}
inline Ran run_line(std::string_view line, std::string_view in = {}) { return run(words_of(line), in); }

}  // namespace coaxd::docsis
