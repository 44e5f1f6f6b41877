// events.h: what happens, for whoever follows `GET /v1/events` (server-sent events, WHATWG HTML §9.2): a ring of the newest events, and followers that each read it at their own
// pace. So a follower costs no memory for what it has not taken yet; one that the ring has overtaken is cut off. Control thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/http.h"

namespace coaxd::api {

class Events : public std::enable_shared_from_this<Events> {
 public:
  static constexpr std::size_t kKept = 10'000, kKeptOctets = 16 << 20;  // events carry evidence, which may be large

  // `first`: the number of the first event; above those of an earlier life of the server, so that a follower that comes back hears what it has missed.
  explicit Events(std::uint64_t first) : next_(first) {}

  // `data` is one line.
  void tell(std::string_view kind, std::string_view data);
  // From behind the event with that number; without one, from now on. What is not kept any more is missed, and a comment says so.
  std::shared_ptr<Stream> follow(std::string_view last_event_id);

  std::size_t followers() const noexcept { return followers_; }
  std::uint64_t cut_off() const noexcept { return cut_off_; }
  std::uint64_t told() const noexcept { return told_; }

 private:
  class Follower;
  std::uint64_t oldest() const noexcept { return next_ - kept_.size(); }

  std::deque<std::string> kept_;  // as they are sent
  std::size_t octets_ = 0;        // of those
  std::uint64_t next_;
  std::vector<Follower*> waiting_;
  std::size_t followers_ = 0;
  std::uint64_t cut_off_ = 0, told_ = 0;
};

}  // namespace coaxd::api
