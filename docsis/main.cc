// main.cc: the `docsis` command. What it does is in command.h.
#include <string_view>
#include <vector>

#include "docsis/command.h"

int main(int count, char** words) {
  const std::vector<std::string_view> all(words + (count > 0 ? 1 : 0), words + count);
  const int status = coaxd::docsis::run_command(all, {});
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  std::fputs("docsis: standard output: not everything could be written\n", stderr);
  return 2;
}
