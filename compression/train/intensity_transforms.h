/// The single changes of intensities that augmentation is made of, each with its parameters given.
#pragma once

#include <span>

#include "compression/train/random_stream.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// Adds normal noise of this variance.
void AddNoise(std::span<float> image, double variance, RandomStream& random);

/// Gaussian blur along all axes, cut off at 3 sigma (at least one voxel), borders replicated.
void Blur(std::span<float> image, const Size3& shape, double sigma);

/// (x - mean) * factor + mean, clipped to the image's own range.
void ScaleContrast(std::span<float> image, double factor);

/// Nearest voxels on a grid of `zoom` times as many along each axis, then linear interpolation back.
void SimulateLowResolution(std::span<float> image, const Size3& shape, double zoom);

/// ((x - min) / range) ^ gamma * range + min, mean and deviation restored; `inverted`: of the negative image.
void CorrectGamma(std::span<float> image, double gamma, bool inverted);

}  // namespace tuckerseg
