// OpenSSL 3 deprecates these functions for EVP's, which allocate and look their algorithm up at every start, and refuse MD5 on a machine in FIPS mode. Here MD5
// is what the specification says, no cryptography of ours.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "docsis/digest.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace coaxd::docsis {

Md5::Md5() noexcept { MD5_Init(&state_); }
void Md5::add(Bytes octets) noexcept { MD5_Update(&state_, octets.data(), octets.size()); }
Md5Sum Md5::finish() noexcept {
  Md5Sum sum;
  MD5_Final(sum.data(), &state_);
  return sum;
}

Sha1::Sha1() noexcept { SHA1_Init(&state_); }
void Sha1::add(Bytes octets) noexcept { SHA1_Update(&state_, octets.data(), octets.size()); }
Sha1Sum Sha1::finish() noexcept {
  Sha1Sum sum;
  SHA1_Final(sum.data(), &state_);
  return sum;
}

HmacMd5::HmacMd5(const SharedSecret& key) noexcept {
  std::array<std::uint8_t, MD5_CBLOCK> pad{};
  if (key.octets.size() > pad.size()) {  // RFC 2104 §2: a longer key is hashed first
    Md5 digest;
    digest.add(key.octets);
    std::ranges::copy(digest.finish(), pad.begin());
  } else {
    std::ranges::copy(key.octets, pad.begin());
  }
  for (std::uint8_t& octet : pad) octet ^= 0x36;
  inner_.add(pad);
  for (std::uint8_t& octet : pad) octet ^= 0x36 ^ 0x5c;
  outer_.add(pad);
  OPENSSL_cleanse(pad.data(), pad.size());
}

Md5Sum HmacMd5::finish() noexcept {
  outer_.add(inner_.finish());
  return outer_.finish();
}

}  // namespace coaxd::docsis
