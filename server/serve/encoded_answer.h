/// A label map's file and what goes with it, as a client of Segment receives them.
#pragma once

#include <cstddef>
#include <functional>
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

}  // namespace tuckerseg
