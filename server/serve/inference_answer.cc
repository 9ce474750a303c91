#include "server/serve/inference_answer.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "server/serve/messages.h"

namespace tuckerseg {
namespace {

void DescribeTensor(const char* name, const char* datatype, std::initializer_list<int64_t> shape,
                    inference::ModelMetadataResponse::TensorMetadata& message) {
  message.set_name(name);
  message.set_datatype(datatype);
  for (const int64_t length : shape) message.add_shape(length);
}

std::string Joined(const std::vector<std::string>& texts, const char* separator) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : separator) + text;
  return joined;
}

const char* DatatypeOf(const LabelsForm& form) { return form.wide ? "UINT16" : "UINT8"; }

}  // namespace

LabelsForm FormOfLabels(const Model& model, bool raw) {
  return {.wide = !model.labels.empty() && model.labels.back().value > 255, .raw = raw};  // labels ascend
}

int64_t LabelsBytes(int64_t voxels, const LabelsForm& form) {
  if (!form.raw) return voxels * static_cast<int64_t>(sizeof(uint32_t));
  return voxels * (form.wide ? 2 : 1);
}

void AddLabels(const LabelMap& map, const LabelsForm& form, inference::ModelInferResponse& response) {
  auto& output = *response.add_outputs();
  output.set_name("labels");
  output.set_datatype(DatatypeOf(form));
  for (size_t a = 0; a < 3; ++a) output.add_shape(map.shape[2 - a]);
  if (!form.raw) {
    auto& labels = *output.mutable_contents()->mutable_uint_contents();
    labels.Reserve(static_cast<int>(map.labels.size()));  // at most kMostTypedVoxels
    for (const uint16_t label : map.labels) labels.AddAlreadyReserved(label);
    return;
  }
  std::string& bytes = *response.add_raw_output_contents();
  bytes.resize(map.labels.size() * (form.wide ? 2 : 1));
  if (form.wide) {
    std::memcpy(bytes.data(), map.labels.data(), bytes.size());
  } else {
    std::transform(map.labels.begin(), map.labels.end(), bytes.begin(), [](uint16_t label) { return static_cast<char>(label); });
  }
}

std::string WarningOf(const Segmentation& segmentation, const Model& model) {
  const CropResult crop = segmentation.crop.value_or(CropResult{});
  if (segmentation.crop && !crop.box) return "the rough model found none of the structures to crop to: the label map is empty";
  const std::string not_found = Joined(crop.structures_not_found, ", ");
  const std::string erased = Joined(segmentation.structures_lost_in_refinement, ", ");
  const std::string cut_off = Joined(NamesAtBorder(crop, model.labels), ", ");
  std::vector<std::string> warnings;
  if (!not_found.empty()) warnings.push_back("not found by the rough model, so what the CT shows there may be missing: " + not_found);
  if (!erased.empty()) warnings.push_back("found, then erased, as the refining model did not confirm it: " + erased);
  if (!cut_off.empty()) warnings.push_back("at the border of the crop, so maybe cut off: " + cut_off);
  return Joined(warnings, "; ");
}

void Describe(const CatalogueModel& model, inference::ModelMetadataResponse& response) {
  response.set_name(model.model().task);
  for (const ServedLevel& level : model.levels)
    if (level.ready()) response.add_versions(level.name);
  response.set_platform("tuckerseg");
  DescribeTensor("volume", "INT16", {-1, -1, -1}, *response.add_inputs());
  DescribeTensor("spacing", "FP64", {3}, *response.add_inputs());
  DescribeTensor("direction", "FP64", {9}, *response.add_inputs());
  DescribeTensor("origin", "FP64", {3}, *response.add_inputs());
  DescribeTensor("labels", DatatypeOf(FormOfLabels(model.model(), true)), {-1, -1, -1}, *response.add_outputs());
  for (const Label& label : model.model().labels) (*response.mutable_properties())["label." + std::to_string(label.value)] = label.name;
}

}  // namespace tuckerseg
