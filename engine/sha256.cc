#include "engine/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "engine/error.h"

namespace tuckerseg {
namespace {

EVP_MD_CTX* Context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

/// OpenSSL fails here only where it cannot have memory, or a policy of the machine forbids the algorithm.
void Require(int done) {
  if (done != 1) throw Error(ErrorCode::kInternal, "SHA-256: OpenSSL cannot compute it on this machine");
}

}  // namespace

void Sha256::FreeContext::operator()(void* context) const { EVP_MD_CTX_free(Context(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  Require(context_ != nullptr ? 1 : 0);
  Require(EVP_DigestInit_ex(Context(context_.get()), EVP_sha256(), nullptr));
}

void Sha256::Update(std::span<const std::byte> bytes) { Require(EVP_DigestUpdate(Context(context_.get()), bytes.data(), bytes.size())); }

std::string Sha256::Digest() {
  std::array<unsigned char, 32> digest;
  Require(EVP_DigestFinal_ex(Context(context_.get()), digest.data(), nullptr));
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kHex[byte >> 4];
    text += kHex[byte & 0xFU];
  }
  return text;
}

}  // namespace tuckerseg
