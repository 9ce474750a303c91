#include "engine/volume/gzip_stream.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr size_t kPieceBytes = size_t{256} << 10;
constexpr size_t kMostInputBytes = size_t{1} << 30;  // of one call: ISA-L adds what it holds to a length of 32 bits
constexpr size_t kTrailerBytes = 8;

// Measured on a CT and its label map: level 2 writes less than level 1 in the same time, and level 3 is seven times slower over the
// runs of a label map, for half a per cent of CT. A larger buffer makes longer blocks and changes the sizes by less than a per cent.
constexpr uint32_t kLevel = 2;
constexpr size_t kLevelBytes = ISAL_DEF_LVL2_SMALL;
constexpr size_t kBlockBytes = size_t{64} << 10;  // of input, and of a piece of output

uint8_t* Unconst(const std::byte* bytes) {
  // ISA-L's next_in is not const; inflating and deflating do not write to it.
  return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(bytes));
}

[[noreturn]] void ThrowDamaged(const std::string& reason) {
  throw Error(ErrorCode::kDataLoss, "gzip: damaged stream (" + reason + ")");
}

/// The header of one member (RFC 1952, section 2.3), a byte at a time. ISA-L has a reader too, but isal_inflate() begins it anew
/// with each call: of a header that comes in pieces it forgets the length of the extra field and the checksum.
class MemberHeader {
 public:
  /// Whether `value` was the header's last byte. Errors: kDataLoss if no header has this byte here.
  bool Take(std::byte value) {
    const auto byte = std::to_integer<uint8_t>(value);
    if (field_ == kChecksum) {
      if (byte != (checksum_ >> (8 * at_) & 0xff)) ThrowDamaged("header crc mismatch");
    } else {
      checksum_ = crc32_gzip_refl(checksum_, &byte, 1);
    }
    switch (field_) {
      case kFixed: return TakeFixed(byte);
      case kExtraLength:
        extra_bytes_ |= size_t{byte} << (8 * at_);
        return ++at_ == 2 && Next();
      case kExtra: return ++at_ == extra_bytes_ && Next();
      case kName:
      case kComment: return byte == 0 && Next();
      case kChecksum: return ++at_ == 2 && Next();
      case kEnd: break;
    }
    return true;
  }

 private:
  enum Field { kFixed, kExtraLength, kExtra, kName, kComment, kChecksum, kEnd };
  static constexpr std::array<uint8_t, 3> kMagic{0x1f, 0x8b, 8};  // and the only method there is: deflate
  static constexpr uint8_t kReservedFlags = 0xe0;

  bool TakeFixed(uint8_t byte) {
    if (at_ < kMagic.size() && byte != kMagic[at_]) {
      ThrowDamaged(at_ < 2 ? "incorrect header check" : "unknown compression method");
    }
    if (at_ == 3) {
      if ((byte & kReservedFlags) != 0) ThrowDamaged("unknown header flags set");
      flags_ = byte;
    }
    return ++at_ == 10 && Next();
  }

  /// Goes to the next field that is there; whether that is the end.
  bool Next() {
    at_ = 0;
    do {
      field_ = static_cast<Field>(field_ + 1);
    } while (!IsThere(field_));
    return field_ == kEnd;
  }

  bool IsThere(Field field) const {
    switch (field) {
      case kExtraLength: return (flags_ & 4) != 0;
      case kExtra: return extra_bytes_ > 0;
      case kName: return (flags_ & 8) != 0;
      case kComment: return (flags_ & 16) != 0;
      case kChecksum: return (flags_ & 2) != 0;
      default: return true;
    }
  }

  Field field_ = kFixed;
  size_t at_ = 0;  // bytes of the field taken
  uint8_t flags_ = 0;
  size_t extra_bytes_ = 0;
  uint32_t checksum_ = 0;
};

const char* ReasonOf(int result) {
  switch (result) {
    case ISAL_INVALID_BLOCK: return "invalid block";
    case ISAL_INVALID_SYMBOL: return "invalid code";
    case ISAL_INVALID_LOOKBACK: return "invalid distance too far back";
    default: return "no reason known";
  }
}

}  // namespace

struct GzipDecoder::State {
  using Bytes = std::span<const std::byte>;
  enum class Phase { kStart, kHeader, kBlocks, kTrailer, kMemberEnd, kPadding };

  explicit State(ByteSink byte_sink) : sink(std::move(byte_sink)), piece(kPieceBytes) {
    isal_inflate_init(&inflate);
    inflate.crc_flag = ISAL_GZIP_NO_HDR;  // blocks alone, with the checksum of what they held
  }

  /// Takes bytes of one phase, one byte at least; returns the others.
  Bytes Take(Bytes bytes) {
    switch (phase) {
      case Phase::kStart: break;
      case Phase::kHeader: return TakeHeader(bytes);
      case Phase::kBlocks: return Inflate(bytes);
      case Phase::kTrailer: return TakeTrailer(bytes);
      case Phase::kMemberEnd:
        if (bytes.front() != std::byte{0}) break;
        phase = Phase::kPadding;
        [[fallthrough]];
      case Phase::kPadding:
        if (std::ranges::any_of(bytes, [](std::byte byte) { return byte != std::byte{0}; })) {
          throw Error(ErrorCode::kDataLoss, "gzip: bytes that are no member follow the last one");
        }
        return {};
    }
    header = {};
    phase = Phase::kHeader;
    return bytes;
  }

  Bytes TakeHeader(Bytes bytes) {
    for (size_t at = 0; at < bytes.size(); ++at) {
      if (!header.Take(bytes[at])) continue;
      isal_inflate_reset(&inflate);
      length = 0;
      phase = Phase::kBlocks;
      return bytes.subspan(at + 1);
    }
    return {};
  }

  /// Decodes until the input is used up and nothing is pending, or the blocks end.
  Bytes Inflate(Bytes bytes) {
    const size_t size = std::min(bytes.size(), kMostInputBytes);
    inflate.next_in = Unconst(bytes.data());
    inflate.avail_in = static_cast<uint32_t>(size);
    bool more = true;
    while (more) {
      const uint32_t input_before = inflate.avail_in;
      inflate.next_out = reinterpret_cast<uint8_t*>(piece.data());
      inflate.avail_out = static_cast<uint32_t>(piece.size());
      const int result = isal_inflate(&inflate);
      if (result != ISAL_DECOMP_OK) ThrowDamaged(ReasonOf(result));
      const size_t decoded = piece.size() - inflate.avail_out;
      length += static_cast<uint32_t>(decoded);
      if (decoded > 0) sink(std::span(piece).first(decoded));
      const bool ended = inflate.block_state == ISAL_BLOCK_FINISH;
      // With the piece full, bytes may be pending though the input is used up, even the blocks' last ones.
      more = !ended && (inflate.avail_in > 0 || inflate.avail_out == 0);
      // Not known to happen; from bytes of strangers it would be a loop without an end.
      if (more && decoded == 0 && inflate.avail_in == input_before) ThrowDamaged("no progress");
      if (ended) BeginTrailer();
    }
    return bytes.subspan(size - inflate.avail_in);
  }

  /// ISA-L reads up to eight bytes ahead, also across calls: the trailer's first bytes, or all of them, are in its bit buffer.
  /// No more than they, as the trailer has eight.
  void BeginTrailer() {
    trailer_size = static_cast<size_t>(inflate.read_in_length) / 8;
    uint64_t ahead = inflate.read_in >> (inflate.read_in_length % 8);  // the rest of the last block's last byte
    for (size_t at = 0; at < trailer_size; ++at, ahead >>= 8) trailer[at] = static_cast<uint8_t>(ahead);
    phase = Phase::kTrailer;
    if (trailer_size == kTrailerBytes) CheckTrailer();
  }

  Bytes TakeTrailer(Bytes bytes) {
    const size_t size = std::min(bytes.size(), kTrailerBytes - trailer_size);
    for (const std::byte byte : bytes.first(size)) trailer[trailer_size++] = std::to_integer<uint8_t>(byte);
    if (trailer_size == kTrailerBytes) CheckTrailer();
    return bytes.subspan(size);
  }

  void CheckTrailer() {
    const auto word = [this](size_t at) {
      return uint32_t{trailer[at]} | uint32_t{trailer[at + 1]} << 8 | uint32_t{trailer[at + 2]} << 16 | uint32_t{trailer[at + 3]} << 24;
    };
    if (word(0) != inflate.crc) ThrowDamaged("incorrect data check");
    if (word(4) != length) ThrowDamaged("incorrect length check");
    phase = Phase::kMemberEnd;
  }

  ByteSink sink;
  std::vector<std::byte> piece;
  Phase phase = Phase::kStart;
  bool failed = false;
  MemberHeader header;
  inflate_state inflate{};
  uint32_t length = 0;  // of what the member held so far, modulo 2^32 as in the trailer
  std::array<uint8_t, kTrailerBytes> trailer{};
  size_t trailer_size = 0;
};

GzipDecoder::GzipDecoder(ByteSink sink) : state_(std::make_unique<State>(std::move(sink))) {}
GzipDecoder::~GzipDecoder() = default;
GzipDecoder::GzipDecoder(GzipDecoder&&) noexcept = default;
GzipDecoder& GzipDecoder::operator=(GzipDecoder&&) noexcept = default;

void GzipDecoder::Feed(std::span<const std::byte> bytes) {
  // Where something throws, the rest of these bytes is lost: nothing that comes later can be right.
  if (std::exchange(state_->failed, true)) ThrowDamaged("it failed before");
  while (!bytes.empty()) bytes = state_->Take(bytes);
  state_->failed = false;
}

void GzipDecoder::Finish() {
  if (state_->failed) ThrowDamaged("it failed before");
  if (state_->phase != State::Phase::kMemberEnd && state_->phase != State::Phase::kPadding) {
    throw Error(ErrorCode::kDataLoss, "gzip: the stream ends inside a member: bytes are missing at its end");
  }
}

struct GzipEncoder::State {
  explicit State(ByteSink byte_sink) : sink(std::move(byte_sink)), piece(kBlockBytes), level_buffer(kLevelBytes) {
    isal_deflate_init(&stream);
    stream.level = kLevel;
    stream.level_buf = level_buffer.data();
    stream.level_buf_size = static_cast<uint32_t>(level_buffer.size());
    stream.gzip_flag = IGZIP_GZIP;
    gathered.reserve(kBlockBytes);
  }

  /// ISA-L's blocks end where its input ends, so it is given the same pieces however the bytes arrive.
  void Gather(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      if (gathered.empty() && bytes.size() >= kBlockBytes) {
        Deflate(bytes.first(kBlockBytes), false);
        bytes = bytes.subspan(kBlockBytes);
        continue;
      }
      const auto part = bytes.first(std::min(bytes.size(), kBlockBytes - gathered.size()));
      gathered.insert(gathered.end(), part.begin(), part.end());
      bytes = bytes.subspan(part.size());
      if (gathered.size() == kBlockBytes) {
        Deflate(gathered, false);
        gathered.clear();
      }
    }
  }

  void Deflate(std::span<const std::byte> block, bool last) {
    stream.next_in = Unconst(block.data());
    stream.avail_in = static_cast<uint32_t>(block.size());
    stream.end_of_stream = last ? 1 : 0;
    do {
      stream.next_out = reinterpret_cast<uint8_t*>(piece.data());
      stream.avail_out = static_cast<uint32_t>(piece.size());
      const int result = isal_deflate(&stream);
      if (result != COMP_OK) throw Error(ErrorCode::kInternal, "gzip: isal_deflate gave " + std::to_string(result) + ": must be 0");
      const size_t encoded = piece.size() - stream.avail_out;
      if (encoded > 0) sink(std::span(piece).first(encoded));
    } while (stream.avail_out == 0);
  }

  ByteSink sink;
  std::vector<std::byte> piece;
  std::vector<uint8_t> level_buffer;
  std::vector<std::byte> gathered;  // less than a block
  isal_zstream stream{};
};

GzipEncoder::GzipEncoder(ByteSink sink) : state_(std::make_unique<State>(std::move(sink))) {}
GzipEncoder::~GzipEncoder() = default;

void GzipEncoder::Feed(std::span<const std::byte> bytes) { state_->Gather(bytes); }

void GzipEncoder::Finish() { state_->Deflate(state_->gathered, true); }

}  // namespace tuckerseg
