// file_check.h: whether a modem's file is sound and its own, told while it comes, so that no file need be kept. Sound: it is TLVs to its end marker,
// and TLV 6 is the MD5 of the others. Its own: the six octets of its MAC stand somewhere in it, for which the server's
// template has to put them there (`CpeMacAddress ${modem};`, say). A value, single thread. Shares MD5 with the server, and nothing else.
// Source: MULPI 3.0 Annex C (TLVs, end marker, padding), D.1.1 (CM MIC).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "bench/coaxstorm/violation.h"
#include "docsis/digest.h"

namespace coaxd::storm {

class FileCheck {
 public:
  explicit FileCheck(std::uint64_t mac = 0) noexcept : mac_(mac) {}

  void add(Bytes octets) noexcept;
  std::optional<Violation> finish() noexcept;  // once, at the end

 private:
  enum class At : std::uint8_t { type, length, value, end };

  void add_tlvs(Bytes octets) noexcept;

  std::uint64_t mac_;
  std::uint64_t last_octets_ = ~std::uint64_t{0};
  bool own_ = false;
  At at_ = At::type;
  std::array<std::uint8_t, 2> head_{};  // of the TLV that it is in
  std::uint8_t left_ = 0;               // octets of its value to come
  unsigned mics_ = 0, mic_octets_ = 0;
  docsis::Md5Sum mic_{};
  docsis::Md5 md5_;
};

}  // namespace coaxd::storm
