#include "leasequery/tcp_codes.h"

#include <array>

namespace coaxd::leasequery {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(StatusCode::count)> kStatusNames{
    "Success",     "UnspecFail",       "QueryTerminated", "MalformedQuery",      "NotAllowed",
    "DataMissing", "ConnectionActive", "CatchUpComplete", "TLSConnectionRefused"};
constexpr std::array<std::string_view, 9> kStateNames{"", "AVAILABLE", "ACTIVE", "EXPIRED", "RELEASED", "ABANDONED", "RESET", "REMOTE", "TRANSITIONING"};

}  // namespace

std::string_view to_string(StatusCode code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < kStatusNames.size() ? kStatusNames[index] : std::string_view{};
}

std::string_view dhcp_state_name(std::uint8_t code) noexcept { return code < kStateNames.size() ? kStateNames[code] : std::string_view{}; }

}  // namespace coaxd::leasequery
