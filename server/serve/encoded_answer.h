/// A label map's file and what goes with it, as clients receive them.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

struct EncodedAnswer {
  v1::LabelMapHeader header;
  std::vector<std::byte> file;     ///< NIfTI
  std::vector<std::byte> preview;  ///< PNG; empty: none was asked for
};

using ResponseSink = std::function<void(const v1::SegmentResponse&)>;

/// The label map's header and chunks, then the picture.
void SendAnswer(const EncodedAnswer& answer, const ResponseSink& sink);

/// A file in the pieces that it is sent in, in order.
void ForEachChunk(std::span<const std::byte> file, const std::function<void(std::span<const std::byte>)>& send);

}  // namespace tuckerseg
