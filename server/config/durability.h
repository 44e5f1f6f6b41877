// durability.h: what an ACK waits for: `durability` of [store] in coaxd.toml, obeyed by the journal. A value. Source: docs/operating.md, Durability.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coaxd::config {

enum class Durability : std::uint8_t {
  durable,     // fdatasync before the ACK (RFC 2131 §3.1 step 4)
  crash_safe,  // written to the kernel before the ACK: survives kill -9, not a power cut
  memory,      // not written before the ACK: for the laboratory
};

// As coaxd.toml and the metrics write them.
inline constexpr std::array<std::string_view, 3> kDurabilityNames{"durable", "crash-safe", "memory"};
constexpr std::string_view to_string(Durability durability) noexcept { return kDurabilityNames[static_cast<std::size_t>(durability)]; }

}  // namespace coaxd::config
