/// nnU-Net's intensity normalisations.
#pragma once

#include <span>
#include <stop_token>

#include "engine/model/model.h"
#include "engine/volume/resample.h"

namespace tuckerseg {

/// Normalises one channel in place (nnunet-inference section 3.3). `shape`: array axes of `image`, cropped to nonzero.
/// Errors: kInvalidArgument if kRgbTo01 meets a value outside [0, 255], kCancelled where `stop` is asked for while a mask is filled.
void Normalize(const Normalization& normalization, std::span<float> image, const ArrayShape& shape, const std::stop_token& stop = {});

}  // namespace tuckerseg
