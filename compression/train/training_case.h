/// One case in a network's grid.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/model/model.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// Image and labels in a network's axes, in 3 bytes a voxel.
struct TrainingCase {
  std::string name;               ///< as the data set calls it
  std::string ct_digest;          ///< CaseDigest of the CT as it was given
  Size3 shape{};
  std::vector<uint16_t> image;    ///< normalised intensities in IEEE half: their step is below a hundredth of a CT's noise
  std::vector<uint8_t> channels;  ///< what the network should answer: a channel for each voxel
  /// Up to kPlacesOfAClass voxels (C order index) of each channel but background that occurs, spread evenly over its voxels.
  std::map<uint8_t, std::vector<uint32_t>> places;
  int64_t Bytes() const;
};
inline constexpr size_t kPlacesOfAClass = 2000;

/// Brings a CT into the grid of the model's only part as inference does (ReadImage, CropToNonzero, NetworkImage), and its labels, where
/// there are some, by the same way with nearest neighbours, cut with the image's box. Labels that no channel stands for become
/// background; without labels all is background.
/// `labels`: label values (LabelValues), on the CT's grid; null: none.
/// Errors: kInvalidArgument if the two grids differ in shape or by more than a tenth of a voxel, and what ReadImage refuses; kResourceExhausted for more than 2^32 - 1 voxels.
TrainingCase MakeTrainingCase(const std::string& name, const Volume& ct, const Volume* labels, const Model& model, int threads);

/// Replaces what the network should answer, and the places that follow from it. `channels`: one for each voxel.
void SetChannels(TrainingCase& target, std::vector<uint8_t> channels);

/// The label values that occur, with background. Errors: kInvalidArgument for a label that is no whole number in [0, 65535] or, but for 0, no value of `classes`.
std::set<int64_t> LabelValues(const std::string& name, const Volume& labels, const std::map<std::string, int64_t>& classes);

}  // namespace tuckerseg
