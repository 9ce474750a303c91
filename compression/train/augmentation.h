/// nnU-Net's augmentation of a training patch. What is drawn depends on the random stream alone.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "compression/train/random_stream.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

struct Range {
  double low = 0;
  double high = 0;
};

/// Probabilities and ranges; the defaults are nnU-Net's.
struct AugmentationOptions {
  double rotation_probability = 0.2;
  double rotation_degrees = 30;  ///< about each axis, uniform in [-x, x]
  double plane_rotation_degrees = 180;  ///< instead, about the one axis of a patch that has few voxels along it
  double scaling_probability = 0.2;
  Range scaling{0.7, 1.4};       ///< size of the region that the patch shows, against the patch: above 1 structures shrink
  double noise_probability = 0.1;
  Range noise_variance{0, 0.1};
  double blur_probability = 0.2;
  Range blur_sigma{0.5, 1.0};    ///< voxels
  double brightness_probability = 0.15;
  Range brightness{0.75, 1.25};
  double contrast_probability = 0.15;
  Range contrast{0.75, 1.25};
  double low_resolution_probability = 0.25;
  Range low_resolution{0.5, 1.0};
  double inverted_gamma_probability = 0.1;
  double gamma_probability = 0.3;
  Range gamma{0.7, 1.5};
  /// Off: left and right organs are other classes.
  double mirror_probability = 0;

  /// Nothing is changed.
  static AugmentationOptions None();
};

/// Where a patch's voxels come from: case coordinates = centre + linear * (voxel - (patch - 1) / 2), in voxels of axes 0, 1, 2.
struct PatchPose {
  std::array<double, 3> centre{};
  std::array<std::array<double, 3>, 3> linear{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  /// The patch is a shifted copy of whole voxels, so that nothing is interpolated.
  bool IsPlainCrop(const Size3& patch) const;
};

/// Rotation, scaling and mirroring for one patch; the centre is left at 0. The linear part is a rotation times one scale, in voxels. Where the patch has less than a third of its
/// longest axis along another one, whose voxels are far apart then, both stay in the plane of the others: nnU-Net's `do_dummy_2d_data_aug`, which looks at axis 0 alone.
PatchPose DrawPose(const AugmentationOptions& options, const Size3& patch, RandomStream& random);

/// What the image of a patch goes through, in nnU-Net's order: noise, blur, brightness, contrast, low resolution, inverted gamma,
/// gamma. `image`: C order, normalised intensities; changed in place.
void AugmentIntensities(const AugmentationOptions& options, RandomStream& random, std::span<float> image, const Size3& shape);

}  // namespace tuckerseg
