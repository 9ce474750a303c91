/// What benches send to a server.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/phantom/phantom.h"
#include "engine/volume/nifti_writer.h"

namespace tuckerseg {

/// The CT of a phantom, the same one each time, as the bytes of a NIfTI file. It is not compressed: decoding it costs a request next to nothing.
inline std::vector<std::byte> PhantomFile(const Index3& shape, const Spacing3& spacing_mm, int threads) {
  PhantomOptions options;
  options.seed = 1;
  options.spacing_mm = spacing_mm;
  options.shape = shape;
  const Phantom phantom = MakePhantom(options, threads);
  std::vector<std::byte> file;
  WriteVolume(phantom.ct, Compression::kNone, [&](std::span<const std::byte> bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); });
  return file;
}

}  // namespace tuckerseg
