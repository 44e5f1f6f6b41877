// transport.h: everything a worker has of the outside world: packets in and out, its disk, the time. One per worker, called by that worker's
// thread only (wake() excepted). Real ones: io/uring_transport.h, io/asio_transport.h; tests/sim has one in memory. All
// pass the same tests.
//
// Rhythm: wait() blocks until something is there or the time has come, then delivers a bounded batch to the handler. What the
// handler sends or writes meanwhile is queued and goes out with the next wait() or flush(): one system call for a batch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "server/base/bytes.h"
#include "server/base/time.h"
#include "server/engine/arrival.h"
#include "server/engine/drop_reason.h"
#include "server/store/disk.h"
#include "server/tftp/responder.h"
#include "server/wire/frame.h"

namespace coaxd::worker {

// Room for one reply. `payload` starts behind headroom for Ethernet, IP and UDP headers, so that a frame needs no copy.
struct TransmitBuffer {
  std::uint32_t index = 0;
  std::uint8_t* frame = nullptr;  // null: none was free
  static constexpr std::size_t kHeadroom = wire::kFrameOverhead;
  static constexpr std::size_t kPayload = 1472;  // 1500 less IP and UDP headers: the largest reply option 57 can ask for here
  MutableBytes payload() const noexcept { return {frame + kHeadroom, kPayload}; }
  explicit operator bool() const noexcept { return frame != nullptr; }
};

// What an arrival or departure of the services says instead of the number of one of TFTP's sockets: port 37.
inline constexpr std::uint8_t kTimeSocket = 255;

class Handler {
 public:
  // Some that on_datagram() will be given soon, after a few others: the time to fetch what they need into the cache. At most engine::kComing.
  virtual void on_coming([[maybe_unused]] std::span<const Bytes> payloads) {}
  // A DHCP payload. Valid during the call.
  virtual void on_datagram(Bytes payload, const engine::Arrival& arrival) = 0;
  // Something arrived that is no datagram of ours (broken frame, broadcast on a socket for unicast ...).
  virtual void on_discarded(engine::DropReason reason) = 0;
  virtual void on_echo_reply(Ipv4 from, std::uint16_t id, std::uint16_t sequence) = 0;
  virtual void on_disk(std::uint64_t token, int result) = 0;
  virtual void on_send_failed(int error) = 0;
  // A datagram for TFTP or for the time of day, in the order in which they came. Valid during the call.
  virtual void on_service([[maybe_unused]] Bytes payload, [[maybe_unused]] const tftp::Arrival& arrival) {}
  virtual void on_service_send_failed([[maybe_unused]] int error) {}

 protected:
  ~Handler() = default;
};

class Transport {
 public:
  static constexpr std::size_t kBatch = 64;
  // DISCOVERs have what others leave of a batch, and this much at least: a flood of renewals must not keep new clients out for ever.
  static constexpr std::size_t kLeastDiscovers = kBatch / 8;
  // Leasequeries have what io/leasequery_share.h says.
  // Behind all of these, TFTP and the time of day: what is left, and this much at least.
  static constexpr std::size_t kLeastServices = kBatch / 8;

  virtual ~Transport() = default;

  // The two clocks, read now and disciplined (base/time.h). A worker calls it once per batch.
  virtual Instant now() = 0;
  // Delivers kBatch datagrams or a few more (what came as one train is not torn) and every completion that is there; returns early when
  // woken. `until_mono_ns` as in Instant. `completions` leaves datagrams where they are, for a worker that wants to come to rest
  // without losing one. True: the batch was full, so more datagrams are likely to wait.
  enum class Intake : std::uint8_t { everything, completions };
  virtual bool wait(Handler& handler, std::int64_t until_mono_ns, Intake intake) = 0;
  virtual void flush() = 0;
  // From any thread: makes the running or next wait() return.
  virtual void wake() = 0;

  // A buffer is the caller's until send() or give_back(). The pool's size is the transport's: held replies + probes + sends in flight.
  virtual TransmitBuffer take() = 0;
  virtual void give_back(TransmitBuffer buffer) = 0;
  virtual void send(TransmitBuffer buffer, std::size_t payload_size, const engine::Departure& departure) = 0;

  // ICMP echo request (ping-check). False: not possible (no raw socket); the caller offers without asking.
  virtual bool send_echo(Ipv4 to, std::uint16_t id, std::uint16_t sequence) = 0;

  // TFTP and the time of day, with buffers of their own. Room for one datagram, the same again until it is sent; empty: none just now, or no such
  // socket. Then its first octets, to leave by the socket that the departure names.
  static constexpr std::size_t kServiceRoom = TransmitBuffer::kPayload;
  virtual MutableBytes service_room() { return {}; }
  virtual void send_service([[maybe_unused]] std::size_t size, [[maybe_unused]] const tftp::Departure& departure) {}

  virtual store::AsyncDisk& disk() = 0;
};

}  // namespace coaxd::worker
