#include "tests/engine/model/checkpoint_builder.h"

#include <algorithm>

#include "tests/engine/model/byte_strings.h"
#include "tests/engine/model/pickle_builder.h"

namespace tuckerseg {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

void SetField(Fields& fields, const std::string& key, const std::string& value) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == key; });
  if (found == fields.end()) {
    fields.emplace_back(key, value);
  } else {
    found->second = value;
  }
}

/// `a.conv.weight` once more, as `a.all_modules.0.weight`; empty where the tensor has no such duplicate.
std::string NameInAllModules(const std::string& name) {
  for (const auto& [own, place] : {std::pair(".conv.", ".all_modules.0."), std::pair(".norm.", ".all_modules.1.")}) {
    const size_t at = name.find(own);
    if (at != std::string::npos) return name.substr(0, at) + place + name.substr(at + std::string(own).size());
  }
  return {};
}

}  // namespace

CheckpointBuilder::CheckpointBuilder()
    : fields_({{"optimizer_state", pickled::Dict({{"state", pickled::Call(pickled::Global("some", "State"), {})}})},
               {"init_args", pickled::Dict({{"configuration", pickled::Text("3d_fullres")}, {"fold", pickled::Integer(0)}})},
               {"trainer_name", pickled::Text("nnUNetTrainer")},
               {"inference_allowed_mirroring_axes", pickled::None()}}) {}

CheckpointBuilder& CheckpointBuilder::Tensor(const std::string& name, const std::vector<int64_t>& shape,
                                             const std::vector<float>& values) {
  return Weight(name, PickledTensor("FloatStorage", Storage(BytesOfValues(values)), 0, shape, StridesOf(shape)));
}

CheckpointBuilder& CheckpointBuilder::Weight(const std::string& name, const std::string& pickled) {
  weights_.emplace_back(name, pickled);
  return *this;
}

std::string CheckpointBuilder::Storage(const std::string& bytes) {
  storages_.push_back(bytes);
  return std::to_string(storages_.size() - 1);
}

CheckpointBuilder& CheckpointBuilder::Set(const std::string& key, const std::string& pickled) {
  SetField(fields_, key, pickled);
  return *this;
}

CheckpointBuilder& CheckpointBuilder::Remove(const std::string& key) {
  std::erase_if(fields_, [&](const auto& field) { return field.first == key; });
  return *this;
}

CheckpointBuilder& CheckpointBuilder::Member(const std::string& name, const std::string& content) {
  SetField(members_, name, content);
  return *this;
}

std::string CheckpointBuilder::Bytes() const {
  Fields fields = fields_;
  const bool replaced = std::any_of(fields.begin(), fields.end(), [](const auto& f) { return f.first == "network_weights"; });
  // The state_dict's BUILD with its metadata, which says nothing that inference needs.
  const std::string metadata = pickled::Dict({{"_metadata", pickled::OrderedDict({})}}) + "b";
  if (!replaced) fields.emplace(fields.begin(), "network_weights", pickled::OrderedDict(weights_) + metadata);
  Fields members{{"checkpoint_final/data.pkl", pickled::Document(pickled::Dict(fields))},
                 {"checkpoint_final/byteorder", "little"},
                 {"checkpoint_final/version", "3\n"}};
  for (size_t i = 0; i < storages_.size(); ++i)
    members.emplace_back("checkpoint_final/data/" + std::to_string(i), storages_[i]);
  for (const auto& [name, content] : members_) SetField(members, name, content);
  ZipBuilder archive;
  archive.DataDescriptors();
  for (const auto& [name, content] : members) archive.Add(name, content);
  return archive.Bytes();
}

std::string PickledTensor(const std::string& storage_class, const std::string& key, int64_t offset,
                          const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  const std::string id = pickled::Tuple({pickled::Text("storage"), pickled::Global("torch", storage_class), pickled::Text(key),
                                         pickled::Text("cuda:0"), pickled::Integer(1)});
  return pickled::Call(pickled::Global("torch._utils", "_rebuild_tensor_v2"),
                       {pickled::Persistent(id), pickled::Integer(offset), pickled::Integers(shape), pickled::Integers(strides),
                        pickled::Boolean(false), pickled::OrderedDict({})});
}

std::vector<int64_t> StridesOf(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t a = shape.size(); a-- > 1;) strides[a - 1] = strides[a] * shape[a];
  return strides;
}

CheckpointBuilder CheckpointFor(const LayerGraph& graph, float first) {
  CheckpointBuilder builder;
  for (const TensorSpec& spec : RequiredTensors(graph)) {
    int64_t count = 1;
    for (const int64_t size : spec.shape) count *= size;
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = first++;
    const std::string pickled =
        PickledTensor("FloatStorage", builder.Storage(BytesOfValues(values)), 0, spec.shape, StridesOf(spec.shape));
    builder.Weight(spec.name, pickled);
    const std::string again = NameInAllModules(spec.name);
    if (!again.empty()) builder.Weight(again, pickled);
    if (spec.name.starts_with("encoder.")) builder.Weight("decoder." + spec.name, pickled);
  }
  return builder.Tensor("decoder.seg_layers.90.weight", {1}, {0});
}

}  // namespace tuckerseg
