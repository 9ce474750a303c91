/// Grey pictures as PNG files (ISO/IEC 15948), through zlib: a report needs no more of an image library.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace tuckerseg {

/// An 8-bit grey PNG of `grey` ([height, width], 255 is white).
/// Errors: kInvalidArgument if a side is not in [1, 16384] or `grey` is not of width * height.
std::string EncodePng(int64_t width, int64_t height, std::span<const uint8_t> grey);

}  // namespace tuckerseg
