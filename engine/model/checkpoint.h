/// Reads nnU-Net's checkpoint files: PyTorch's zip archive with a pickle and raw tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tuckerseg {

/// A tensor of the checkpoint as float32, C order.
struct CheckpointTensor {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

/// What inference needs of a checkpoint (nnunet-inference section 1.4).
struct Checkpoint {
  std::string trainer_name;
  std::string configuration;     ///< init_args.configuration
  std::vector<int> mirror_axes;  ///< inference_allowed_mirroring_axes; empty for None or absent
  /// By state_dict name, prefixes `module.` and `_orig_mod.` taken off. Without the duplicates that nnU-Net's modules list
  /// (`decoder.encoder.`, `.all_modules.`).
  std::map<std::string, CheckpointTensor> tensors;
};

/// Optimiser state and logs are never read. Half, bfloat16 and double become float32; strides are honoured; storages may be
/// shared. Errors: kDataLoss for a damaged file; kInvalidArgument for what no nnU-Net checkpoint holds, naming it.
Checkpoint ReadCheckpoint(std::span<const std::byte> bytes);

}  // namespace tuckerseg
