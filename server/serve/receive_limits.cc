#include "server/serve/receive_limits.h"

#include <grpc/compression.h>
#include <grpc/grpc.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <cstddef>

namespace tuckerseg {
namespace {

constexpr int64_t kLeastQuota = int64_t{256} << 20;
/// Those that watch variants (64), and health, listings and the like beside them.
constexpr int64_t kCallsWithoutAStream = 128;

}  // namespace

int64_t ReceiveQuota(const ServerConfig& config) { return std::max(config.memory_limit_bytes / 8, kLeastQuota); }

int CallsOfAConnection(const ServerConfig& config) { return static_cast<int>(config.max_streams + kCallsWithoutAStream); }

void LimitWhatIsReceived(const ServerConfig& config, grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("received");
  quota.Resize(static_cast<size_t>(ReceiveQuota(config)));
  builder.SetResourceQuota(quota);  // which keeps it
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, CallsOfAConnection(config));
  // A message of 2 MiB may unpack to 2 GiB, for which gRPC knows no limit, and which no quota counts. Volumes are compressed by their senders.
  for (const grpc_compression_algorithm algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) builder.SetCompressionAlgorithmSupportStatus(algorithm, false);
  // The call is refused by its metadata, but what of it has come by then would be unpacked all the same.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
}

}  // namespace tuckerseg
