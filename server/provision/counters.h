// counters.h: what the files of one worker came from, and what came to nothing. Only its thread writes; anybody may read (server/tftp/counters.h).
#pragma once

#include <array>

#include "server/provision/refusal.h"
#include "server/tftp/counters.h"

namespace coaxd::provision {

using tftp::Counter;

struct alignas(64) Counters {
  Counter by_generated_name;            // requests whose name DHCP had generated
  Counter from_templates, from_static;  // files given
  Counter cache_hits, compiles;         // of those from templates
  Counter cache_octets;                 // held now
  Counter quarantined;                  // of those from templates: the variant for modems in quarantine
  Counter old_secrets;                  // files under the former shared secret, while it is being changed
  std::array<Counter, static_cast<std::size_t>(Refusal::count)> refused;

  Counter& of(Refusal refusal) noexcept { return refused[static_cast<std::size_t>(refusal)]; }
  const Counter& of(Refusal refusal) const noexcept { return refused[static_cast<std::size_t>(refusal)]; }
};

}  // namespace coaxd::provision
