/// All that a call of Segment has answered, as it is kept for a call that repeats it.
#pragma once

#include <cstdint>
#include <memory>

#include "server/serve/encoded_answer.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

struct SegmentResult {
  v1::Accepted accepted;
  std::shared_ptr<const EncodedAnswer> answer;  ///< shared with the call that made it, which is still sending it
  v1::Summary summary;

  /// What it takes in memory.
  int64_t Bytes() const {
    uint64_t bytes = accepted.SpaceUsedLong() + summary.SpaceUsedLong();
    if (answer) bytes += answer->header.SpaceUsedLong() + answer->file.capacity() + answer->preview.capacity();
    return static_cast<int64_t>(bytes);
  }
};

}  // namespace tuckerseg
