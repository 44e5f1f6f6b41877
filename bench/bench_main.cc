// The main of every bench. Says on what machine and in which build a figure was taken, and shouts
// if the build was not meant for figures.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace {

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::AddCustomContext("cpu", cpu_name());
  benchmark::AddCustomContext("compiler", __VERSION__);
  benchmark::AddCustomContext("build", COAXD_BUILD_TYPE);
#ifndef __OPTIMIZE__
  std::fprintf(stderr, "*** NOT OPTIMISED: these figures say nothing about coaxd ***\n");
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  std::fprintf(stderr, "*** UNDER A SANITIZER: these figures say nothing about coaxd ***\n");
#endif
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  // A filter that matches nothing is a bench that rotted.
  if (benchmark::RunSpecifiedBenchmarks() == 0) return 1;
  benchmark::Shutdown();
  return 0;
}
