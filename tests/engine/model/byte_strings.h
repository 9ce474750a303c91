/// Bytes written as strings, and back: archives and pickles of tests are put together as text.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tuckerseg {

inline std::vector<std::byte> AsBytes(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

inline std::string AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The value's bytes in this machine's order, little-endian as everywhere in this project.
template <typename T>
std::string BytesOfValue(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

template <typename T>
std::string BytesOfValues(const std::vector<T>& values) {
  std::string bytes;
  for (const T value : values) bytes += BytesOfValue(value);
  return bytes;
}

}  // namespace tuckerseg
