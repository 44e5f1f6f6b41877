// asio_transport.h: worker::Transport over Boost.Asio and recvmmsg/sendmmsg, for kernels and containers that forbid io_uring. Same
// behaviour, same tests; journal writes go through one helper thread because plain files have no readiness. Owned by one worker.
#pragma once

#include <memory>

#include "server/io/sockets.h"
#include "server/io/uring_transport.h"
#include "server/worker/transport.h"

namespace coaxd::io {

std::unique_ptr<worker::Transport> make_asio_transport(WorkerSockets& sockets, const InterfaceTable& interfaces,
                                                       const TransportOptions& options);

}  // namespace coaxd::io
