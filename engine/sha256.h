/// SHA-256 (FIPS 180-4), streaming: names weights and checks what was sent. OpenSSL's, which uses the processor's own instructions.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace tuckerseg {

class Sha256 {
 public:
  /// Errors, of all three: kInternal if OpenSSL cannot compute it (no memory, or the machine's policy forbids the algorithm).
  Sha256();
  void Update(std::span<const std::byte> bytes);
  /// 64 lower-case hexadecimal digits. Ends the computation: nothing may follow.
  std::string Digest();

 private:
  struct FreeContext {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, FreeContext> context_;  // EVP_MD_CTX; named in the source alone, so that OpenSSL's headers stay out of ours
};

}  // namespace tuckerseg
