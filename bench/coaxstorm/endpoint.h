// endpoint.h: one UDP socket of the generator, which sends and receives in batches (send_batch.h, receive_batch.h). It plays many
// hosts at once: each datagram names the address it comes from. Owns its socket and buffers; nothing is allocated after open().
// Single thread.
// Errors: open() says in a sentence what the kernel refused. A datagram that cannot be sent is counted and lost, as on a wire.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "bench/coaxstorm/receive_batch.h"
#include "bench/coaxstorm/socket_address.h"
#include "server/base/bytes.h"

namespace coaxd::storm {

// Whether queries leave, and replies are taken, several at once (send_batch.h).
enum class Trains : std::uint8_t {
  on_cards,  // if the way to the server is by a card: nobody but the own host's captures sees one
  always,
  never,
};

class Endpoint {
 public:
  static constexpr std::size_t kBatch = 256;     // datagrams that leave together at most
  static constexpr std::size_t kSendRoom = 576;

  // Bound to one address every datagram comes from it. Bound to any, `from` of commit() chooses, and need not be configured on
  // an interface (IP_FREEBIND); to hear the answers the host needs `ip route add local NET dev lo`.
  static std::expected<Endpoint, std::string> open(SocketAddress local, SocketAddress server, Trains trains);
  // The same for what hosts have to do with several servers, or with several ports of one: each datagram says where it goes, and each
  // that arrives where it came from. None goes in trains.
  static std::expected<Endpoint, std::string> open_to_all(SocketAddress local);
  Endpoint(Endpoint&&) noexcept;
  Endpoint& operator=(Endpoint&&) noexcept;
  ~Endpoint();

  // Room for the next datagram, kSendRoom octets, valid until commit().
  std::uint8_t* reserve() noexcept;
  void commit(std::size_t size, Ipv4 from) noexcept;
  void commit(std::size_t size, Ipv4 from, SocketAddress to) noexcept;
  void flush() noexcept;

  // What has arrived, without waiting; valid until the next call.
  std::span<const Bytes> receive() noexcept;
  const ReceiveBatch::Way& way(std::size_t datagram) const noexcept;  // of what receive() gave; after open_to_all()

  int fd() const noexcept;
  bool uses_trains() const noexcept;
  std::uint64_t sent() const noexcept;
  std::uint64_t received() const noexcept;
  std::uint64_t send_errors() const noexcept;
  std::uint64_t receive_drops() const noexcept;  // lost at our own socket buffer (SO_RXQ_OVFL)

 private:
  struct State;  // buffers and kernel structures, which point at each other and so must not move
  explicit Endpoint(std::unique_ptr<State> state) noexcept;
  static std::expected<Endpoint, std::string> bind_to(SocketAddress local, std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace coaxd::storm
