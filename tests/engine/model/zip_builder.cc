#include "tests/engine/model/zip_builder.h"

#include <zlib.h>

#include "tests/engine/model/byte_strings.h"

namespace tuckerseg {
namespace {

std::string Field16(uint64_t value) { return BytesOfValue(static_cast<uint16_t>(value)); }
std::string Field32(uint64_t value) { return BytesOfValue(static_cast<uint32_t>(value)); }
std::string Field64(uint64_t value) { return BytesOfValue(value); }

constexpr uint64_t kAllOnes = 0xFFFFFFFF;
constexpr uint64_t kLocalBytes = 30;
constexpr uint64_t kAlignment = 64;

}  // namespace

ZipBuilder& ZipBuilder::Add(const std::string& name, const std::string& content) {
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
  members_.push_back({name, content, static_cast<uint32_t>(crc), static_cast<uint32_t>(content.size())});
  return *this;
}

std::string ZipBuilder::LocalRecord(const Member& member, uint64_t offset) const {
  std::string extra;
  if (descriptors_) {
    const uint64_t data = offset + kLocalBytes + member.name.size() + 4;
    const uint64_t padding = (kAlignment - data % kAlignment) % kAlignment;
    extra = "FB" + Field16(padding) + std::string(padding, 'Z');
  }
  std::string record = Field32(0x04034b50) + Field16(20) + Field16(descriptors_ ? 8 : 0) + Field16(member.method) + Field32(0);
  record += descriptors_ ? std::string(12, '\0')
                         : Field32(member.crc) + Field32(member.content.size()) + Field32(member.uncompressed_size);
  record += Field16(member.name.size()) + Field16(extra.size()) + member.name + extra + member.content;
  if (descriptors_)
    record += Field32(0x08074b50) + Field32(member.crc) + Field32(member.content.size()) + Field32(member.content.size());
  return record;
}

std::string ZipBuilder::CentralRecord(const Member& member, uint64_t offset) const {
  if (member.wrong_offset >= 0) offset = static_cast<uint64_t>(member.wrong_offset);
  const uint64_t size = member.content.size();
  // Another program's field comes first, so that a reader has to look for the one of ZIP64.
  const std::string wide = Field16(0x5455) + Field16(1) + "t" + Field16(1) + Field16(24) + Field64(member.uncompressed_size) +
                           Field64(size) + Field64(offset);
  std::string record =
      Field32(0x02014b50) + Field16(20) + Field16(20) + Field16(descriptors_ ? 8 : 0) + Field16(member.method) + Field32(0);
  record += Field32(member.crc) + Field32(zip64_ ? kAllOnes : size) + Field32(zip64_ ? kAllOnes : member.uncompressed_size);
  record += Field16(member.name.size()) + Field16(zip64_ ? wide.size() : 0) + Field16(0) + Field16(0) + Field16(0) + Field32(0);
  record += Field32(zip64_ ? kAllOnes : offset) + member.name;
  return zip64_ ? record + wide : record;
}

std::string ZipBuilder::Bytes() const {
  std::string archive;
  std::string directory;
  for (const Member& member : members_) {
    directory += CentralRecord(member, archive.size());
    archive += LocalRecord(member, archive.size());
  }
  const uint64_t offset = directory_offset_ < 0 ? archive.size() : static_cast<uint64_t>(directory_offset_);
  const uint64_t count = count_ < 0 ? members_.size() : static_cast<uint64_t>(count_);
  archive += directory;
  if (zip64_) {
    const uint64_t end64 = archive.size();
    archive += Field32(0x06064b50) + Field64(44) + Field16(45) + Field16(45) + Field32(0) + Field32(0) + Field64(count) +
               Field64(count) + Field64(directory.size()) + Field64(offset);
    archive += Field32(0x07064b50) + Field32(0) + Field64(end64) + Field32(1);
  }
  archive +=
      Field32(0x06054b50) + Field16(0) + Field16(0) + Field16(zip64_ ? 0xFFFF : count) + Field16(zip64_ ? 0xFFFF : count);
  archive += Field32(zip64_ ? kAllOnes : directory.size()) + Field32(zip64_ ? kAllOnes : offset);
  return archive + Field16(comment_.size()) + comment_;
}

}  // namespace tuckerseg
