/// Checkpoints as nnU-Net's trainer saves them by torch.save, with whatever a test wants to be different.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/layer_graph.h"
#include "tests/engine/model/zip_builder.h"

namespace tuckerseg {

class CheckpointBuilder {
 public:
  CheckpointBuilder();

  /// A float32 tensor in C order with a storage of its own.
  CheckpointBuilder& Tensor(const std::string& name, const std::vector<int64_t>& shape, const std::vector<float>& values);
  /// Anything under a name of the state_dict.
  CheckpointBuilder& Weight(const std::string& name, const std::string& pickled);
  /// Adds the raw bytes of a storage; gives its key.
  std::string Storage(const std::string& bytes);
  /// Replaces or adds a key of the checkpoint's dict.
  CheckpointBuilder& Set(const std::string& key, const std::string& pickled);
  CheckpointBuilder& Remove(const std::string& key);
  /// A member of the archive that is there besides, or instead of the builder's own.
  CheckpointBuilder& Member(const std::string& name, const std::string& content);

  std::string Bytes() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
  std::vector<std::pair<std::string, std::string>> weights_;
  std::vector<std::string> storages_;
  std::vector<std::pair<std::string, std::string>> members_;
};

/// torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict()), pickled. `storage_class`: a name of
/// torch, "FloatStorage".
std::string PickledTensor(const std::string& storage_class, const std::string& key, int64_t offset,
                          const std::vector<int64_t>& shape, const std::vector<int64_t>& strides);

/// C-order strides in elements.
std::vector<int64_t> StridesOf(const std::vector<int64_t>& shape);

/// A checkpoint for the graph, as nnU-Net's modules write it: every tensor, the duplicates `all_modules` and
/// `decoder.encoder` in the same storages, and a deep-supervision head. Values count up from `first`.
CheckpointBuilder CheckpointFor(const LayerGraph& graph, float first);

}  // namespace tuckerseg
