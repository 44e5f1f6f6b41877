// files.h: which octets a request gets. The responder asks a FileSource once for each transfer, and sends what it was given to the end: retries and repeated
// requests get the very same octets, as a modem's file with the time in it must (TLV 19).
// A source belongs to one responder and is called by its thread. What it hands out may be shared between threads: it is immutable and counts its users.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/time.h"
#include "server/tftp/endpoint.h"
#include "server/tftp/reason.h"

namespace coaxd::tftp {

// A file's octets, which never change. read() may be called by any thread.
class Contents {
 public:
  explicit Contents(std::uint64_t size) noexcept : size_(size) {}
  Contents(const Contents&) = delete;
  Contents& operator=(const Contents&) = delete;
  virtual ~Contents() = default;

  std::uint64_t size() const noexcept { return size_; }
  // Fills `out` from `offset`, all within the size. False: it could not be read, and the transfer ends with an ERROR.
  [[nodiscard]] virtual bool read(std::uint64_t offset, MutableBytes out) const noexcept = 0;

 private:
  const std::uint64_t size_;
};

class MemoryContents final : public Contents {
 public:
  explicit MemoryContents(std::vector<std::uint8_t> octets) noexcept : Contents(octets.size()), octets_(std::move(octets)) {}
  bool read(std::uint64_t offset, MutableBytes out) const noexcept override {
    if (!out.empty()) std::memcpy(out.data(), octets_.data() + offset, out.size());
    return true;
  }
  Bytes octets() const noexcept { return octets_; }

 private:
  const std::vector<std::uint8_t> octets_;
};

// Names one transfer; never used again for another.
enum class Ticket : std::uint64_t {};

struct FileQuery {
  std::string_view name{};  // as the client wrote it: 1 to 255 octets, anything but NUL. Valid during the call
  Endpoint client{};        // a modem's address, or that of a CMTS that fetches for it
  Ipv4 server{};            // ours, which the request was sent to
  Instant now{};
  Ticket ticket{};
};

struct FileAnswer {
  enum class Status : std::uint8_t { ready, pending, refused };
  Status status = Status::refused;
  std::shared_ptr<const Contents> contents;      // ready
  ErrorCode code = ErrorCode::file_not_found;    // refused: what the client is told
  std::string_view text;                         // refused: in words; valid until the responder has returned. Empty: the code's own
  std::string_view label = {};                   // refused: why, where the source knows it better than the code; a literal

  static FileAnswer ready(std::shared_ptr<const Contents> contents) noexcept { return {Status::ready, std::move(contents), {}, {}}; }
  static FileAnswer pending() noexcept { return {Status::pending, nullptr, {}, {}}; }
  static FileAnswer refused(ErrorCode code, std::string_view text = {}, std::string_view label = {}) noexcept { return {Status::refused, nullptr, code, text, label}; }
};

class FileSource {
 public:
  // `pending`: the source will tell the responder later (Responder::answer), with this ticket. Meanwhile the client's repeated requests are not passed on.
  virtual FileAnswer open(const FileQuery& query) = 0;
  // The transfer is over: `complete` says whether the client has confirmed its last block. Once for each transfer whose file was not
  // refused, at once or later, and for one that ended before the answer came.
  virtual void close([[maybe_unused]] Ticket ticket, [[maybe_unused]] bool complete) {}
  // Between requests, twice a second at least, also where nobody asks for a file: what has been replaced is let go. Costs next to nothing.
  virtual void refresh() {}

 protected:
  ~FileSource() = default;
};

}  // namespace coaxd::tftp
