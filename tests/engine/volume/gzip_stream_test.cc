#include "engine/volume/gzip_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

/// gzip(1) of "hello\n", name and time included: nothing of ours made it.
const std::vector<std::byte> kHello =
    BytesOf({"\x1f\x8b\x08\x08\x8f\x8a\x24\x69\x00\x03h\0\xcb\x48\xcd\xc9\xc9\xe7\x02\x00\x20\x30\x3a\x36\x06\x00\x00\x00", 28});

std::vector<std::byte> Decoded(std::span<const std::byte> bytes, size_t piece = 1 << 20) {
  std::vector<std::byte> result;
  GzipDecoder decoder([&result](std::span<const std::byte> part) { result.insert(result.end(), part.begin(), part.end()); });
  for (size_t at = 0; at < bytes.size(); at += piece) decoder.Feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  decoder.Finish();
  return result;
}

/// `count` bytes that gzip can make little of.
std::vector<std::byte> Noise(size_t count) {
  std::vector<std::byte> bytes(count);
  uint32_t state = 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

std::vector<std::byte> Joined(std::vector<std::byte> first, std::span<const std::byte> second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

TEST(GzipDecoder, ReadsWhatGzipWrote) { EXPECT_EQ(Decoded(kHello), BytesOf("hello\n")); }

TEST(GzipDecoder, GivesTheSameBytesHoweverTheStreamIsCut) {
  const auto noise = Noise(70000);
  const auto gzip = Gzipped(noise);
  for (const size_t piece : {size_t{1}, size_t{13}, size_t{4096}, gzip.size()}) EXPECT_EQ(Decoded(gzip, piece), noise);
}

TEST(GzipDecoder, ReadsMembersOneAfterTheOther) {
  const auto two = Joined(kHello, Gzipped(BytesOf("again\n")));
  EXPECT_EQ(Decoded(two), BytesOf("hello\nagain\n"));
  EXPECT_EQ(Decoded(two, 1), BytesOf("hello\nagain\n"));
}

TEST(GzipDecoder, TakesZerosBehindTheLastMemberForPadding) {
  EXPECT_EQ(Decoded(Joined(kHello, std::vector<std::byte>(1000))), BytesOf("hello\n"));
}

TEST(GzipDecoder, GivesItsBytesInPiecesOfAtMost256KiB) {
  const auto gzip = Gzipped(std::vector<std::byte>(size_t{3} << 20));
  size_t largest = 0;
  size_t sum = 0;
  GzipDecoder decoder([&](std::span<const std::byte> piece) {
    largest = std::max(largest, piece.size());
    sum += piece.size();
  });
  decoder.Feed(gzip);
  decoder.Finish();
  EXPECT_EQ(sum, size_t{3} << 20);
  EXPECT_LE(largest, size_t{256} << 10);
}

TEST(GzipDecoder, StopsWhereTheSinkThrows) {
  const auto gzip = Gzipped(std::vector<std::byte>(size_t{64} << 20));
  int pieces = 0;
  GzipDecoder decoder([&pieces](std::span<const std::byte>) {
    ++pieces;
    throw std::length_error("enough");
  });
  EXPECT_THROW(decoder.Feed(gzip), std::length_error);
  EXPECT_EQ(pieces, 1);
}

TEST(GzipDecoder, FindsEveryByteThatIsMissingAtTheEnd) {
  for (size_t size = 0; size < kHello.size(); ++size) {
    SCOPED_TRACE(size);
    ExpectError(ErrorCode::kDataLoss, "gzip: the stream ends inside a member", [&] { Decoded(std::span(kHello).first(size)); });
  }
}

TEST(GzipDecoder, FindsEveryBitThatChangedInBodyAndTrailer) {
  for (size_t byte = 12; byte < kHello.size(); ++byte)  // behind the header with name and time
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto damaged = kHello;
      damaged[byte] ^= static_cast<std::byte>(1U << bit);
      try {
        // A changed last-block bit may also make the stream seem to go on.
        EXPECT_EQ(Decoded(damaged), BytesOf("hello\n")) << "byte " << byte << ", bit " << bit;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
      }
    }
}

TEST(GzipDecoder, RefusesBytesThatAreNoMemberBehindAMember) {
  ExpectError(ErrorCode::kDataLoss, "gzip: ", [] { Decoded(Joined(kHello, BytesOf("hello"))); });
  ExpectError(ErrorCode::kDataLoss, "bytes that are no member follow", [] { Decoded(Joined(kHello, BytesOf({"\0\0x", 3}))); });
}

TEST(GzipEncoder, WritesWhatTheDecoderReads) {
  for (const int level : {0, 1, 6, 9}) {
    const auto noise = Noise(300000);
    std::vector<std::byte> gzip;
    GzipEncoder encoder(level, [&gzip](std::span<const std::byte> piece) { gzip.insert(gzip.end(), piece.begin(), piece.end()); });
    for (size_t at = 0; at < noise.size(); at += 1000) encoder.Feed(std::span(noise).subspan(at, 1000));
    encoder.Feed({});
    encoder.Finish();
    EXPECT_EQ(Decoded(gzip), noise);
  }
}

TEST(GzipEncoder, WritesNeitherNameNorTimeSoThatEqualInputGivesEqualBytes) {
  const auto gzip = Gzipped(BytesOf("hello\n"));
  EXPECT_EQ(gzip, Gzipped(BytesOf("hello\n")));
  EXPECT_EQ(std::to_integer<int>(gzip[3]), 0);  // FLG: no name
  for (size_t byte = 4; byte < 8; ++byte) EXPECT_EQ(std::to_integer<int>(gzip[byte]), 0);  // MTIME
}

TEST(GzipEncoder, MakesAStreamOfNothing) { EXPECT_TRUE(Decoded(Gzipped({})).empty()); }

}  // namespace
}  // namespace tuckerseg
