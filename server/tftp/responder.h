// responder.h: a read-only TFTP server as a value: datagrams and the time go in, datagrams come out (RFC 1350 with the options of RFC 2347, 2348, 2349 and 7440).
// Touches no socket, file, clock or global, so equal inputs give equal outputs. One thread; a worker has one of its own. All memory is taken at construction:
// no packet allocates, unless the FileSource does.
//
// Ports. RFC 1350 §4 wants a server to answer from a port of the transfer's own, its TID, so that what is left over from one transfer cannot be taken for
// another's. A socket each would be 20,000 sockets when a plant comes back; but what makes a transfer is the pair of TIDs, and the client's is its own. So
// transfers share a few sockets, one picked at random for each: a client that starts anew from the port it had is not likely to meet its own late packets. With no
// transfer socket everything goes over port 69 (`single-port`): a firewall that knows nothing of TFTP passes it, nearly every client
// takes it, and a stranger need guess only the client's port.
//
// A lost packet is sent again by time alone, with back-off; a repeated ACK never has anything sent (RFC 1123 §4.2.3.1), nor does an ERROR.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "server/tftp/counters.h"
#include "server/tftp/files.h"
#include "server/tftp/transfer_table.h"

namespace coaxd::tftp {

// Where a datagram came from and where it went.
struct Arrival {
  Endpoint from{};
  Ipv4 to{};                      // our address that it was sent to
  std::uint8_t socket = 0;        // 0: port 69; 1 and up: the transfer sockets
  std::uint16_t path_mtu = 1500;  // the smallest on the way to the client, as far as it is known: no DATA will be fragmented
};
struct Departure {
  Endpoint to{};
  Ipv4 from{};
  std::uint8_t socket = 0;
};

// For the log. `name` and `text` are the client's octets, whatever they hold, and valid during the call.
struct Event {
  enum class Kind : std::uint8_t { refused, started, completed, failed };
  Kind kind = Kind::refused;
  Reason reason = Reason::none;  // refused, failed
  std::string_view label{};      // the reason's, or FileAnswer::label
  Endpoint client{};
  Ipv4 server{};
  std::string_view name{};
  std::string_view text{};  // of the ERROR that was sent, or came from the client
  std::uint64_t size = 0;          // of the file
  std::uint64_t acknowledged = 0;  // octets of it
  std::uint32_t resent = 0;        // packets
  std::int64_t duration_ns = 0;
  std::uint16_t block_size = 0, window = 0;
};

// What a responder has of the outside.
class Outlet {
 public:
  // Room for one datagram of Settings::largest_datagram octets; the same again until it is sent. Empty: none at present, try later.
  virtual MutableBytes room() = 0;
  // The first `size` octets of room().
  virtual void send(std::size_t size, const Departure& departure) = 0;
  virtual void log(const Event& event) = 0;

 protected:
  ~Outlet() = default;
};

struct Settings {
  std::size_t transfers = 16384;         // at once; beyond it requests are not answered, and clients ask again
  std::uint8_t transfer_sockets = 4;     // 0: single-port
  unsigned per_source = 8;               // transfers at once for one address
  std::vector<Prefix> proxies{};         // CMTSs that fetch for their modems: they have no such limit
  std::uint16_t largest_datagram = 1472; // what room() holds
  std::uint16_t largest_window = 16;     // RFC 7440 §6: it is the other side's network as well
  Millis first_timeout{1000}, longest_timeout{8000};  // RFC 1123 §4.2.3.2: doubled with each try. A modem's own begins at 1 s as well
  unsigned tries = 6;                    // of one packet, before the client counts as gone: 1 + 2 + 4 + 8 + 8 + 8 seconds
  unsigned tries_unheard = 4;            // while it has not acknowledged anything: its address may be somebody else's word
  Millis linger{3000};                   // how long a transfer that is over is known
  Millis file_wait{10'000};              // for a pending file
  HashSeed seed{};
};

class Responder final {
 public:
  Responder(const Settings& settings, FileSource& files, Outlet& outlet, Instant now);
  ~Responder();
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  void on_datagram(Bytes datagram, const Arrival& arrival, Instant now);
  // The answer to open() that was pending. A ticket whose transfer is over is ignored.
  void answer(Ticket ticket, const FileAnswer& answer, Instant now);
  void on_time(Instant now);
  // When on_time() has something to do, in monotonic time; TimerWheel::kNoTime if never.
  std::int64_t next_ns() const noexcept { return table_.next_ns(); }

  const Counters& counters() const noexcept { return counters_; }
  std::size_t open() const noexcept { return table_.open(); }

 private:
  void on_request(const Packet& packet, const Arrival& arrival, Instant now);
  void on_ack(std::uint16_t block, const Arrival& arrival, Instant now);
  void on_error(const Packet& packet, const Arrival& arrival, Instant now);
  Reason admit(const Arrival& arrival) const noexcept;
  void repeat(Transfer& transfer, Instant now);
  void begin(Transfer& transfer, std::shared_ptr<const Contents> contents, Instant now);
  void proceed(Transfer& transfer, Instant now);
  bool send_oack(Transfer& transfer);
  bool send_block(Transfer& transfer, std::uint64_t block, Instant now);
  void on_timeout(Transfer& transfer, Instant now);
  void arm(const Transfer& transfer, Instant now) noexcept;
  void end(Transfer& transfer, Reason reason, Instant now, std::string_view text = {});
  void refuse(Reason reason, const Arrival& arrival, std::string_view name, const FileAnswer& answer);
  void refuse(Reason reason, const Arrival& arrival, std::string_view name = {});
  void send_error(const Departure& departure, ErrorCode code, std::string_view text);
  void send(std::size_t size, const Departure& departure);
  unsigned most_tries(const Transfer& transfer) const noexcept;
  std::int64_t timeout_ns(const Transfer& transfer) const noexcept;
  std::uint8_t pick_socket(const Transfer& transfer) const noexcept;
  Options agreed(const Transfer& transfer) const noexcept;
  bool is_proxy(Ipv4 address) const noexcept;

  const Settings settings_;
  FileSource& files_;
  Outlet& outlet_;
  TransferTable table_;
  Counters counters_;
};

}  // namespace coaxd::tftp
