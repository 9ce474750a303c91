/// The weights files of a model's parts: beside the JSON file where there is one part, in parts/NAME/ where there are several.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/model/model.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// The weights of all parts, and the SHA-256 over their files in the order of `parts`.
struct PartWeights {
  std::vector<WeightStore> weights;
  std::string sha256;
};

/// Reads the files of `parts` under `directory`. Errors: as FileBytes::Read, kDataLoss for a damaged file; a checksum other than
/// `expected_sha256`, where that is not empty, is kDataLoss too: a flipped bit in a weight shows nowhere else.
PartWeights ReadPartWeights(const std::filesystem::path& directory, const std::vector<ModelPart>& parts, const std::string& expected_sha256);

/// What the files take on disk, as far as they are there: one that is not counts nothing.
int64_t PartWeightsBytes(const std::filesystem::path& directory, const std::vector<ModelPart>& parts);

/// Errors: kInvalidArgument if there are not as many weights as parts, kInternal if a file cannot be written.
void WritePartWeights(const std::filesystem::path& directory, const std::vector<ModelPart>& parts, const std::vector<WeightStore>& weights);

/// What ReadPartWeights will say of these weights once they are written.
std::string PartWeightsSha256(const std::vector<WeightStore>& weights);

/// Errors: kDataLoss that names a tensor of some fold that is missing or has another shape than the part's graph says.
void CheckTensors(const ModelPart& part, const WeightStore& weights);

}  // namespace tuckerseg
