// command.h
#include "docsis/command.h"

#include <memory>

#include "docsis/command_encode.h"
#include "docsis/command_inspect.h"
#include "docsis/command_mibs.h"
#include "docsis/command_options.h"
#include "docsis/command_report.h"
#include "docsis/tlv_page.h"

namespace coaxd::docsis {
namespace {

int put(std::string_view text, std::FILE* to) {
  std::fwrite(text.data(), 1, text.size(), to);  // main() asks whether all was written
  return 0;
}

}  // namespace

int run_command(std::span<const std::string_view> words, const Console& console) {
  const auto options = parse_words(words);
  if (!options) {
    complain(console, options.error());
    put(words.empty() ? usage() : "docsis --help says what there is, and docsis(1) more.\n", console.err);
    return kUsageStatus;
  }
  const std::unique_ptr<const MibNames> mibs = command_mibs(options->mib_directories, options->compat, console);
  switch (options->action) {
    case Action::encode: return run_encode(*options, *mibs, console);
    case Action::decode: return run_decode(*options, *mibs, console);
    case Action::check: return run_check(*options, *mibs, console);
    case Action::diff: return run_diff(*options, *mibs, console);
    case Action::verify: return run_verify(*options, console);
    case Action::tlvs: return put(tlv_page(), console.out);
    case Action::help: return put(usage(), console.out);
    case Action::version: return put("docsis (coaxd) " COAXD_VERSION "\n", console.out);
  }
  return kUsageStatus;
}

}  // namespace coaxd::docsis
