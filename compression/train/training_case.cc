#include "compression/train/training_case.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "compression/cases/case_digest.h"
#include "compression/cases/case_errors.h"
#include "engine/error.h"
#include "engine/half.h"
#include "engine/segment/preprocess.h"
#include "engine/volume/same_grid.h"

namespace tuckerseg {
namespace {

constexpr int64_t kHighestLabel = 65535;

/// The labels in the model's grid, cut to the image's box: values as ReadImage and NetworkImage give them. `labels`: with the image's geometry.
std::vector<float> LabelsInGrid(const Volume& labels, const CaseImage& image, const Model& model, int threads) {
  Model nearest = model;
  nearest.pipeline.resampling_order = 0;
  ModelPart& part = nearest.parts.front();
  part.normalization = {{.scheme = NormalizationScheme::kNone}};
  if (part.data_resampling.kind != ResamplingKind::kNone) part.data_resampling = {ResamplingKind::kDefault, 0, 0, part.data_resampling.force_separate_z};
  const CanonicalImage own = ReadImage(labels, nearest, threads);
  CaseImage cut = image;
  cut.image = Crop(own.image, own.shape, image.box);
  return NetworkImage(cut, part, threads);
}

std::map<int64_t, uint8_t> ChannelOfLabel(const ModelPart& part) {
  std::map<int64_t, uint8_t> channels;
  for (size_t c = 0; c < part.channel_labels.size(); ++c) channels[part.channel_labels[c]] = static_cast<uint8_t>(c);
  return channels;
}

std::vector<uint8_t> ChannelsInGrid(const Volume& labels, const CaseImage& image, const Model& model, int threads) {
  const std::map<int64_t, uint8_t> channel_of = ChannelOfLabel(model.parts.front());
  std::vector<uint8_t> channels;
  for (const float value : LabelsInGrid(labels, image, model, threads)) {
    const auto found = channel_of.find(std::lround(value));
    channels.push_back(found == channel_of.end() ? uint8_t{0} : found->second);
  }
  return channels;
}

void RememberPlaces(TrainingCase& result) {
  std::map<uint8_t, uint64_t> counts;
  for (const uint8_t channel : result.channels) ++counts[channel];
  std::map<uint8_t, uint64_t> seen;
  for (size_t i = 0; i < result.channels.size(); ++i) {
    const uint8_t channel = result.channels[i];
    if (channel == 0) continue;
    const uint64_t count = counts[channel];
    const uint64_t place = seen[channel]++;
    const uint64_t kept = std::min<uint64_t>(count, kPlacesOfAClass);
    // Every (count / kept)-th voxel: the share of them passes a whole number here.
    if (place * kept / count != (place + 1) * kept / count) result.places[channel].push_back(static_cast<uint32_t>(i));
  }
}

}  // namespace

int64_t TrainingCase::Bytes() const {
  int64_t bytes = static_cast<int64_t>(image.size() * sizeof(uint16_t) + channels.size());
  for (const auto& [channel, list] : places) bytes += static_cast<int64_t>(list.size() * sizeof(uint32_t));
  return bytes;
}

std::set<int64_t> LabelValues(const std::string& name, const Volume& labels, const std::map<std::string, int64_t>& classes) {
  std::vector<bool> found(static_cast<size_t>(kHighestLabel) + 1);
  for (const float value : ToFloat(ViewOf(labels), 1)) {
    if (!(value >= 0 && value <= static_cast<float>(kHighestLabel)) || value != std::floor(value)) {
      throw Error(ErrorCode::kInvalidArgument, "case " + name + ": label " + std::to_string(value) + ": must be a whole number in [0, 65535]");
    }
    found[static_cast<size_t>(value)] = true;
  }
  std::set<int64_t> known{0};
  for (const auto& [class_name, value] : classes) known.insert(value);
  std::set<int64_t> values;
  for (int64_t value = 0; value <= kHighestLabel; ++value) {
    if (!found[static_cast<size_t>(value)]) continue;
    if (!known.contains(value)) throw Error(ErrorCode::kInvalidArgument, "case " + name + ": label " + std::to_string(value) + ": must be a value of dataset.labels");
    values.insert(value);
  }
  return values;
}

TrainingCase MakeTrainingCase(const std::string& name, const Volume& ct, const Volume* labels, const Model& model, int threads) {
  if (labels != nullptr) CheckSameGrid("case " + name + ": labels", labels->geometry, "the image", ct.geometry);
  const ModelPart& part = model.parts.front();
  CanonicalImage read = Naming("case " + name, [&] { return ReadImage(ct, model, threads); });
  const CaseImage image = CropToNonzero(std::move(read.image), read.shape, read.spacing_mm);
  TrainingCase result;
  result.name = name;
  result.ct_digest = CaseDigest(ct);
  result.shape = NetworkShape(part, image.box.Shape(), image.spacing_mm);
  if (result.shape[0] * result.shape[1] * result.shape[2] > std::numeric_limits<uint32_t>::max()) {
    throw Error(ErrorCode::kResourceExhausted, "case " + name + ": more than 2^32 voxels at the model's spacing: must be fewer");
  }
  const std::vector<float> network = NetworkImage(image, part, threads);
  result.image.reserve(network.size());
  for (const float value : network) result.image.push_back(HalfFromFloat(value));
  if (labels == nullptr) {
    SetChannels(result, std::vector<uint8_t>(network.size(), 0));
    return result;
  }
  // A copy with the image's geometry: grids that are the same within the tolerance can still be resampled to lengths that differ by one.
  Volume on_grid = *labels;
  on_grid.geometry = ct.geometry;
  SetChannels(result, ChannelsInGrid(on_grid, image, model, threads));
  return result;
}

void SetChannels(TrainingCase& target, std::vector<uint8_t> channels) {
  target.channels = std::move(channels);
  target.places.clear();
  RememberPlaces(target);
}

}  // namespace tuckerseg
