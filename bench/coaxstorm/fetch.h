// fetch.h: one file's way by TFTP, as its client sees it: packets go in, and what is to be sent comes out. A value: no socket, clock or
// heap, so a test plays any course of events. It shares the codec of packets with the server, and nothing else. Single thread.
// Source: RFC 1350 §2 and §6, RFC 2347 to 2349 (options), RFC 7440 §4 (windows).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bench/coaxstorm/violation.h"
#include "server/tftp/packet.h"

namespace coaxd::storm {

class Fetch {
 public:
  enum class Next : std::uint8_t {
    none,      // nothing is to be sent
    answer,    // write() is to be sent
    complete,  // the same, and the file has come whole
    refused,   // the server has sent an ERROR
    broken,    // the server broke a rule: an ERROR is to be sent, and nothing more comes of it
  };
  struct Step {
    Next next = Next::none;
    Bytes octets{};                      // the file's next
    std::optional<Violation> violation{};  // of broken, or of what is complete and has not the size that was told
  };

  // `asked`: the options of the request. From the server that the transfer is with, which the caller sees to.
  Step take(const tftp::Packet& packet, const tftp::Options& asked) noexcept;
  // What was sent last, first and again: the request, or an ACK. Returns its size; 0 if it does not fit.
  std::size_t write(MutableBytes out, std::string_view name, const tftp::Options& asked) const noexcept;

  bool heard() const noexcept { return heard_; }  // the server has answered the request
  std::uint64_t octets() const noexcept { return octets_; }

 private:
  Step take_options(const tftp::Packet& packet, const tftp::Options& asked) noexcept;
  Step take_data(const tftp::Packet& packet) noexcept;

  bool heard_ = false;
  bool gap_told_ = false;  // the server knows that blocks are missing
  std::uint16_t block_size_ = tftp::kPlainBlockSize, window_ = 1, in_window_ = 0;
  std::uint64_t last_ = 0;  // block taken, not wrapped
  std::uint64_t octets_ = 0;
  std::optional<std::uint64_t> size_;  // of the file, if it was told (RFC 2349)
};

}  // namespace coaxd::storm
