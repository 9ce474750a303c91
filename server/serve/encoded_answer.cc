#include "server/serve/encoded_answer.h"

#include <algorithm>

#include "server/serve/service_parts.h"

namespace tuckerseg {

void SendAnswer(const EncodedAnswer& answer, const ResponseSink& sink) {
  v1::SegmentResponse response;
  *response.mutable_label_map_header() = answer.header;
  sink(response);
  ForEachChunk(answer.file, [&](std::span<const std::byte> chunk) {
    response.set_chunk(chunk.data(), chunk.size());
    sink(response);
  });
  if (!answer.preview.empty()) {
    response.mutable_preview()->set_png(answer.preview.data(), answer.preview.size());
    sink(response);
  }
}

void ForEachChunk(std::span<const std::byte> file, const std::function<void(std::span<const std::byte>)>& send) {
  while (!file.empty()) {
    const size_t size = std::min(static_cast<size_t>(kSentChunkBytes), file.size());
    send(file.first(size));
    file = file.subspan(size);
  }
}

}  // namespace tuckerseg
