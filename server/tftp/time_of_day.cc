#include "server/tftp/time_of_day.h"

namespace coaxd::tftp {

std::array<std::uint8_t, 4> time_of_day(WallSeconds wall) noexcept {
  std::array<std::uint8_t, 4> answer;
  store_be32(answer.data(), seconds_since_1900(wall));
  return answer;
}

}  // namespace coaxd::tftp
