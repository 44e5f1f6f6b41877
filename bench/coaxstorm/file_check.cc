#include "bench/coaxstorm/file_check.h"

#include <algorithm>

namespace coaxd::storm {
namespace {

constexpr std::uint64_t kMacMask = 0xffff'ffff'ffff;
constexpr std::uint8_t kPad = 0, kCmMic = 6, kCmtsMic = 7, kEnd = 255;

}  // namespace

void FileCheck::add(Bytes octets) noexcept {
  for (const std::uint8_t octet : octets) {
    last_octets_ = (last_octets_ << 8) | octet;
    own_ |= (last_octets_ & kMacMask) == mac_;
  }
  add_tlvs(octets);
}

// D.1.1: the digest is over all TLVs as they stand in the file but 6 and 7; neither padding nor the end marker is one.
void FileCheck::add_tlvs(Bytes octets) noexcept {
  while (!octets.empty() && at_ != At::end) {
    if (at_ == At::value) {
      const Bytes part = octets.first(std::min<std::size_t>(left_, octets.size()));
      if (head_[0] == kCmMic) {
        for (const std::uint8_t octet : part) mic_[mic_octets_++ % mic_.size()] = octet;
      } else if (head_[0] != kCmtsMic) {
        md5_.add(part);
      }
      left_ = static_cast<std::uint8_t>(left_ - part.size());
      if (left_ == 0) at_ = At::type;
      octets = octets.subspan(part.size());
      continue;
    }
    const std::uint8_t octet = octets[0];
    octets = octets.subspan(1);
    if (at_ == At::type) {
      head_[0] = octet;
      if (octet != kPad) at_ = octet == kEnd ? At::end : At::length;
      continue;
    }
    head_[1] = left_ = octet;
    at_ = left_ > 0 ? At::value : At::type;
    if (head_[0] == kCmMic) ++mics_;
    if (head_[0] != kCmMic && head_[0] != kCmtsMic) md5_.add(head_);
  }
}

std::optional<Violation> FileCheck::finish() noexcept {
  const bool sound = at_ == At::end && mics_ == 1 && mic_octets_ == mic_.size() && md5_.finish() == mic_;
  if (!sound) return Violation::wrong_mic;
  return own_ ? std::nullopt : std::optional{Violation::wrong_file};
}

}  // namespace coaxd::storm
