/// Where the vertebrae lie: what ribs, muscles and vessels along the spine are placed by.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tuckerseg::phantom {

/// The body of one vertebra: an elliptic drum whose axis is nearly z.
struct VertebraPlace {
  uint16_t label;
  float z, y;  ///< centre of the body, in the midline
  float radius_x, radius_y, half_height;
};

/// From L5 up to C6, as class ids have it.
inline constexpr std::size_t kVertebrae = 19;
const std::array<VertebraPlace, kVertebrae>& VertebraPlaces();

/// The vertebra that rib `number` (1 to 12) starts from.
const VertebraPlace& ThoracicVertebra(int number);

}  // namespace tuckerseg::phantom
