/// SHA-256 against the examples of FIPS 180-4 and RFC 6234.
#include "engine/sha256.h"

#include <gtest/gtest.h>

#include <span>
#include <string>

namespace tuckerseg {
namespace {

std::string DigestOf(const std::string& text, size_t piece) {
  Sha256 digest;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  for (size_t at = 0; at < bytes.size(); at += piece) digest.Update(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  return digest.Digest();
}

TEST(Sha256, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(DigestOf("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(DigestOf("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(DigestOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(DigestOf(std::string(1'000'000, 'a'), 4096), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheBytesAreCut) {
  const std::string text(1000, 'x');
  for (const size_t piece : {1U, 3U, 55U, 56U, 63U, 64U, 65U, 127U, 1000U}) EXPECT_EQ(DigestOf(text, piece), DigestOf(text, 1000)) << piece;
}

}  // namespace
}  // namespace tuckerseg
