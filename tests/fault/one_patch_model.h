/// A model that takes a whole volume as one patch, and volumes for it: small ones, and one whose label map does not fit into what gRPC sends ahead.
#pragma once

#include <cstddef>
#include <vector>

#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/server/serve/segment_conversation.h"

namespace tuckerseg {

/// One convolution of a single tap, as fast as a network can be; task `tiny`, one structure.
inline Bundle OnePatchBundle(const Size3& patch) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 2, .bias = true});
  return TinyBundle(graph, patch, 3);
}

/// Along i, j and k, as a file has them. A patch has them the other way round.
inline constexpr Index3 kSmallShape{32, 24, 24};
inline constexpr Size3 kSmallPatch{24, 24, 32};
/// 4.5 million voxels: a client that does not read has the server wait long before it has sent a byte for each.
inline constexpr Index3 kLargeShape{176, 160, 160};
inline constexpr Size3 kLargePatch{160, 160, 176};

inline constexpr int64_t Voxels(const Index3& shape) { return shape[0] * shape[1] * shape[2]; }

/// Not compressed, so that chunks may be small.
inline std::vector<std::byte> OnePatchCt() { return RandomCt(kSmallShape, 1).Bytes(); }

/// Compressed, so that it is sent in no time.
inline std::vector<std::byte> LargeCt() {
  NiftiBuilder builder;
  builder.Shape(kLargeShape).Voxels(std::vector<int16_t>(static_cast<size_t>(Voxels(kLargeShape)), 100)).Spacing({1, 1, 1});
  return builder.Gzip();
}

/// Asks for a label map of a byte a voxel.
inline v1::SegmentHeader Uncompressed() {
  v1::SegmentHeader header;
  header.mutable_output()->set_compression(v1::COMPRESSION_NONE);
  return header;
}

}  // namespace tuckerseg
