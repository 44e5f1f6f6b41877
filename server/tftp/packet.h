// packet.h: TFTP's packets as values (RFC 1350 §5) with the options of RFC 2347, 2348, 2349 and 7440, read and written. Views point into the datagram that was
// read. No socket, clock or heap; any thread.
//
// Reading is liberal where senders differ: names of options and modes in either case, zeros behind the last option, values that are out of range (such an option
// is as if it had not been asked for, RFC 2347; one that asks for too much is lowered). It is strict where a guess could send the wrong file.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

#include "server/base/bytes.h"
#include "server/tftp/reason.h"

namespace coaxd::tftp {

enum class Opcode : std::uint16_t { rrq = 1, wrq = 2, data = 3, ack = 4, error = 5, oack = 6 };

inline constexpr std::size_t kHeaderSize = 4;      // of DATA, ACK and ERROR
inline constexpr std::size_t kPlainBlockSize = 512;  // RFC 1350 §2, when nothing else is agreed
inline constexpr std::size_t kMaxName = 255;       // as long as DHCP option 67 can be; `file` holds 128
inline constexpr std::size_t kMaxErrorText = 128;

// The options we know. Their limits are a row each (packet.cc): a new option is a row, and what it means to a transfer.
enum class Option : std::uint8_t { blksize, timeout, tsize, windowsize, count };

class Options {
 public:
  bool has(Option option) const noexcept { return (present_ & bit(option)) != 0; }
  bool empty() const noexcept { return present_ == 0; }
  std::uint64_t get(Option option, std::uint64_t otherwise = 0) const noexcept { return has(option) ? values_[index(option)] : otherwise; }
  void set(Option option, std::uint64_t value) noexcept {
    present_ = static_cast<std::uint8_t>(present_ | bit(option));
    values_[index(option)] = value;
  }
  bool operator==(const Options&) const noexcept = default;

 private:
  static constexpr std::size_t index(Option option) noexcept { return static_cast<std::size_t>(option); }
  static constexpr std::uint8_t bit(Option option) noexcept { return static_cast<std::uint8_t>(1u << index(option)); }

  std::array<std::uint64_t, static_cast<std::size_t>(Option::count)> values_{};  // 0 where not present
  std::uint8_t present_ = 0;
};

// netascii is sent as octets too: what modems fetch is binary whatever they call it, and a translated file would fail its MIC.
enum class Mode : std::uint8_t { netascii, octet };

struct Packet {
  Opcode opcode = Opcode::rrq;
  std::uint16_t block = 0;                // DATA, ACK
  ErrorCode error = ErrorCode::undefined;  // ERROR
  Mode mode = Mode::octet;                // RRQ, WRQ
  std::uint8_t options_ignored = 0;       // RRQ, WRQ, OACK: unknown, repeated or impossible; at most 255 are counted
  std::string_view text;                  // RRQ, WRQ: the file's name, 1 to kMaxName octets without NUL; ERROR: its message, perhaps cut short
  Bytes data;                             // DATA
  Options options;                        // RRQ, WRQ, OACK
};

std::expected<Packet, Reason> parse(Bytes datagram) noexcept;

// Each returns the datagram's size, or 0 if it does not fit. The server writes OACK, ERROR and DATA's header, whose octets follow it; the rest is for clients.
std::size_t write_data_header(MutableBytes out, std::uint16_t block) noexcept;
std::size_t write_oack(MutableBytes out, const Options& options) noexcept;
std::size_t write_error(MutableBytes out, ErrorCode code, std::string_view text) noexcept;  // a text beyond kMaxErrorText is cut
std::size_t write_ack(MutableBytes out, std::uint16_t block) noexcept;
std::size_t write_request(MutableBytes out, Opcode opcode, std::string_view name, std::string_view mode, const Options& options) noexcept;

}  // namespace coaxd::tftp
