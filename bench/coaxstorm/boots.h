// boots.h: what modems do between their ACK and being up: the time of day (RFC 868), then their file (TFTP, fetch.h), each from the modem's own address,
// and over one socket: what tells one transfer from another is the address, so 20,000 modems need no 20,000 sockets. Whoever gets no answer asks again,
// and waits twice as long each time; who has asked often enough has failed, and begins with DHCP again, which is the caller's part.
// Places for those under way are taken at the start; nothing is allocated later. `now` is a value, and the clock is asked only
// for what a server's time of day is compared with. Single thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/coaxstorm/address_book.h"
#include "bench/coaxstorm/endpoint.h"
#include "bench/coaxstorm/fetch.h"
#include "bench/coaxstorm/file_check.h"
#include "bench/coaxstorm/histogram.h"
#include "bench/coaxstorm/population.h"
#include "bench/coaxstorm/timeouts.h"

namespace coaxd::storm {

struct BootSettings {
  bool time = false, file = false;     // which steps there are
  bool check = false;                  // the file must be the modem's own (file_check.h)
  bool patient = false;                // an ERROR is answered by asking again, at the next timeout
  std::uint16_t time_port = 37, tftp_port = 69;
  tftp::Options options{};             // of requests
  std::uint32_t places = 0;            // modems under way at a time
  BackOff back_off{};                  // of both steps
  std::uint32_t attempts = 5;          // transmissions of one packet
};

struct BootFigures {
  Histogram time, file;  // from the first request to the answer, or to the last block
  std::uint64_t files = 0, octets = 0;
  std::uint64_t sent_again = 0;
  std::uint64_t errors = 0;      // ERROR packets from the server
  std::uint64_t without_time = 0;  // went on without it: no modem that boots today insists
  std::uint64_t failed = 0;
  std::uint64_t strays = 0;      // of no transfer that is under way, or of its server's other port
};

class Boots {
 public:
  // Called when a modem is through, or has failed. It may begin() another.
  using Ended = std::function<void(std::uint32_t client, bool up, std::int64_t now_ns)>;

  // `population` is where violations are counted, and MACs come from. `hosts` is open to all (endpoint.h).
  Boots(const BootSettings& settings, Population& population, Endpoint& hosts);

  // Whether the ACK says all that a modem needs.
  bool wants(const BootFile& file) const noexcept {
    return (!settings_.file || (!file.name.empty() && !file.server.is_zero())) && (!settings_.time || !file.time_server.is_zero());
  }
  bool full() const noexcept { return free_.empty(); }
  std::uint32_t under_way() const noexcept { return static_cast<std::uint32_t>(places_.size() - free_.size()); }
  // Not when full. The file's name is copied; one of more than 255 octets is cut.
  void begin(std::uint32_t client, Ipv4 address, const BootFile& file, std::int64_t now_ns) noexcept;
  // A datagram from `hosts`, and which way it came.
  void take(Bytes datagram, const ReceiveBatch::Way& way, std::int64_t now_ns, const Ended& ended);
  void expire(std::int64_t now_ns, const Ended& ended);
  void abandon(std::int64_t now_ns, const Ended& ended);  // all who are under way: the run is over
  std::int64_t earliest() noexcept { return timeouts_.earliest(); }  // expire() has something to do then
  Endpoint& hosts() noexcept { return hosts_; }
  const BootFigures& figures() const noexcept { return figures_; }

 private:
  // What a modem waits for.
  enum class For : std::uint8_t { time, file };

  struct Place {
    std::uint32_t client = kNobody;
    Ipv4 address, server, time_server;
    std::uint16_t port = 0;  // of the server, for this transfer (its TID, RFC 1350 §4); 0: not heard of
    For waits_for = For::time;
    std::uint8_t name_size = 0;
    std::int64_t asked_ns = 0;
    Fetch fetch{};
    FileCheck check{};
    char name[tftp::kMaxName] = {};

    std::string_view file() const noexcept { return {name, name_size}; }
  };
  static_assert(sizeof(Place) <= 512, "131,072 of them, and a million clients, in 200 MB");

  void ask_for_file(std::uint32_t number, std::int64_t now_ns) noexcept;
  void send(const Place& place) noexcept;
  void send_error(Ipv4 from, SocketAddress to, tftp::ErrorCode code, std::string_view text) noexcept;
  void take_time(std::uint32_t number, Bytes answer, std::int64_t now_ns, const Ended& ended);
  void take_packet(std::uint32_t number, const tftp::Packet& packet, std::uint16_t port, std::int64_t now_ns, const Ended& ended);
  void complete(std::uint32_t number, std::int64_t now_ns, const Ended& ended);
  void end(std::uint32_t number, bool up, std::int64_t now_ns, const Ended& ended);
  void count(Violation violation, const Place& place);

  BootSettings settings_;
  Population& population_;
  Endpoint& hosts_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
  AddressBook by_address_;
  Timeouts timeouts_;
  BootFigures figures_;
};

}  // namespace coaxd::storm
