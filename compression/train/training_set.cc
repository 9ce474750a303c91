#include "compression/train/training_set.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>

#include "engine/error.h"
#include "engine/volume/orientation.h"

namespace tuckerseg {
namespace {

size_t TrainingCount(const CaseFolder& folder, const TrainingSetOptions& options) {
  const auto held_out = static_cast<size_t>(options.validation_cases);
  if (options.validation_cases < 0 || held_out >= folder.cases.size()) {
    throw Error(ErrorCode::kInvalidArgument, "validation = " + std::to_string(options.validation_cases) + " cases: must leave at least one of " +
                                                 std::to_string(folder.cases.size()) + " for training");
  }
  return folder.cases.size() - held_out;
}

/// Counts of whole HU.
using Histogram = std::map<int64_t, int64_t>;

double Percentile(const Histogram& histogram, int64_t count, double share) {
  const double wanted = share * static_cast<double>(count - 1);
  int64_t passed = 0;
  for (const auto& [value, number] : histogram) {
    passed += number;
    if (static_cast<double>(passed) > wanted) return static_cast<double>(value);
  }
  return static_cast<double>(histogram.rbegin()->first);
}

}  // namespace

std::set<int64_t> PresentLabels(const CaseFolder& folder, const TrainingSetOptions& options) {
  std::set<int64_t> present;
  for (size_t i = 0; i < TrainingCount(folder, options); ++i) {
    const CaseFiles& files = folder.cases[i];
    present.merge(LabelValues(files.name, ReadLabels(files, folder.classes), folder.classes));
  }
  present.erase(0);
  return present;
}

Normalization ForegroundIntensities(const CaseFolder& folder, const TrainingSetOptions& options) {
  Histogram histogram;
  for (size_t i = 0; i < TrainingCount(folder, options); ++i) {
    const CaseFiles& files = folder.cases[i];
    const std::vector<float> ct = ToFloat(ViewOf(ReadVolume(files.ct, "case " + files.name + ": image")), options.threads);
    const std::vector<float> labels = ToFloat(ViewOf(ReadLabels(files, folder.classes)), options.threads);
    if (ct.size() != labels.size()) throw Error(ErrorCode::kInvalidArgument, "case " + files.name + ": labels must have as many voxels as the image");
    for (size_t v = 0; v < ct.size(); ++v)
      if (labels[v] > 0 && std::isfinite(ct[v])) ++histogram[std::llround(ct[v])];
  }
  if (histogram.empty()) throw Error(ErrorCode::kInvalidArgument, "labels: no voxel is labelled: must have structures");
  int64_t count = 0;
  double sum = 0;
  double squares = 0;
  for (const auto& [value, number] : histogram) {
    count += number;
    sum += static_cast<double>(value) * static_cast<double>(number);
    squares += static_cast<double>(value) * static_cast<double>(value) * static_cast<double>(number);
  }
  Normalization result;
  result.mean = sum / static_cast<double>(count);
  result.std_dev = std::sqrt(std::max(0.0, squares / static_cast<double>(count) - result.mean * result.mean));
  result.lower = Percentile(histogram, count, 0.005);
  result.upper = Percentile(histogram, count, 0.995);
  return result;
}

TrainingSet LoadTrainingSet(const CaseFolder& folder, const Model& model, const TrainingSetOptions& options,
                            const std::function<void(size_t done, size_t total)>& told) {
  const size_t training = TrainingCount(folder, options);
  TrainingSet result;
  int64_t bytes = 0;
  for (size_t i = 0; i < folder.cases.size(); ++i) {
    const CaseFiles& files = folder.cases[i];
    const std::optional<Volume> labels = files.HasLabels() ? std::optional(ReadLabels(files, folder.classes)) : std::nullopt;
    if (labels) LabelValues(files.name, *labels, folder.classes);  // only for its errors: 2.5 of a scaled file would be rounded to another class
    TrainingCase loaded = MakeTrainingCase(files.name, ReadVolume(files.ct, "case " + files.name + ": image"), labels ? &*labels : nullptr,
                                           model, options.threads);
    bytes += loaded.Bytes();
    if (bytes > options.max_bytes) {
      throw Error(ErrorCode::kResourceExhausted, "cases: " + std::to_string(i + 1) + " of " + std::to_string(folder.cases.size()) + " take " +
                                                     std::to_string(bytes) + " bytes: must be at most " + std::to_string(options.max_bytes) +
                                                     " (--max-memory)");
    }
    (i < training ? result.training : result.validation).push_back(std::move(loaded));
    if (told) told(i + 1, folder.cases.size());
  }
  return result;
}

PatchChoice ChoosePatch(const std::vector<TrainingCase>& cases, const Size3& patch, bool foreground, const AugmentationOptions& options,
                        RandomStream& random) {
  PatchChoice choice;
  choice.place = static_cast<size_t>(random.Below(static_cast<int64_t>(cases.size())));
  const TrainingCase& source = cases[choice.place];
  choice.pose = DrawPose(options, patch, random);
  Size3 begin;
  if (foreground && !source.places.empty()) {
    auto chosen = source.places.begin();
    std::advance(chosen, random.Below(static_cast<int64_t>(source.places.size())));
    const auto index = static_cast<int64_t>(chosen->second[static_cast<size_t>(random.Below(static_cast<int64_t>(chosen->second.size())))]);
    const Size3 voxel{index / (source.shape[1] * source.shape[2]), index / source.shape[2] % source.shape[1], index % source.shape[2]};
    for (size_t a = 0; a < 3; ++a) begin[a] = voxel[a] - patch[a] / 2;
  } else {
    for (size_t a = 0; a < 3; ++a) begin[a] = random.Below(std::max<int64_t>(source.shape[a] - patch[a], 0) + 1);
  }
  for (size_t a = 0; a < 3; ++a) {
    const int64_t room = source.shape[a] - patch[a];
    // A case smaller than the patch is padded on both sides, as in inference.
    begin[a] = room <= 0 ? -((-room) / 2) : std::clamp<int64_t>(begin[a], 0, room);
    choice.pose.centre[a] = static_cast<double>(begin[a]) + static_cast<double>(patch[a] - 1) / 2;
  }
  return choice;
}

bool IsForegroundSample(int64_t sample, int64_t batch, double share, RandomStream& random) {
  if (batch == 1) return random.Chance(share);
  return sample >= std::lround(static_cast<double>(batch) * (1 - share));
}

}  // namespace tuckerseg
