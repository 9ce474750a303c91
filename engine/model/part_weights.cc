#include "engine/model/part_weights.h"

#include <algorithm>
#include <system_error>

#include "engine/error.h"
#include "engine/model/file_bytes.h"
#include "engine/model/safetensors.h"
#include "engine/sha256.h"

namespace tuckerseg {
namespace {

std::filesystem::path WeightsPath(const std::filesystem::path& directory, const std::vector<ModelPart>& parts, const ModelPart& part) {
  constexpr auto kWeightsFile = "weights.safetensors";
  return parts.size() == 1 ? directory / kWeightsFile : directory / "parts" / part.name / kWeightsFile;
}

}  // namespace

PartWeights ReadPartWeights(const std::filesystem::path& directory, const std::vector<ModelPart>& parts, const std::string& expected_sha256) {
  PartWeights result;
  Sha256 digest;
  for (const ModelPart& part : parts) {
    // Opened once: by the second time another file may have taken the name, and its checksum would vouch for these bytes.
    const auto file = FileBytes::Read(WeightsPath(directory, parts, part), "weights");
    result.weights.push_back(ParseSafetensors(file->bytes(), file));
    digest.Update(file->bytes());
  }
  result.sha256 = digest.Digest();
  if (!expected_sha256.empty() && result.sha256 != expected_sha256) {
    throw Error(ErrorCode::kDataLoss, "weights: have another checksum than weights_sha256: must be the files that were written");
  }
  return result;
}

int64_t PartWeightsBytes(const std::filesystem::path& directory, const std::vector<ModelPart>& parts) {
  int64_t bytes = 0;
  for (const ModelPart& part : parts) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(WeightsPath(directory, parts, part), error);
    if (!error) bytes += static_cast<int64_t>(std::min<std::uintmax_t>(size, INT64_MAX / 64));  // a sum that overflows would be a small one
  }
  return bytes;
}

void WritePartWeights(const std::filesystem::path& directory, const std::vector<ModelPart>& parts, const std::vector<WeightStore>& weights) {
  if (weights.size() != parts.size()) {
    throw Error(ErrorCode::kInvalidArgument, "weights: of " + std::to_string(weights.size()) + " parts: must be of " + std::to_string(parts.size()));
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::filesystem::path path = WeightsPath(directory, parts, parts[i]);
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    WriteSafetensors(path, weights[i]);
  }
}

std::string PartWeightsSha256(const std::vector<WeightStore>& weights) {
  Sha256 digest;
  for (const WeightStore& part : weights) digest.Update(EncodeSafetensors(part));
  return digest.Digest();
}

void CheckTensors(const ModelPart& part, const WeightStore& weights) {
  for (const std::string& fold : part.folds)
    for (const TensorSpec& spec : RequiredTensors(part.graph)) {
      const std::string name = "fold_" + fold + "." + spec.name;
      const TensorView* tensor = weights.Find(name);
      if (tensor == nullptr) throw Error(ErrorCode::kDataLoss, "part " + part.name + ": tensor " + name + ": missing");
      if (tensor->shape != spec.shape) {
        throw Error(ErrorCode::kDataLoss, "part " + part.name + ": tensor " + name + ": shape differs from the layer's");
      }
      if (!IsFloatingPoint(tensor->type)) throw Error(ErrorCode::kDataLoss, "part " + part.name + ": tensor " + name + ": holds integers: must be of a floating-point type");
    }
}

}  // namespace tuckerseg
