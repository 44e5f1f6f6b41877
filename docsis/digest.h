// digest.h: MD5 (RFC 1321), SHA-1 (RFC 3174) and HMAC-MD5 (RFC 2104) of octets that come in pieces. Values; nothing allocates: a server seals a file per download.
#pragma once

#include <openssl/md5.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>

#include "docsis/binary.h"

namespace coaxd::docsis {

using Md5Sum = std::array<std::uint8_t, 16>;
using Sha1Sum = std::array<std::uint8_t, 20>;

class Md5 {
 public:
  Md5() noexcept;
  void add(Bytes octets) noexcept;
  Md5Sum finish() noexcept;  // once, at the end

 private:
  MD5_CTX state_;
};

class Sha1 {
 public:
  Sha1() noexcept;
  void add(Bytes octets) noexcept;
  Sha1Sum finish() noexcept;

 private:
  SHA_CTX state_;
};

class HmacMd5 {
 public:
  explicit HmacMd5(const SharedSecret& key) noexcept;
  void add(Bytes octets) noexcept { inner_.add(octets); }
  Md5Sum finish() noexcept;

 private:
  Md5 inner_, outer_;
};

}  // namespace coaxd::docsis
