#include "client/cli/segment_outputs.h"

#include <span>
#include <utility>

#include "client/cli/input_guard.h"
#include "client/cli/statistics_json.h"
#include "engine/volume/split_labels.h"

namespace tuckerseg {

SegmentOutputs::SegmentOutputs(const OutputPaths& paths, std::filesystem::path ct)
    : compressed_(!paths.label_map.ends_with(".nii")), ct_(std::move(ct)), split_path_(paths.split_dir) {
  RefuseInput("--output", paths.label_map, "the CT's", ct_);
  RefuseInput("--statistics", paths.statistics, "the CT's", ct_);
  RefuseInput("--preview", paths.preview, "the CT's", ct_);
  if (!paths.label_map.empty()) label_map_file_.emplace(paths.label_map);
  if (!paths.statistics.empty()) statistics_file_.emplace(paths.statistics);
  if (!paths.preview.empty()) preview_file_.emplace(paths.preview);
  if (!paths.split_dir.empty()) split_folder_.emplace(paths.split_dir);
}

void SegmentOutputs::Ask(v1::OutputOptions& options) const {
  options.set_compression(compressed_ ? v1::COMPRESSION_GZIP : v1::COMPRESSION_NONE);
  options.set_statistics(statistics_file_.has_value());
  options.set_preview(preview_file_.has_value());
}

void SegmentOutputs::Listen(SegmentEvents& events) {
  events.label_map = [this](std::span<const std::byte> bytes) { label_map_.insert(label_map_.end(), bytes.begin(), bytes.end()); };
  events.preview = [this](const v1::Preview& preview) { preview_ = preview; };
  events.again = [this](int) {
    label_map_.clear();
    preview_.Clear();
  };
}

void SegmentOutputs::Write(const v1::LabelMapHeader& label_map, const v1::Summary& summary) const {
  if (split_folder_)
    for (const auto& label : label_map.labels()) RefuseInput("--split-dir: " + label.name() + ".nii.gz", split_path_ / (label.name() + ".nii.gz"), "the CT's", ct_);
  if (label_map_file_) label_map_file_->Write(label_map_);
  if (statistics_file_) {
    const std::string json = StatisticsJson(summary);
    statistics_file_->Write(std::as_bytes(std::span(json)));
  }
  if (preview_file_) preview_file_->Write(std::as_bytes(std::span(preview_.png())));
  if (!split_folder_) return;
  std::vector<LabelName> labels;
  for (const auto& label : label_map.labels()) labels.push_back({static_cast<int64_t>(label.value()), label.name()});
  SplitLabels(label_map_, labels, [this](const LabelName& label, std::span<const std::byte> file) {
    split_folder_->Write(label.name + ".nii.gz", file);
  });
}

}  // namespace tuckerseg
