#include "server/daemon/scheduling.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace coaxd::daemon {
namespace {

// struct sched_attr of <linux/sched/types.h>, which does not go together with <sched.h>.
struct Attributes {
  std::uint32_t size, policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime, deadline, period;
};
constexpr std::uint32_t kOther = 0;  // SCHED_OTHER; an operator who chose another has said more than we would
static_assert(sizeof(Attributes) == 48);  // SCHED_ATTR_SIZE_VER0

}  // namespace

void ask_for_turns_of(std::chrono::nanoseconds length) noexcept {
  Attributes attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0 || attributes.policy != kOther) return;
  attributes.runtime = static_cast<std::uint64_t>(length.count());
  (void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace coaxd::daemon
