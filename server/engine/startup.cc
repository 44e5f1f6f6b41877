#include "server/engine/startup.h"

#include <memory>

namespace coaxd::engine {
namespace {

// A file's own `set`s and `log`s: the whole of it, where a packet has a quarter of this.
constexpr std::size_t kScratchSize = 256 * 1024;

}  // namespace

std::vector<StartupEffect> run_global_statements(const config::Config& config, const config::HostTable* names,
                                                 GlobalVariables& globals) {
  const auto scratch = std::make_unique_for_overwrite<std::uint8_t[]>(kScratchSize);
  Arena arena({scratch.get(), kScratchSize});
  OptionState reply(config.options());
  globals.clear();
  Context context;
  context.config = &config;
  context.names = names;
  context.reply = &reply;
  context.arena = &arena;
  context.globals = &globals;

  std::vector<StartupEffect> effects;
  // One by one, because a context has room for the effects of a packet, not for those of a whole file.
  for (const config::Statement& statement : config.global().statements) {
    execute({&statement, 1}, context);
    for (const Effect& effect : std::span(context.effects).first(context.effect_count)) {
      StartupEffect& owned = effects.emplace_back();
      owned.kind = effect.kind;
      owned.level = effect.level;
      owned.text = as_text(effect.text);
      for (const Bytes argument : effect.argv) owned.argv.emplace_back(as_text(argument));
    }
    context.effect_count = 0;
  }
  return effects;
}

}  // namespace coaxd::engine
