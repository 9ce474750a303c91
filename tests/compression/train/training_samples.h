/// What the tests of training data share: the model of the spheres, and cases in its grid.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compression/train/training_case.h"
#include "compression/train/training_model.h"
#include "tests/compression/sphere_cases.h"

namespace tuckerseg {

/// As WriteSphereDataset names them.
inline const std::map<std::string, int64_t> kSphereClasses{{"liver", 5}, {"spleen", 1}, {"heart", 51}};

inline Model SphereModel() { return MakeTrainingModel(SpherePlans().dump(), kSphereClasses, {1, 5}, {}, {}); }

inline std::vector<TrainingCase> TwoCases() {
  std::vector<TrainingCase> cases;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    const SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, seed);
    cases.push_back(MakeTrainingCase("case", made.ct, &made.labels, SphereModel(), 1));
  }
  return cases;
}

}  // namespace tuckerseg
