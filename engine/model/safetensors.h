/// The open safetensors format: an 8-byte header length, a JSON header, then the tensors' bytes. Read, never executed.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "engine/model/weight_store.h"

namespace tuckerseg {

/// Reads tensors from `bytes`, which `keeper` keeps alive. Errors: kDataLoss for a damaged file (header length, JSON,
/// offsets that overlap, leave gaps or pass the end, shape that contradicts the offsets), naming the tensor.
WeightStore ParseSafetensors(std::span<const std::byte> bytes, std::shared_ptr<const void> keeper);

/// The file's bytes: tensors in ascending order of name, the first at a multiple of 64 bytes. Equal stores give equal bytes.
std::vector<std::byte> EncodeSafetensors(const WeightStore& weights);

/// Writes beside `path` and renames, so that nobody sees half a file. Errors: kInternal if it cannot be written.
void WriteSafetensors(const std::filesystem::path& path, const WeightStore& weights);

}  // namespace tuckerseg
