/// Bytes -> gunzip with a bound, in pieces and whole; bytes -> gzip -> gunzip gives the bytes back.
#include <vector>

#include "engine/volume/gzip_stream.h"
#include "tests/fuzz/fuzz_input.h"

namespace tuckerseg {
namespace {

using ByteVector = std::vector<std::byte>;
constexpr size_t kMostDecoded = size_t{1} << 20;

/// A sink as a reader's is: it refuses what is too much.
ByteSink AppendTo(ByteVector& bytes) {
  return [&bytes](std::span<const std::byte> piece) {
    if (bytes.size() + piece.size() > kMostDecoded)
      throw Error(ErrorCode::kResourceExhausted, "decoded: too long");
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  };
}

ByteVector Decode(std::span<const std::byte> bytes, bool whole) {
  ByteVector decoded;
  GzipDecoder decoder(AppendTo(decoded));
  const auto feed = [&](std::span<const std::byte> piece) { decoder.Feed(piece); };
  whole ? feed(bytes) : InPieces(bytes, feed);
  decoder.Finish();
  return decoded;
}

ByteVector Encode(std::span<const std::byte> bytes) {
  ByteVector encoded;
  GzipEncoder encoder(AppendTo(encoded));
  InPieces(bytes, [&](std::span<const std::byte> piece) { encoder.Feed(piece); });
  encoder.Finish();
  return encoded;
}

}  // namespace
}  // namespace tuckerseg

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const auto bytes = Bytes(data, size);
  Promise(UnlessRefused([&] { return Decode(bytes, true); }) ==
          UnlessRefused([&] { return Decode(bytes, false); }));
  const ByteVector encoded = Encode(bytes);
  const ByteVector decoded = Decode(encoded, true);
  Promise(std::equal(decoded.begin(), decoded.end(), bytes.begin(), bytes.end()));
  return 0;
}
