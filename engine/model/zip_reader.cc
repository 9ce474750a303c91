#include "engine/model/zip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint32_t kLocator64Signature = 0x07064b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr size_t kEndBytes = 22;
constexpr size_t kLocatorBytes = 20;
constexpr size_t kCentralBytes = 46;
constexpr size_t kLocalBytes = 30;
constexpr uint64_t kMaxMembers = 1 << 20;

[[noreturn]] void Damaged(const std::string& what) { throw Error(ErrorCode::kDataLoss, "checkpoint archive: " + what); }

/// Little-endian fields at checked offsets.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <typename T>
  T At(uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) Damaged("a field lies beyond its end");
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  std::span<const std::byte> Part(uint64_t offset, uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) Damaged("a member lies beyond its end");
    return bytes_.subspan(offset, size);
  }
  uint64_t size() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

struct Directory {
  uint64_t offset;
  uint64_t count;
};

/// The end record lies behind everything but a comment of at most 65535 bytes.
Directory FindDirectory(const Fields& fields) {
  if (fields.size() < kEndBytes) Damaged("too short for a zip archive");
  const uint64_t last = fields.size() - kEndBytes;
  const uint64_t first = last > 0xFFFF ? last - 0xFFFF : 0;
  uint64_t end = last + 1;
  do {
    if (end == first) Damaged("has no end-of-central-directory record: is the file cut?");
    --end;
  } while (fields.At<uint32_t>(end) != kEndSignature);

  Directory directory{fields.At<uint32_t>(end + 16), fields.At<uint16_t>(end + 10)};
  const bool has_locator = end >= kLocatorBytes && fields.At<uint32_t>(end - kLocatorBytes) == kLocator64Signature;
  if (has_locator) {
    const auto end64 = fields.At<uint64_t>(end - kLocatorBytes + 8);
    if (fields.At<uint32_t>(end64) != kEnd64Signature) Damaged("its ZIP64 end record is not where it should be");
    directory = {fields.At<uint64_t>(end64 + 48), fields.At<uint64_t>(end64 + 32)};
  }
  if (directory.count > kMaxMembers) Damaged("announces more than 2^20 members");
  return directory;
}

/// Replaces fields that are all ones by those of the ZIP64 extra field, in the order of the specification.
void ReadZip64(const Fields& extra, ZipReader::Member& member) {
  constexpr uint64_t kInExtra = std::numeric_limits<uint32_t>::max();
  uint64_t at = 0;
  while (at + 4 <= extra.size()) {
    const auto id = extra.At<uint16_t>(at);
    const auto size = extra.At<uint16_t>(at + 2);
    if (id == 1) {
      uint64_t field = at + 4;
      for (uint64_t* value : {&member.size, &member.compressed_size, &member.header_offset}) {
        if (*value != kInExtra) continue;
        if (field + 8 > at + 4 + size) Damaged("a ZIP64 field is cut");
        *value = extra.At<uint64_t>(field);
        field += 8;
      }
      return;
    }
    at += 4 + size;
  }
}

}  // namespace

ZipReader::ZipReader(std::span<const std::byte> bytes) : bytes_(bytes) {
  const Fields fields(bytes);
  const Directory directory = FindDirectory(fields);
  uint64_t at = directory.offset;
  for (uint64_t i = 0; i < directory.count; ++i) {
    if (fields.At<uint32_t>(at) != kCentralSignature) Damaged("its central directory is damaged");
    Member member{fields.At<uint16_t>(at + 10), fields.At<uint32_t>(at + 16), fields.At<uint32_t>(at + 24),
                  fields.At<uint32_t>(at + 20), fields.At<uint32_t>(at + 42)};
    const auto name_size = fields.At<uint16_t>(at + 28);
    const auto extra_size = fields.At<uint16_t>(at + 30);
    const auto comment_size = fields.At<uint16_t>(at + 32);
    const auto name = fields.Part(at + kCentralBytes, name_size);
    ReadZip64(Fields(fields.Part(at + kCentralBytes + name_size, extra_size)), member);
    members_.emplace(std::string(reinterpret_cast<const char*>(name.data()), name.size()), member);
    at += kCentralBytes + name_size + extra_size + comment_size;
  }
}

std::span<const std::byte> ZipReader::Read(const std::string& name) const {
  const auto found = members_.find(name);
  if (found == members_.end()) Damaged("member " + name + " is missing");
  const Member& member = found->second;
  if (member.method != 0 || member.size != member.compressed_size) {
    throw Error(ErrorCode::kInvalidArgument, "checkpoint archive: member " + name + " is compressed: must be stored, as PyTorch writes it");
  }
  const Fields fields(bytes_);
  if (fields.At<uint32_t>(member.header_offset) != kLocalSignature) Damaged("member " + name + " has no header");
  const uint64_t data = member.header_offset + kLocalBytes + fields.At<uint16_t>(member.header_offset + 26) +
                        fields.At<uint16_t>(member.header_offset + 28);
  const std::span<const std::byte> bytes = fields.Part(data, member.size);
  uLong crc = crc32(0, nullptr, 0);
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min<size_t>(bytes.size() - at, size_t{1} << 30);
    crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes.data() + at), static_cast<uInt>(size));
    at += size;
  }
  if (crc != member.crc32) Damaged("member " + name + " has a wrong checksum");
  return bytes;
}

}  // namespace tuckerseg
