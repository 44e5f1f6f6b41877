// digest.h: MD5 (RFC 1321), SHA-1 (RFC 3174) and HMAC-MD5 (RFC 2104) over pieces, with contexts that are made once: a server seals a file per download.
// An object belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "docsis/binary.h"

struct evp_md_st;
struct evp_md_ctx_st;

namespace coaxd::docsis {

using Md5Sum = std::array<std::uint8_t, 16>;
using Sha1Sum = std::array<std::uint8_t, 20>;

class Digest {
 public:
  enum class Algorithm : std::uint8_t { md5, sha1 };
  explicit Digest(Algorithm algorithm);
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  // False: this machine's OpenSSL does not offer it (FIPS mode has no MD5). Nothing below may then be called.
  bool available() const noexcept { return algorithm_ != nullptr && context_ != nullptr; }
  void begin() noexcept;
  void add(Bytes octets) noexcept;
  void finish(std::uint8_t* sum) noexcept;

 private:
  const evp_md_st* algorithm_;  // fetched once in the process: OpenSSL 3 looks it up by name under a lock
  evp_md_ctx_st* context_;
};

// One message at a time: begin(key), add(), ..., finish().
class HmacMd5 {
 public:
  explicit HmacMd5(Digest& md5) noexcept : md5_(md5) {}
  void begin(const SharedSecret& key) noexcept;
  void add(Bytes octets) noexcept { md5_.add(octets); }
  Md5Sum finish() noexcept;

 private:
  Digest& md5_;
  std::array<std::uint8_t, 64> outer_{};
};

// This thread's.
Digest& md5();
Digest& sha1();

}  // namespace coaxd::docsis
