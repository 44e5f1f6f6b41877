// scheduling.h: what the kernel's scheduler is told about a thread. A wish: a kernel that does not know it goes on as before.
// Called by the thread itself. Source: sched_setattr(2), sched(7).
#pragma once

#include <chrono>

namespace coaxd::daemon {

// The thread asks for turns of this length. It does not get more or less time by it, but it gets it sooner: on a core that it shares
// with the fold it would else wait for the end of the fold's turn, milliseconds, each time a sync is done (EEVDF, Linux 6.12).
// Threads that it starts, io_uring's own among them, inherit it.
void ask_for_turns_of(std::chrono::nanoseconds length) noexcept;

}  // namespace coaxd::daemon
