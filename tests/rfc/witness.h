// witness.h: what must be true of a DHCP server whatever happens, checked from the outside: no
// address bound twice, no ACK without a durable binding, no offer outside a pool that admits the
// client's network, replies addressed as RFC 2131 §4.1 says and no larger than allowed. Knows only
// queries, Actions and settled Changes, no internals. Every broken rule is one sentence in
// `complaints`. Test code only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/engine/engine.h"

namespace coaxd::test {

class Witness {
 public:
  Witness(const config::Config& config, engine::Settings settings)
      : config_(&config), settings_(settings) {}
  void use(const config::Config& config) { config_ = &config; }

  // Right after decide().
  void decided(const wire::Message& query, const engine::Arrival& arrival,
               const engine::Actions& actions, Bytes reply, std::size_t capacity, Instant now);
  // Right before settle().
  void settled(const engine::Change& change, bool durable, Instant now);
  // The reply leaves: all its changes are durable.
  void sent(const wire::Message& query, const engine::Actions& actions, Bytes reply,
            Instant decided_at);

  const std::vector<std::string>& complaints() const { return complaints_; }
  std::size_t active() const;

 private:
  struct Holder {
    lease::Binding binding;
    std::uint32_t generation = 0;
  };
  void complain(std::string what) { complaints_.push_back(std::move(what)); }
  void check_addressing(const wire::Message& query, const engine::Arrival& arrival,
                        const engine::Actions& actions, const wire::Message& reply);
  void check_size(const wire::Message& query, const engine::Actions& actions, Bytes reply,
                  std::size_t capacity);
  void check_leasequery(const wire::Message& query, const engine::Actions& actions, const wire::Message& reply);
  void check_place(const wire::Message& query, const engine::Arrival& arrival,
                   const engine::Actions& actions, const wire::Message& reply);

  const config::Config* config_;
  engine::Settings settings_;
  std::map<std::uint32_t, Holder> bound_;
  std::vector<std::string> complaints_;
};

}  // namespace coaxd::test
