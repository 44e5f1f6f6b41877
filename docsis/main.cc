// main.cc: the `docsis` command. What it does is in command.h.
#include <string_view>
#include <vector>

#include "docsis/command.h"

int main(int count, char** words) {
  const std::vector<std::string_view> all(words + 1, words + count);
  const int status = coaxd::docsis::run_command(all, {});
  return std::fflush(stdout) == 0 ? status : 2;
}
