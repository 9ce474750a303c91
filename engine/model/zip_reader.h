/// Reads the members of a zip archive that lies in memory, as PyTorch's checkpoints are: stored, not compressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace tuckerseg {

/// The central directory is the authority: PyTorch's local headers carry no sizes. ZIP64 is read.
class ZipReader {
 public:
  /// `bytes` must outlive the reader. Errors: kDataLoss for a damaged archive.
  explicit ZipReader(std::span<const std::byte> bytes);

  /// The member's bytes; its checksum is compared at each call.
  /// Errors: kDataLoss for a missing member, a wrong checksum or offsets outside the archive; kInvalidArgument for a
  /// compressed member.
  std::span<const std::byte> Read(const std::string& name) const;
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  bool Has(const std::string& name) const { return members_.contains(name); }

  struct Member {
    uint16_t method;
    uint32_t crc32;
    uint64_t size;
    uint64_t compressed_size;
    uint64_t header_offset;
  };
  const std::map<std::string, Member>& members() const { return members_; }

 private:
  std::span<const std::byte> bytes_;
  std::map<std::string, Member> members_;
};

}  // namespace tuckerseg
