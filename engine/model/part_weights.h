/// The weights files of a model's parts: beside the JSON file where there is one part, in parts/NAME/ where there are several.
#pragma once

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

/// Maps the files of `parts` under `directory`. Errors: kNotFound, kDataLoss for a damaged file; a checksum other than
/// `expected_sha256`, where that is not empty, is kDataLoss too: a flipped bit in a weight shows nowhere else.
PartWeights MapPartWeights(const std::filesystem::path& directory, const std::vector<ModelPart>& parts, const std::string& expected_sha256);

/// Errors: kInvalidArgument if there are not as many weights as parts, kInternal if a file cannot be written.
void WritePartWeights(const std::filesystem::path& directory, const std::vector<ModelPart>& parts, const std::vector<WeightStore>& weights);

/// What MapPartWeights will say of these weights once they are written.
std::string PartWeightsSha256(const std::vector<WeightStore>& weights);

/// Errors: kDataLoss that names a tensor of some fold that is missing or has another shape than the part's graph says.
void CheckTensors(const ModelPart& part, const WeightStore& weights);

}  // namespace tuckerseg
