// command.h: the `docsis` command, words in, exit status out. A drop-in for the open-source utility of that name (reference: docsis, section 1), with check,
// diff and verify of its own. It reads and writes the files that it is told to, and the three streams; nothing else here does. One thread.
#pragma once

#include <cstdio>
#include <span>
#include <string_view>

namespace coaxd::docsis {

struct Console {
  std::FILE* in = stdin;
  std::FILE* out = stdout;
  std::FILE* err = stderr;
};

// `words` without the program's own name. The status is what the utility would exit with (problem.h); of check, diff and verify: 0 nothing found, 1 found, 2
// trouble.
int run_command(std::span<const std::string_view> words, const Console& console);

}  // namespace coaxd::docsis
