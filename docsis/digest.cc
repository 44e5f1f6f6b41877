#include "docsis/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "server/base/assert.h"

namespace coaxd::docsis {
namespace {

const EVP_MD* fetched(Digest::Algorithm algorithm) {
  static const EVP_MD* const kMd5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  static const EVP_MD* const kSha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return algorithm == Digest::Algorithm::md5 ? kMd5 : kSha1;
}

}  // namespace

Digest::Digest(Algorithm algorithm) : algorithm_(fetched(algorithm)), context_(EVP_MD_CTX_new()) {}
Digest::~Digest() { EVP_MD_CTX_free(context_); }

// What follows can fail only for want of memory or of the algorithm, and both were there when the object was made.
void Digest::begin() noexcept { COAXD_ASSERT(EVP_DigestInit_ex2(context_, algorithm_, nullptr) == 1); }
void Digest::add(Bytes octets) noexcept { COAXD_ASSERT(EVP_DigestUpdate(context_, octets.data(), octets.size()) == 1); }
void Digest::finish(std::uint8_t* sum) noexcept { COAXD_ASSERT(EVP_DigestFinal_ex(context_, sum, nullptr) == 1); }

void HmacMd5::begin(const SharedSecret& key) noexcept {
  std::array<std::uint8_t, 64> inner{};
  if (key.octets.size() > inner.size()) {  // RFC 2104 §2: a longer key is hashed first
    md5_.begin();
    md5_.add(key.octets);
    md5_.finish(inner.data());
  } else {
    std::ranges::copy(key.octets, inner.begin());
  }
  for (std::size_t i = 0; i < inner.size(); ++i) {
    outer_[i] = inner[i] ^ 0x5c;
    inner[i] ^= 0x36;
  }
  md5_.begin();
  md5_.add(inner);
  OPENSSL_cleanse(inner.data(), inner.size());
}

Md5Sum HmacMd5::finish() noexcept {
  Md5Sum sum;
  md5_.finish(sum.data());
  md5_.begin();
  md5_.add(outer_);
  md5_.add(sum);
  md5_.finish(sum.data());
  OPENSSL_cleanse(outer_.data(), outer_.size());
  return sum;
}

Digest& md5() {
  thread_local Digest digest(Digest::Algorithm::md5);
  return digest;
}
Digest& sha1() {
  thread_local Digest digest(Digest::Algorithm::sha1);
  return digest;
}

}  // namespace coaxd::docsis
