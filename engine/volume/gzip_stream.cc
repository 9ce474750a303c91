#include "engine/volume/gzip_stream.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr size_t kPieceBytes = size_t{256} << 10;
constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, gzip header and trailer

Bytef* Unconst(const std::byte* bytes) {
  // zlib's next_in is not const in Debian's build; inflate and deflate do not write to it.
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes));
}

}  // namespace

struct GzipDecoder::State {
  explicit State(ByteSink byte_sink) : sink(std::move(byte_sink)), piece(kPieceBytes) {
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~State() { inflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Decodes until the input is used up and nothing is pending, or the member ends; returns what is left of the input.
  std::span<const std::byte> Inflate(std::span<const std::byte> bytes) {
    const auto size = std::min<size_t>(bytes.size(), std::numeric_limits<uInt>::max());
    stream.next_in = Unconst(bytes.data());
    stream.avail_in = static_cast<uInt>(size);
    do {
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = static_cast<uInt>(piece.size());
      const int result = inflate(&stream, Z_NO_FLUSH);
      if (result == Z_MEM_ERROR) throw std::bad_alloc();
      // Z_BUF_ERROR: no more can be done without more input.
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        throw Error(ErrorCode::kDataLoss, std::string("gzip: damaged stream (") +
                                              (stream.msg != nullptr ? stream.msg : "no reason known") + ")");
      }
      if (result == Z_STREAM_END) {
        inside_member = false;
        any_member = true;
      }
      const size_t decoded = piece.size() - stream.avail_out;
      if (decoded > 0) sink(std::span(piece).first(decoded));
    } while (inside_member && stream.avail_out == 0);
    return bytes.subspan(size - stream.avail_in);
  }

  z_stream stream{};
  ByteSink sink;
  std::vector<std::byte> piece;
  bool inside_member = false;
  bool any_member = false;
  bool padding = false;  // zeros behind the last member
};

GzipDecoder::GzipDecoder(ByteSink sink) : state_(std::make_unique<State>(std::move(sink))) {}
GzipDecoder::~GzipDecoder() = default;
GzipDecoder::GzipDecoder(GzipDecoder&&) noexcept = default;
GzipDecoder& GzipDecoder::operator=(GzipDecoder&&) noexcept = default;

void GzipDecoder::Feed(std::span<const std::byte> bytes) {
  State& s = *state_;
  while (!bytes.empty()) {
    if (!s.inside_member) {
      if (s.any_member && bytes.front() == std::byte{0}) s.padding = true;
      if (s.padding) {
        if (bytes.front() != std::byte{0}) throw Error(ErrorCode::kDataLoss, "gzip: bytes that are no member follow the last one");
        bytes = bytes.subspan(1);
        continue;
      }
      inflateReset(&s.stream);
      s.inside_member = true;
    }
    bytes = s.Inflate(bytes);
  }
}

void GzipDecoder::Finish() {
  if (state_->inside_member || !state_->any_member) {
    throw Error(ErrorCode::kDataLoss, "gzip: the stream ends inside a member: bytes are missing at its end");
  }
}

struct GzipEncoder::State {
  State(int level, ByteSink byte_sink) : sink(std::move(byte_sink)), piece(kPieceBytes) {
    if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  }
  ~State() { deflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void Run(std::span<const std::byte> bytes, int flush) {
    do {
      const auto size = std::min<size_t>(bytes.size(), std::numeric_limits<uInt>::max());
      stream.next_in = Unconst(bytes.data());
      stream.avail_in = static_cast<uInt>(size);
      const bool last = size == bytes.size();
      do {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        deflate(&stream, last ? flush : Z_NO_FLUSH);
        const size_t encoded = piece.size() - stream.avail_out;
        if (encoded > 0) sink(std::span(piece).first(encoded));
      } while (stream.avail_out == 0);
      bytes = bytes.subspan(size);
    } while (!bytes.empty());
  }

  z_stream stream{};
  ByteSink sink;
  std::vector<std::byte> piece;
};

GzipEncoder::GzipEncoder(int level, ByteSink sink) : state_(std::make_unique<State>(level, std::move(sink))) {}
GzipEncoder::~GzipEncoder() = default;

void GzipEncoder::Feed(std::span<const std::byte> bytes) {
  if (!bytes.empty()) state_->Run(bytes, Z_NO_FLUSH);
}

void GzipEncoder::Finish() { state_->Run({}, Z_FINISH); }

}  // namespace tuckerseg
