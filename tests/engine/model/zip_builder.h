/// Zip archives with chosen fields: as zip(1) would store them, as torch.save does, and damaged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tuckerseg {

/// Members are stored. Offsets of the fields that tests damage are kept.
class ZipBuilder {
 public:
  /// As torch.save writes: sizes and checksum of the local headers are 0, a data descriptor follows the data, and an extra
  /// field pads them to 64 bytes.
  ZipBuilder& DataDescriptors() { return descriptors_ = true, *this; }
  /// Sizes, offsets and the place of the directory in ZIP64 records; the old fields are all ones.
  ZipBuilder& Zip64() { return zip64_ = true, *this; }
  ZipBuilder& Comment(const std::string& comment) { return comment_ = comment, *this; }
  ZipBuilder& Add(const std::string& name, const std::string& content);

  // Of the member added last:
  ZipBuilder& Method(uint16_t method) { return members_.back().method = method, *this; }
  ZipBuilder& UncompressedSize(uint32_t size) { return members_.back().uncompressed_size = size, *this; }
  ZipBuilder& Checksum(uint32_t crc) { return members_.back().crc = crc, *this; }
  ZipBuilder& HeaderOffset(uint32_t offset) { return members_.back().wrong_offset = offset, *this; }

  // Of the end record:
  ZipBuilder& MemberCount(uint16_t count) { return count_ = count, *this; }
  ZipBuilder& DirectoryOffset(uint32_t offset) { return directory_offset_ = offset, *this; }

  std::string Bytes() const;

 private:
  struct Member {
    std::string name;
    std::string content;
    uint32_t crc;
    uint32_t uncompressed_size;
    uint16_t method = 0;
    int64_t wrong_offset = -1;
  };
  std::string LocalRecord(const Member& member, uint64_t offset) const;
  std::string CentralRecord(const Member& member, uint64_t offset) const;

  std::vector<Member> members_;
  std::string comment_;
  bool descriptors_ = false;
  bool zip64_ = false;
  int64_t count_ = -1;
  int64_t directory_offset_ = -1;
};

}  // namespace tuckerseg
