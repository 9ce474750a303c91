/// One call of Compare.
#pragma once

#include <grpcpp/client_context.h>

#include <memory>
#include <vector>

#include "client/lib/client.h"

namespace tuckerseg {

/// Streams the volume in and the answer out to `events`, and returns the levels' results. Length and checksum of each label map are compared with what the server
/// announced.
/// Errors: the status' where it is not OK; kDataLoss, kInternal for an answer that is not whole though its status says so; what `volume` and the events throw (the
/// call is then cancelled on the server).
std::vector<v1::LevelResult> SendComparison(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context, const v1::CompareHeader& header,
                                            const ByteProducer& volume, const CompareEvents& events);

}  // namespace tuckerseg
