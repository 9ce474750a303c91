/// A whole server in this process, with a client on a real connection to it, for tests of the whole line.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/lib/client.h"
#include "engine/volume/nifti_reader.h"
#include "server/serve/grpc_server.h"

namespace tuckerseg {

/// Listens at a free port of the loopback.
class RunningServer {
 public:
  RunningServer(std::vector<Bundle> bundles, const ExecutorFactory& factory, ServerConfig config)
      : config_(Completed(std::move(config))),
        models_(std::move(bundles), factory),
        memory_(config_.memory_limit_bytes),
        metrics_(TUCKERSEG_VERSION, {"cpu"}),
        queue_(config_.queue_capacity),
        parts_{config_, models_, queue_, memory_, metrics_, "test", {"cpu"}},
        server_(parts_, "127.0.0.1:0") {}

  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  MemoryBudget& memory() { return memory_; }
  int64_t streams() const { return parts_.streams; }

 private:
  static ServerConfig Completed(ServerConfig config) {
    config.models = "(given)";
    CompleteConfig(config);
    return config;
  }

  ServerConfig config_;
  ModelStore models_;
  MemoryBudget memory_;
  Metrics metrics_;
  WorkQueue queue_;
  ServiceParts parts_;
  GrpcServer server_;
};

/// What a client got for one volume.
struct Answer {
  NiftiVolume label_map;
  std::vector<std::byte> file;
  v1::LabelMapHeader header;
  v1::Summary summary;
};

inline Answer SegmentFile(Client& client, std::span<const std::byte> file, v1::SegmentHeader header = {}) {
  Answer answer;
  header.set_total_bytes(file.size());
  SegmentEvents events;
  events.label_map = [&](std::span<const std::byte> bytes) { answer.file.insert(answer.file.end(), bytes.begin(), bytes.end()); };
  events.label_map_header = [&](const v1::LabelMapHeader& label_map_header) { answer.header = label_map_header; };
  answer.summary = client.Segment(header, [&](const ByteSink& sink) { sink(file); }, events);
  answer.label_map = ReadNifti(answer.file);
  return answer;
}

}  // namespace tuckerseg
