// transfer.h: one file on its way to one client: what has been agreed, what has been sent, what has been acknowledged. A value and its arithmetic, without
// packets, tables or timers; one thread.
//
// Blocks are numbered from 1 and never wrap here: 64 bits inside, their low 16 on the wire, so that block 65536 is 0 there (RFC 1350 says nothing of it, and this is
// what clients of large files expect).
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "server/tftp/files.h"
#include "server/tftp/packet.h"

namespace coaxd::tftp {

// The most that this server agrees to, for one request.
struct Limits {
  std::uint16_t largest_block = 65464;  // of DATA's octets, from the path's MTU among others
  std::uint16_t largest_window = 16;
};

// RFC 2347: of what was asked, what is agreed: never an option that was not asked for, never more than was asked.
inline Options agree(const Options& asked, const Limits& limits, std::uint64_t file_size) noexcept {
  Options agreed;
  if (asked.has(Option::blksize)) agreed.set(Option::blksize, std::min<std::uint64_t>(asked.get(Option::blksize), limits.largest_block));  // RFC 2348
  if (asked.has(Option::timeout)) agreed.set(Option::timeout, asked.get(Option::timeout));  // RFC 2349: as it was asked
  if (asked.has(Option::tsize)) agreed.set(Option::tsize, file_size);                       // RFC 2349: the real size
  if (asked.has(Option::windowsize)) {                                                      // RFC 7440 §3
    agreed.set(Option::windowsize, std::min<std::uint64_t>(asked.get(Option::windowsize), limits.largest_window));
  }
  return agreed;
}

class Transfer {
 public:
  enum class State : std::uint8_t {
    free,
    opening,   // the file has been asked for
    offering,  // OACK sent, nothing acknowledged
    sending,
    over,      // all is acknowledged; kept for a while, so that late packets are known for what they are
  };
  enum class Verdict : std::uint8_t { moved, complete, duplicate, old, unsent };

  // From the beginning, with the octets that it has.
  void begin(const Options& agreed) noexcept {
    block_size = static_cast<std::uint16_t>(agreed.get(Option::blksize, kPlainBlockSize));
    window = static_cast<std::uint16_t>(agreed.get(Option::windowsize, 1));
    blocks = contents->size() / block_size + 1;  // RFC 1350 §6: the last is shorter than the others, empty if need be
    acknowledged = 0;
    next = 1;
    highest = 0;
    repeated = false;
    state = agreed.empty() ? State::sending : State::offering;
  }

  // The same request once more: the client has lost the first answer, or it has started again; then its place is at the beginning. Or the network has
  // delivered one request twice; then the client is where it was, and will tell by an acknowledgement that it could not send otherwise. `highest` lets
  // that one through. Not where numbers have come close to wrapping: there an old one could be taken for another block's. And not the acknowledgement of the
  // last block: it may be that of a transfer that was just complete, and its port in use again; who really has everything needs nothing more.
  void begin_again(const Options& agreed) noexcept {
    const std::uint64_t sent = highest;
    begin(agreed);
    repeated = true;
    if (sent <= kFarthest) highest = sent;
  }

  // RFC 1350 §2, RFC 7440 §4: all up to `number` has arrived; what follows is to be sent (again). Never because of a duplicate: RFC 1123 §4.2.3.1.
  Verdict acknowledge(std::uint16_t number) noexcept {
    const auto ahead = static_cast<std::uint16_t>(number - static_cast<std::uint16_t>(acknowledged));
    if (state == State::offering && ahead == 0) {
      repeated = false;
      state = State::sending;  // RFC 2347: an ACK of block 0 confirms the OACK
      return Verdict::moved;
    }
    if (ahead == 0) return Verdict::duplicate;
    if (ahead > kFarthest) return Verdict::old;
    if (acknowledged + ahead > highest) return Verdict::unsent;
    if (repeated && acknowledged + ahead == blocks && acknowledged + ahead >= next) return Verdict::old;
    state = State::sending;
    repeated = false;
    acknowledged += ahead;
    next = acknowledged + 1;
    return acknowledged == blocks ? Verdict::complete : Verdict::moved;
  }

  // Go back n: all that is not acknowledged counts as lost.
  void go_back() noexcept { next = acknowledged + 1; }
  std::uint64_t window_end() const noexcept { return std::min(acknowledged + window, blocks); }
  std::uint64_t offset_of(std::uint64_t block) const noexcept { return (block - 1) * block_size; }
  std::size_t size_of(std::uint64_t block) const noexcept {
    return static_cast<std::size_t>(std::min<std::uint64_t>(block_size, contents->size() - offset_of(block)));
  }
  void sent(std::uint64_t block) noexcept {
    next = block + 1;
    highest = std::max(highest, block);
  }

  // Half of the numbers: further ahead is behind. Windows are far smaller (Limits).
  static constexpr std::uint16_t kFarthest = 0x7fff;

  // --- who: set by the table, constant until it is free again ---
  Endpoint client;
  Ipv4 server;              // RFC 1123 §4.2.2.2 for UDP in general: answers come from the address that was asked
  std::uint8_t socket = 0;  // on which it is spoken: our TID
  // --- where it stands ---
  State state = State::free;
  std::uint8_t tries = 0;    // since anything moved
  bool starved = false;      // no room to send in: nothing is lost, and the timer is not the client's
  bool repeated = false;     // begun again, and nothing acknowledged since
  bool heard = false;        // the client has acknowledged something: it is there
  std::uint16_t path_mtu = 0;
  std::uint16_t block_size = kPlainBlockSize, window = 1;
  std::uint16_t timeout_s = 0;  // the client's wish, 0: none
  std::uint32_t generation = 0;
  std::uint32_t resent = 0;
  std::uint64_t acknowledged = 0, next = 1, highest = 0, blocks = 0;
  std::int64_t started_ns = 0, over_ns = 0;
  std::shared_ptr<const Contents> contents;
  std::uint32_t chain = 0, older = 0, newer = 0;  // the table's
};

}  // namespace coaxd::tftp
