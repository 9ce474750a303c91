#include "server/serve/segment_header.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

#include "engine/error.h"
#include "server/priority.h"

namespace tuckerseg {
namespace {

void Refuse(const std::string& message) { throw Error(ErrorCode::kInvalidArgument, "header." + message); }

void CheckOutput(const v1::OutputOptions& output) {
  if (!v1::Compression_IsValid(output.compression())) {
    Refuse("output.compression = " + std::to_string(output.compression()) + ": must be NONE or GZIP");
  }
  if (output.exclude_incomplete() && !output.statistics()) {
    Refuse("output.exclude_incomplete = true: must be false where output.statistics is");
  }
}

void CheckProcessing(const v1::ProcessingOptions& processing) {
  if (!v1::Crop_IsValid(processing.crop())) {
    Refuse("processing.crop = " + std::to_string(processing.crop()) + ": must be NONE, ROUGH, ROBUST or BODY, or left out");
  }
  const double blobs = processing.remove_small_blobs_mm3();
  if (!(blobs >= 0 && blobs <= 1e9)) Refuse("processing.remove_small_blobs_mm3 = " + std::to_string(blobs) + ": must be in [0, 1e9] mm3");
}

void CheckConditions(const v1::AutomaticLevel& automatic) {
  const double quality = automatic.min_quality();
  if (!(quality >= 0 && quality <= 1)) Refuse("level.automatic.min_quality = " + std::to_string(quality) + ": must be in [0, 1]");
  const auto& latency = automatic.max_latency();
  if (latency.seconds() < 0 || latency.nanos() < 0) Refuse("level.automatic.max_latency: must not be negative");
}

}  // namespace

void CheckSegmentHeader(const v1::SegmentHeader& header, int most_priority) {
  if (header.priority() < kLowestPriority || header.priority() > most_priority) {
    Refuse("priority = " + std::to_string(header.priority()) + ": must be in [" + std::to_string(kLowestPriority) + ", " +
           std::to_string(most_priority) + "]");
  }
  if (header.idempotency_key().size() > 128) Refuse("idempotency_key: must have at most 128 characters");
  CheckOutput(header.output());
  CheckProcessing(header.processing());
  CheckConditions(header.level().automatic());
}

TaskOptions TaskOptionsOf(const v1::SegmentHeader& header, const Model& model, Accumulation accumulation, int threads) {
  TaskOptions options;
  options.segment.accumulation = accumulation;
  options.segment.threads = threads;
  if (!header.structures().empty()) {
    for (const Label& label : StructuresAskedFor(header, model)) options.segment.structures.push_back(label.value);
  }
  options.segment.split_in_three = header.processing().force_split();
  options.segment.drop_below_mm3 = header.processing().remove_small_blobs_mm3();
  options.segment.statistics = header.output().statistics();
  options.segment.exclude_incomplete = header.output().exclude_incomplete();
  switch (header.processing().crop()) {
    case v1::CROP_NONE: options.crop = CropWish::kNone; break;
    case v1::CROP_ROUGH: options.crop = CropWish::kRough; break;
    case v1::CROP_ROBUST: options.crop = CropWish::kRobust; break;
    case v1::CROP_BODY: options.crop = CropWish::kBody; break;
    default: options.crop = CropWish::kAuto; break;
  }
  return options;
}

std::vector<Label> StructuresAskedFor(const v1::SegmentHeader& header, const Model& model) {
  const std::set<std::string> wanted(header.structures().begin(), header.structures().end());
  for (const std::string& name : wanted) {
    const bool known = std::any_of(model.labels.begin(), model.labels.end(), [&](const Label& label) { return label.name == name; });
    if (!known) {
      Refuse("structures = " + name + ": must be structures of task " + model.task + ", which `tuckerseg models " + model.task + "` lists");
    }
  }
  std::vector<Label> labels;
  std::copy_if(model.labels.begin(), model.labels.end(), std::back_inserter(labels),
               [&](const Label& label) { return wanted.empty() || wanted.contains(label.name); });
  return labels;
}

}  // namespace tuckerseg
