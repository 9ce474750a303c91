#include "server/serve/encoded_answer.h"

#include <algorithm>

#include "server/serve/service_parts.h"

namespace tuckerseg {

void SendAnswer(const EncodedAnswer& answer, const ResponseSink& sink) {
  v1::SegmentResponse response;
  *response.mutable_label_map_header() = answer.header;
  sink(response);
  for (size_t at = 0; at < answer.file.size(); at += static_cast<size_t>(kSentChunkBytes)) {
    const size_t size = std::min(static_cast<size_t>(kSentChunkBytes), answer.file.size() - at);
    response.set_chunk(answer.file.data() + at, size);
    sink(response);
  }
  if (!answer.preview.empty()) {
    response.mutable_preview()->set_png(answer.preview.data(), answer.preview.size());
    sink(response);
  }
}

}  // namespace tuckerseg
