/// What every fuzz target shares: its input as bytes, refusals that are answers, and promises that must hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>

#include "engine/error.h"

namespace tuckerseg {

inline std::span<const std::byte> Bytes(const uint8_t* data, size_t size) {
  return std::as_bytes(std::span(data, size));
}
inline std::string Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// What `call` gives, or nothing where it refuses with an Error. Any other exception ends the process: a
/// finding.
template <typename Call>
auto UnlessRefused(const Call& call) -> std::optional<decltype(call())> {
  try {
    return call();
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// Ends the process where a promise of a header is broken: a finding.
inline void Promise(bool kept) {
  if (!kept) std::abort();
}

/// Gives the bytes to `feed` in pieces whose sizes the bytes themselves choose.
template <typename Feed>
void InPieces(std::span<const std::byte> bytes, const Feed& feed) {
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.size(), 1 + std::to_integer<size_t>(bytes.front()));
    feed(bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

}  // namespace tuckerseg
