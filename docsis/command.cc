// command.h
#include "docsis/command.h"

#include <fmt/format.h>

#include <memory>

#include "docsis/command_encode.h"
#include "docsis/command_inspect.h"
#include "docsis/command_mibs.h"
#include "docsis/command_options.h"
#include "docsis/command_report.h"

namespace coaxd::docsis {

int run_command(std::span<const std::string_view> words, const Console& console) {
  const auto options = parse_words(words);
  if (!options) {
    complain(console, options.error());
    const std::string_view text = usage();
    std::fwrite(text.data(), 1, text.size(), console.err);
    return kUsageStatus;
  }
  const std::unique_ptr<const MibNames> mibs = command_mibs(options->mib_directories, options->compat);
  switch (options->action) {
    case Action::encode: return run_encode(*options, *mibs, console);
    case Action::decode: return run_decode(*options, *mibs, console);
    case Action::check: return run_check(*options, *mibs, console);
    case Action::diff: return run_diff(*options, *mibs, console);
    case Action::verify: return run_verify(*options, console);
    case Action::help: std::fwrite(usage().data(), 1, usage().size(), console.out); return 0;
    case Action::version: fmt::print(console.out, "docsis (coaxd) {}\n", COAXD_VERSION); return 0;
  }
  return kUsageStatus;
}

}  // namespace coaxd::docsis
