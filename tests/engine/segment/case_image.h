/// A volume read and cropped in one step, for tests that look at what a network gets.
#pragma once

#include <utility>

#include "engine/segment/preprocess.h"

namespace tuckerseg {

inline CaseImage MakeCase(const Volume& volume, const Model& model, int threads) {
  CanonicalImage image = ReadImage(volume, model, threads);
  return CropToNonzero(std::move(image.image), image.shape, image.spacing_mm);
}

}  // namespace tuckerseg
