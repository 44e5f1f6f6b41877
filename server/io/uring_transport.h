// uring_transport.h: worker::Transport over io_uring: multishot receive into a ring of provided buffers, replies and journal writes queued
// in the submission ring, one system call per turn. Owned by one worker; constructed anywhere, used by the worker's thread only
// (IORING_SETUP_SINGLE_ISSUER: the first wait() binds the ring to its thread).
#pragma once

#include <memory>

#include "server/config/reply_trains.h"
#include "server/io/sockets.h"
#include "server/worker/transport.h"

namespace coaxd::io {

struct TransportOptions {
  std::uint16_t port = engine::kServerPort;
  std::size_t transmit_buffers = 8192;  // held replies + probes + sends in flight
  config::ReplyTrains trains = config::ReplyTrains::on_cards;
};

// Null with `error` set when the kernel or the container forbids io_uring (ENOSYS, EPERM, ENOMEM ...).
std::unique_ptr<worker::Transport> make_uring_transport(WorkerSockets& sockets, const InterfaceTable& interfaces,
                                                        const TransportOptions& options, int& error);

}  // namespace coaxd::io
