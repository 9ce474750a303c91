/// How much of what all clients share one of them may hold at once. In the header alone: the fuzz targets of the policy take its sources in by themselves.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace tuckerseg {

/// The `share`, in (0, 1], of so many places: rounded down, so that what is left is others', but one at least.
inline int64_t PlacesOfOneClient(int64_t places, double share) {
  constexpr double kRounding = 1e-9;  // 0.29 of 100 is 28.999... in floating point
  return std::max<int64_t>(static_cast<int64_t>(std::floor(static_cast<double>(places) * share + kRounding)), 1);
}

/// What a client is told that holds all its places `of` something: the queue, the streams.
inline std::string ShareIsHeld(const std::string& of, int64_t places) {
  const std::string number = std::to_string(places);
  return of + ": this client holds " + number + " of its " + number + " places: must be fewer; try again later";
}

}  // namespace tuckerseg
