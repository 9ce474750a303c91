#include "engine/volume/gzip_stream.h"

#include <gtest/gtest.h>
#include <zlib.h>

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

/// Runs of labels, as in a label map, with noise of few values between them.
std::vector<std::byte> Labels(size_t count) {
  std::vector<std::byte> bytes = Noise(count);
  for (size_t at = 0; at < count; ++at) {
    bytes[at] = (at / 700) % 3 == 0 ? bytes[at] & std::byte{7} : static_cast<std::byte>((at / 700) % 118);
  }
  return bytes;
}

/// What zlib makes of `bytes`, the other implementation that these tests are held against.
std::vector<std::byte> ZlibGzipped(std::span<const std::byte> bytes, int level, int strategy, int flush = Z_NO_FLUSH) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, strategy), Z_OK);
  std::vector<std::byte> result(2 * bytes.size() + 1000);
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  for (size_t at = 0; at < bytes.size(); at += 20000) {
    const auto part = bytes.subspan(at, std::min<size_t>(20000, bytes.size() - at));
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    EXPECT_EQ(deflate(&stream, flush), Z_OK);
  }
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

/// What zlib reads from one member; empty if it refuses it.
std::vector<std::byte> ZlibDecoded(std::span<const std::byte> gzip, size_t size) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::vector<std::byte> result(size + 1);
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  const int end = inflate(&stream, Z_FINISH);
  result.resize(end == Z_STREAM_END && stream.avail_in == 0 ? stream.total_out : 0);
  inflateEnd(&stream);
  return result;
}

std::vector<std::byte> Encoded(std::span<const std::byte> bytes, size_t piece) {
  std::vector<std::byte> gzip;
  GzipEncoder encoder([&gzip](std::span<const std::byte> part) { gzip.insert(gzip.end(), part.begin(), part.end()); });
  for (size_t at = 0; at < bytes.size(); at += piece) encoder.Feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  encoder.Feed({});
  encoder.Finish();
  return gzip;
}

/// "hello\n" behind a header of the given flags, in whose fields zeros stand where they may.
std::vector<std::byte> HelloWithHeader(unsigned flags, std::string_view extra) {
  std::string header{"\x1f\x8b\x08\0\x8f\x8a\x24\x69\x02\x03", 10};
  header[3] = static_cast<char>(flags);
  if ((flags & 4) != 0) {
    header += {static_cast<char>(extra.size() & 0xff), static_cast<char>(extra.size() >> 8)};
    header += extra;
  }
  if ((flags & 8) != 0) header += std::string_view("ct.nii\0", 7);
  if ((flags & 16) != 0) header += std::string_view("a remark\0", 9);
  if ((flags & 2) != 0) {
    const uLong checksum = crc32(0, reinterpret_cast<const Bytef*>(header.data()), static_cast<uInt>(header.size()));
    header += {static_cast<char>(checksum & 0xff), static_cast<char>(checksum >> 8 & 0xff)};
  }
  const auto bytes = BytesOf(header);
  std::vector<std::byte> result = bytes;
  result.insert(result.end(), kHello.begin() + 12, kHello.end());
  return result;
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

TEST(GzipDecoder, ReadsMembersCutInTwoAnywhere) {
  // The decoder reads some bytes ahead: a cut in a trailer, just behind it or in the next header must lose none of them.
  const auto stream = Joined(Joined(Joined(kHello, Gzipped({})), HelloWithHeader(31, std::string(20, '\0'))), Gzipped(Labels(3000)));
  const auto expected = Joined(BytesOf("hello\nhello\n"), Labels(3000));
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    SCOPED_TRACE(cut);
    std::vector<std::byte> result;
    GzipDecoder decoder([&result](std::span<const std::byte> part) { result.insert(result.end(), part.begin(), part.end()); });
    decoder.Feed(std::span(stream).first(cut));
    decoder.Feed(std::span(stream).subspan(cut));
    decoder.Finish();
    EXPECT_EQ(result, expected);
  }
}

TEST(GzipDecoder, ReadsEveryKindOfBlockThatZlibWrites) {
  for (const auto& bytes : {Noise(200000), Labels(400000), std::vector<std::byte>(100000), Labels(1)}) {
    for (const int level : {0, 1, 6, 9}) {
      for (const int strategy : {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED}) {
        for (const int flush : {Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH}) {
          const auto gzip = ZlibGzipped(bytes, level, strategy, flush);
          EXPECT_TRUE(Decoded(gzip) == bytes) << "level " << level << ", strategy " << strategy << ", flush " << flush;
          EXPECT_TRUE(Decoded(gzip, 777) == bytes) << "level " << level << ", strategy " << strategy << ", flush " << flush;
        }
      }
    }
  }
}

TEST(GzipDecoder, SkipsEveryFieldThatAHeaderMayHave) {
  for (unsigned flags = 0; flags < 32; ++flags) {
    for (const std::string& extra : {std::string(), std::string("\0\x1f\x8b", 3), std::string(300, 'x'), std::string(65535, '\0')}) {
      SCOPED_TRACE("flags " + std::to_string(flags) + ", extra " + std::to_string(extra.size()));
      const auto gzip = HelloWithHeader(flags, extra);
      EXPECT_EQ(Decoded(gzip), BytesOf("hello\n"));
      EXPECT_EQ(Decoded(gzip, 1), BytesOf("hello\n"));
    }
  }
}

TEST(GzipDecoder, FindsEveryBitThatChangedInAHeaderWithAChecksum) {
  const auto gzip = HelloWithHeader(31, "abc");
  for (size_t byte = 0; byte < gzip.size() - (kHello.size() - 12); ++byte) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      if (byte == 3 && bit == 1) continue;  // says that there is a checksum: without it two bytes more are blocks
      SCOPED_TRACE("byte " + std::to_string(byte) + ", bit " + std::to_string(bit));
      auto damaged = gzip;
      damaged[byte] ^= static_cast<std::byte>(1U << bit);
      ExpectError(ErrorCode::kDataLoss, "gzip: ", [&] { Decoded(damaged, 1); });
    }
  }
}

TEST(GzipDecoder, NamesWhatIsWrongWithAHeader) {
  const auto refuses = [](size_t byte, unsigned value, const std::string& message) {
    auto damaged = HelloWithHeader(2, "");
    damaged[byte] = static_cast<std::byte>(value);
    ExpectError(ErrorCode::kDataLoss, "gzip: damaged stream (" + message + ")", [&] { Decoded(damaged); });
  };
  refuses(0, 0x1e, "incorrect header check");
  refuses(1, 0x8c, "incorrect header check");
  refuses(2, 7, "unknown compression method");
  refuses(3, 0x22, "unknown header flags set");
  refuses(9, 0, "header crc mismatch");
}

TEST(GzipDecoder, ComparesChecksumAndLengthOfEachMember) {
  for (const size_t piece : {size_t{1}, size_t{1} << 20}) {
    for (const bool first : {true, false}) {
      const auto refuses = [&](size_t behind, const std::string& message) {
        auto damaged = kHello;
        damaged[damaged.size() - behind] ^= std::byte{0x40};
        const auto two = first ? Joined(damaged, kHello) : Joined(kHello, damaged);
        ExpectError(ErrorCode::kDataLoss, "gzip: damaged stream (" + message + ")", [&] { Decoded(two, piece); });
      };
      for (const size_t behind : {5, 6, 7, 8}) refuses(behind, "incorrect data check");
      for (const size_t behind : {1, 2, 3, 4}) refuses(behind, "incorrect length check");
    }
  }
}

TEST(GzipDecoder, RefusesADistanceThatReachesBeforeTheMember) {
  // A fixed block: literal 'a', then length 3 at distance 4, of a byte that only the member before it has.
  const auto back = BytesOf({"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\x62\0\0\0\0\0\0\0\0\0", 22});
  ExpectError(ErrorCode::kDataLoss, "gzip: damaged stream (invalid distance too far back)", [&] { Decoded(Joined(kHello, back)); });
}

TEST(GzipDecoder, StaysRefusedAfterAnError) {
  auto damaged = kHello;
  damaged[20] ^= std::byte{1};
  GzipDecoder decoder([](std::span<const std::byte>) {});
  ExpectError(ErrorCode::kDataLoss, "gzip: damaged stream", [&] { decoder.Feed(damaged); });
  ExpectError(ErrorCode::kDataLoss, "gzip: damaged stream (it failed before)", [&] { decoder.Feed(kHello); });
  ExpectError(ErrorCode::kDataLoss, "gzip: damaged stream (it failed before)", [&] { decoder.Finish(); });
}

TEST(GzipDecoder, IsRefusedAfterTheSinkThrewAtTheLastPiece) {
  GzipDecoder decoder([](std::span<const std::byte>) { throw std::length_error("enough"); });
  EXPECT_THROW(decoder.Feed(kHello), std::length_error);
  ExpectError(ErrorCode::kDataLoss, "gzip: ", [&] { decoder.Finish(); });
}

TEST(GzipDecoder, TakesZerosBehindTheLastMemberForPadding) {
  for (const size_t piece : {1, 29, 500, 2000}) {
    EXPECT_EQ(Decoded(Joined(kHello, std::vector<std::byte>(1000)), piece), BytesOf("hello\n"));
  }
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

TEST(GzipDecoder, GivesAllThatCanBeDecodedBeforeTheTrailerIsThere) {
  // Zeros take a bit or two for 258 bytes: with the input used up, the last bytes are pending behind a piece that is full.
  for (const size_t behind : {0, 1, 100, 5000}) {
    SCOPED_TRACE(behind);
    const std::vector<std::byte> zeros((size_t{256} << 10) + behind);
    const auto gzip = ZlibGzipped(zeros, 9, Z_DEFAULT_STRATEGY);
    size_t sum = 0;
    GzipDecoder decoder([&sum](std::span<const std::byte> piece) { sum += piece.size(); });
    decoder.Feed(std::span(gzip).first(gzip.size() - 8));
    EXPECT_EQ(sum, zeros.size());
  }
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

TEST(GzipEncoder, WritesWhatTheDecoderAndZlibRead) {
  for (const size_t size : {1, 2, 257, 65535, 65536, 65537, 300000, 1000000}) {
    for (const auto& bytes : {Noise(size), Labels(size), std::vector<std::byte>(size)}) {
      const auto gzip = Encoded(bytes, size);
      EXPECT_TRUE(Decoded(gzip) == bytes) << size;
      EXPECT_TRUE(ZlibDecoded(gzip, size) == bytes) << size;
    }
  }
}

TEST(GzipEncoder, GivesTheSameBytesHoweverTheInputIsCut) {
  const auto labels = Labels(400000);
  const auto whole = Encoded(labels, labels.size());
  for (const size_t piece : {1, 1000, 65536, 65537, 300000}) EXPECT_TRUE(Encoded(labels, piece) == whole) << piece;
}

TEST(GzipEncoder, GivesItsBytesInPiecesOfAtMost64KiB) {
  size_t largest = 0;
  size_t sum = 0;
  GzipEncoder encoder([&](std::span<const std::byte> piece) {
    largest = std::max(largest, piece.size());
    sum += piece.size();
  });
  encoder.Feed(Noise((size_t{3} << 20) + 65535));  // what is pending at the end adds to a last block that is nearly full
  encoder.Finish();
  EXPECT_GT(sum, size_t{3} << 20);  // noise does not shrink
  EXPECT_LE(largest, size_t{64} << 10);
}

TEST(GzipEncoder, MakesLabelMapsSmall) {
  EXPECT_LT(Gzipped(Labels(1 << 20)).size(), ZlibGzipped(Labels(1 << 20), 1, Z_DEFAULT_STRATEGY).size() * 11 / 10);
  EXPECT_LT(Gzipped(std::vector<std::byte>(1 << 20)).size(), size_t{1} << 13);
}

TEST(GzipEncoder, WritesNeitherNameNorTimeSoThatEqualInputGivesEqualBytes) {
  const auto gzip = Gzipped(BytesOf("hello\n"));
  EXPECT_EQ(gzip, Gzipped(BytesOf("hello\n")));
  EXPECT_EQ(std::to_integer<int>(gzip[3]), 0);  // FLG: no name
  for (size_t byte = 4; byte < 8; ++byte) EXPECT_EQ(std::to_integer<int>(gzip[byte]), 0);  // MTIME
}

TEST(GzipEncoder, MakesAStreamOfNothing) {
  EXPECT_TRUE(Decoded(Gzipped({})).empty());
  EXPECT_EQ(Gzipped({}).front(), std::byte{0x1f});
}

}  // namespace
}  // namespace tuckerseg
