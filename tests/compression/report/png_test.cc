#include "compression/report/png.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <numeric>
#include <string_view>
#include <vector>

#include "engine/error.h"

namespace tuckerseg {
namespace {

using ::testing::HasSubstr;

uint32_t Number(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

struct Decoded {
  uint32_t width = 0, height = 0;
  std::string format;  ///< depth, colour type, compression, filter, interlacing
  std::vector<uint8_t> grey;
};

/// Reads what EncodePng may write: checks each chunk's checksum, inflates, undoes the filter of each row.
Decoded Decode(const std::string& png) {
  Decoded picture;
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  std::string packed, last;
  for (size_t at = 8; at < png.size();) {
    const uint32_t size = Number(png, at);
    last = png.substr(at + 4, 4);
    const std::string content = png.substr(at + 8, size);
    EXPECT_EQ(Number(png, at + 8 + size), crc32(0, reinterpret_cast<const Bytef*>(png.data() + at + 4), size + 4)) << last;
    if (last == "IHDR") {
      picture.width = Number(content, 0);
      picture.height = Number(content, 4);
      picture.format = content.substr(8);
    }
    if (last == "IDAT") packed += content;
    at += 12 + size;
  }
  EXPECT_EQ(last, "IEND");
  std::vector<uint8_t> rows((picture.width + 1) * picture.height);
  uLongf size = rows.size();
  EXPECT_EQ(uncompress(rows.data(), &size, reinterpret_cast<const Bytef*>(packed.data()), packed.size()), Z_OK);
  EXPECT_EQ(size, rows.size());
  for (size_t v = 0; v < picture.height; ++v) {
    const uint8_t* row = rows.data() + v * (picture.width + 1);
    EXPECT_TRUE(row[0] == 0 || row[0] == 2) << "filters none and up";
    for (size_t u = 0; u < picture.width; ++u) {
      const uint8_t above = row[0] == 2 && v > 0 ? picture.grey[(v - 1) * picture.width + u] : 0;
      picture.grey.push_back(static_cast<uint8_t>(row[1 + u] + above));
    }
  }
  return picture;
}

TEST(EncodePng, GivesEveryPixelBack) {
  std::vector<uint8_t> grey(37 * 23);
  for (size_t i = 0; i < grey.size(); ++i) grey[i] = static_cast<uint8_t>(i * i * 31 / 7);
  const Decoded picture = Decode(EncodePng(37, 23, grey));
  EXPECT_EQ(picture.width, 37U);
  EXPECT_EQ(picture.height, 23U);
  EXPECT_EQ(picture.format, std::string("\x08\0\0\0\0", 5)) << "8 bits, grey, not interlaced";
  EXPECT_EQ(picture.grey, grey);
}

TEST(EncodePng, TakesASinglePixel) { EXPECT_EQ(Decode(EncodePng(1, 1, std::vector<uint8_t>{200})).grey, std::vector<uint8_t>{200}); }

TEST(EncodePng, RefusesPixelsThatDoNotFitTheSize) {
  for (const auto& [width, height] : {std::pair<int64_t, int64_t>{2, 2}, {0, 3}, {-1, -3}, {16385, 1}}) {
    try {
      EncodePng(width, height, std::vector<uint8_t>(3));
      ADD_FAILURE() << width << " x " << height;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_THAT(error.what(), HasSubstr("with 3 pixels"));
    }
  }
}

}  // namespace
}  // namespace tuckerseg
