/// Sends a call of Segment once.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <optional>
#include <string>

#include "client/lib/client.h"

namespace tuckerseg {

struct SegmentAttempt {
  grpc::Status status;
  bool server_was_there = false;     ///< the header has left on a connection
  bool label_map_has_begun = false;  ///< its header has come: the caller may have been given bytes of it
  std::string variant;               ///< that it was accepted with last; empty: it was not
  std::optional<v1::Summary> summary;  ///< where the status is OK
};

/// Streams the volume in and the answer out to `events`. Length and checksum of the label map are compared with what the server announced.
/// Errors: kDataLoss, kInternal for an answer that is not whole though its status says so; what `volume` and the events throw (the call is then
/// cancelled on the server). Any other failure is the attempt's status.
SegmentAttempt SendSegment(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context, const v1::SegmentHeader& header,
                           const ByteProducer& volume, const SegmentEvents& events);

}  // namespace tuckerseg
