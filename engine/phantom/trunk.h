/// The cavities and walls that organs are placed by.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/phantom/column.h"

namespace tuckerseg::phantom {

struct Trunk {
  std::shared_ptr<const Column> thorax;      ///< inside of the ribs
  std::shared_ptr<const Column> peritoneum;  ///< inside of the abdominal wall, down to the pelvic floor
  std::shared_ptr<const Column> wall;        ///< outside of the muscles
  std::shared_ptr<const Column> skin;        ///< outside of the patient, arms left out
};

/// Patients differ in the fat under the skin; what lies inside is deformed with the whole body
/// (deformation.h).
Trunk MakeTrunk(uint64_t seed);

}  // namespace tuckerseg::phantom
