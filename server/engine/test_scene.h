// test_scene.h: a configuration from text, a request, and a context to evaluate in: what every test of the evaluator begins with.
// Single thread. Throws std::runtime_error with the diagnostics when the text is refused, which is the test's failure.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/test_config.h"
#include "server/engine/evaluate.h"
#include "server/wire/test_packet.h"

namespace coaxd::engine {

using config::config_from;

class Scene {
 public:
  explicit Scene(std::string text)
      : config(config_from(std::move(text))),
        scratch(64 * 1024),
        arena(scratch),
        reply(config->options()) {
    context.config = config.get();
    context.reply = &reply;
    context.arena = &arena;
    context.globals = &globals;
    context.now.wall = 1'700'000'000;
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  Scene& receive(const wire::TestPacket& packet) {
    datagram = packet.octets();
    if (!request.parse(datagram)) throw std::runtime_error("not a message");
    context.request = &request;
    return *this;
  }
  Scene& lease(Ipv4 address) {
    context.binding = &binding;
    context.leased_address = address;
    context.has_lease = true;
    return *this;
  }
  // Everything that the global scope logs, one line each, as `dhcpd -t` shows it.
  std::vector<std::string> run() {
    execute(config->global().statements, context);
    return logged();
  }
  std::vector<std::string> logged() const {
    std::vector<std::string> lines;
    for (const Effect& effect : std::span(context.effects).first(context.effect_count)) {
      if (effect.kind == Effect::Kind::log) lines.emplace_back(as_text(effect.text));
    }
    return lines;
  }
  // The next packet begins.
  void forget() {
    arena.reset();
    reply.clear();
    context.effect_count = 0;
    context.added_class_count = 0;
  }

  std::shared_ptr<const config::Config> config;
  std::vector<std::uint8_t> scratch;
  Arena arena;
  OptionState reply;
  GlobalVariables globals;
  std::vector<std::uint8_t> datagram;
  wire::Message request;
  lease::Binding binding;
  Context context;
};

}  // namespace coaxd::engine
