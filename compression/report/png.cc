#include "compression/report/png.h"

#include <zlib.h>

#include <string_view>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMaxSide = 16384;
/// Each row is stored as what it adds to the row above: of a CT that is a third smaller than the row itself.
constexpr char kFilterUp = 2;

std::string BigEndian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16 & 255), static_cast<char>(value >> 8 & 255), static_cast<char>(value & 255)};
}

std::string Chunk(std::string_view type, const std::string& content) {
  const std::string checked = std::string(type) + content;
  const auto crc = static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size())));
  return BigEndian(static_cast<uint32_t>(content.size())) + checked + BigEndian(crc);
}

std::string Filtered(int64_t width, int64_t height, std::span<const uint8_t> grey) {
  std::string rows;
  rows.reserve(static_cast<size_t>((width + 1) * height));
  for (int64_t v = 0; v < height; ++v) {
    rows += kFilterUp;
    for (int64_t u = 0; u < width; ++u) {
      const auto at = static_cast<size_t>(v * width + u);
      const uint8_t above = v > 0 ? grey[at - static_cast<size_t>(width)] : 0;
      rows += static_cast<char>(static_cast<uint8_t>(grey[at] - above));
    }
  }
  return rows;
}

std::string Deflated(const std::string& bytes) {
  std::string packed(compressBound(bytes.size()), '\0');
  uLongf size = packed.size();
  const int result = compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 9);
  if (result != Z_OK) throw Error(ErrorCode::kInternal, "PNG: zlib answers " + std::to_string(result));
  packed.resize(size);
  return packed;
}

}  // namespace

std::string EncodePng(int64_t width, int64_t height, std::span<const uint8_t> grey) {
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide || grey.size() != static_cast<size_t>(width * height)) {
    throw Error(ErrorCode::kInvalidArgument, "picture = " + std::to_string(width) + " x " + std::to_string(height) + " with " +
                                                 std::to_string(grey.size()) + " pixels: must be sides in [1, 16384] and a pixel for each place");
  }
  // 8 bits a sample, grey, deflate, filters by row, no interlacing.
  const std::string header = BigEndian(static_cast<uint32_t>(width)) + BigEndian(static_cast<uint32_t>(height)) + std::string("\x08\0\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" + Chunk("IHDR", header) + Chunk("IDAT", Deflated(Filtered(width, height, grey))) + Chunk("IEND", {});
}

}  // namespace tuckerseg
