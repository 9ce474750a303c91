/// Streaming gunzip and gzip on memory: bytes are decoded as they arrive, nothing touches a disk.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace tuckerseg {

using ByteSink = std::function<void(std::span<const std::byte>)>;

/// Decodes one or more concatenated gzip members; trailing zero bytes are padding (as gzip(1) does).
class GzipDecoder {
 public:
  explicit GzipDecoder(ByteSink sink);
  ~GzipDecoder();
  GzipDecoder(GzipDecoder&&) noexcept;
  GzipDecoder& operator=(GzipDecoder&&) noexcept;

  /// Decodes what can be decoded and gives it to the sink in pieces of at most 256 KiB.
  /// Errors: kDataLoss for a damaged stream (bad block, wrong checksum or length), and whatever the sink throws; after one of them
  /// only kDataLoss.
  void Feed(std::span<const std::byte> bytes);
  /// Errors: kDataLoss if the stream ends inside a member, or failed before.
  void Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Encodes one gzip member: no name, no time, and the bytes do not depend on how the input is cut, so equal input gives equal bytes
/// (on processors with the same vector instructions: ISA-L has code for each). It is fast first, small second.
class GzipEncoder {
 public:
  explicit GzipEncoder(ByteSink sink);
  ~GzipEncoder();
  /// Gives what is encoded to the sink in pieces of at most 64 KiB. Errors: whatever the sink throws.
  void Feed(std::span<const std::byte> bytes);
  /// Writes the rest and the trailer; called once, at the end.
  void Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tuckerseg
