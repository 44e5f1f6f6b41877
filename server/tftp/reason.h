// reason.h: why a packet got no file, or a transfer no end. The enumerator is the counter's index, the metric's label, the log's key and the tests' expectation.
// One row each: its label, the ERROR that the other side is sent (RFC 1350 §5; `silence`: none), and that packet's text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coaxd::tftp {

// RFC 1350 appendix; 8 is RFC 2347's.
enum class ErrorCode : std::uint16_t {
  undefined = 0,
  file_not_found = 1,
  access_violation = 2,
  allocation_exceeded = 3,
  illegal_operation = 4,
  unknown_transfer = 5,
  file_exists = 6,
  no_such_user = 7,
  option_refused = 8,
  silence = 0xffff,  // never on the wire
};

#define COAXD_TFTP_REASONS(X)                                                                                                      \
  X(none, "", silence, "")                                                                                                         \
  /* not a packet that we could understand */                                                                                      \
  X(too_short, "too-short", silence, "")                                                                                           \
  X(unknown_opcode, "unknown-opcode", illegal_operation, "unknown opcode")                                                         \
  X(name_missing, "name-missing", illegal_operation, "the request has no file name")                                               \
  X(name_too_long, "name-too-long", illegal_operation, "the file name is longer than 255 octets")                                  \
  X(mode_missing, "mode-missing", illegal_operation, "the request has no transfer mode")                                           \
  X(unknown_mode, "unknown-mode", illegal_operation, "the transfer mode is neither octet nor netascii")                            \
  X(option_incomplete, "option-incomplete", illegal_operation, "the request ends within an option")                                \
  /* a packet that is not for us to answer */                                                                                      \
  X(implausible_source, "implausible-source", silence, "")                                                                         \
  X(broadcast, "broadcast", silence, "")                                                                                           \
  X(unexpected_opcode, "unexpected-opcode", illegal_operation, "this server sends files and takes none")                           \
  X(request_elsewhere, "request-elsewhere", illegal_operation, "requests are not taken at this port")                                \
  X(unknown_transfer, "unknown-transfer", unknown_transfer, "no such transfer")                                                    \
  X(wrong_port, "wrong-port", silence, "")                                                                                         \
  X(after_the_end, "after-the-end", silence, "")                                                                                   \
  X(stray_error, "stray-error", silence, "")                                                                                       \
  /* acknowledgements that move nothing */                                                                                         \
  X(duplicate_ack, "duplicate-ack", silence, "")                                                                                   \
  X(old_ack, "old-ack", silence, "")                                                                                               \
  X(unsent_ack, "unsent-ack", silence, "")                                                                                         \
  /* requests that we refuse */                                                                                                    \
  X(write_refused, "write-refused", access_violation, "this server takes no files")                                                \
  X(file_not_found, "file-not-found", file_not_found, "file not found")                                                            \
  X(access_violation, "access-violation", access_violation, "access denied")                                                       \
  X(file_error, "file-error", undefined, "the file cannot be served")                                                              \
  X(too_many_from_source, "too-many-from-source", allocation_exceeded, "too many transfers to your address")                       \
  X(busy, "busy", silence, "")                                                                                                     \
  /* transfers that end early */                                                                                                   \
  X(client_error, "client-error", silence, "")                                                                                     \
  X(superseded, "superseded", silence, "")                                                                                         \
  X(no_answer, "no-answer", silence, "")                                                                                           \
  X(unconfirmed, "unconfirmed", silence, "")                                                                                       \
  X(file_late, "file-late", undefined, "the file was not ready in time")                                                           \
  X(read_failed, "read-failed", undefined, "the file could not be read")

enum class Reason : std::uint8_t {
#define COAXD_ENUMERATOR(name, label, code, text) name,
  COAXD_TFTP_REASONS(COAXD_ENUMERATOR)
#undef COAXD_ENUMERATOR
  count
};

struct ReasonRow {
  std::string_view label;
  ErrorCode reply;
  std::string_view text;
};
inline constexpr std::array<ReasonRow, static_cast<std::size_t>(Reason::count)> kReasons{{
#define COAXD_ROW(name, label, code, text) {label, ErrorCode::code, text},
    COAXD_TFTP_REASONS(COAXD_ROW)
#undef COAXD_ROW
}};

constexpr const ReasonRow& row(Reason reason) noexcept { return kReasons[static_cast<std::size_t>(reason)]; }
constexpr std::string_view to_string(Reason reason) noexcept { return row(reason).label; }

}  // namespace coaxd::tftp
