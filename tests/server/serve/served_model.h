/// Small models behind a real server in this process, on a real port.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "server/observe/request_ring.h"
#include "server/observe/variant_gauges.h"
#include "server/serve/grpc_server.h"
#include "server/serve/stall_watch.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {

/// Task `tiny`: a U-Net of two stages, patches of 8 x 8 x 8, structures structure_1 ... structure_3.
Bundle TinyServedBundle();

/// Many tests make one: copies and ends are compiled once, in served_model.cc.
struct ServedOptions {
  ServedOptions();
  ServedOptions(const ServedOptions&);
  ServedOptions(ServedOptions&&) noexcept;
  ServedOptions& operator=(const ServedOptions&);
  ServedOptions& operator=(ServedOptions&&) noexcept;
  ~ServedOptions();

  ServerConfig config;
  std::vector<Bundle> bundles;  ///< the tiny one
  std::filesystem::path models = {};  ///< a directory of bundles; empty: one with those above
  ExecutorFactory executor;  ///< on every device; the plain one
  std::function<DeviceMemory()> device_memory = {};   ///< of devices that are not the host's
  std::function<DeviceExecution(const DeviceSettings&)> execution = {};  ///< how networks run on each device; empty: as the two above say
  std::string listen = "127.0.0.1:0";
  double patch_s = 1e-6;  ///< what a patch of any level is expected to take
  bool load_at_start = true;
  SpanSink* spans = nullptr;     ///< as ServiceParts::spans
  ChoiceLog* choices = nullptr;  ///< as ServiceParts::choices
  StallWatch::Now stall_clock = StallWatch::Clock::now;  ///< by which stages stand still, for those who look (ServiceParts::stalls)
};

/// The tiny bundle's, whose calls leave their spans there; it must outlive the server.
ServedOptions TracedTo(SpanSink& spans);

/// All parts of a server, as main joins them. Levels that are loaded run no patch: executors that a test holds up would hold the server up.
class ServedModel {
 public:
  explicit ServedModel(ServedOptions options = {});
  ~ServedModel();
  ServedModel(const ServedModel&) = delete;
  ServedModel& operator=(const ServedModel&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  /// With gRPC's stock settings.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  /// With a connection of its own.
  std::shared_ptr<grpc::Channel> NewChannel(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials = grpc::InsecureChannelCredentials()) const;

  /// With a connection of its own that takes 64 KiB ahead of its reader: by stock settings it is megabytes where connections are fast.
  std::shared_ptr<grpc::Channel> NarrowChannel() const;

  std::shared_ptr<const CatalogueView> view() const { return catalogue_.View(); }
  Catalogue& catalogue() { return catalogue_; }
  MemoryBudget& memory() { return memory_; }
  Device& device(size_t place = 0) { return devices_.at(place); }
  ServiceTimes& times() { return device().times(); }
  Metrics& metrics() { return metrics_; }
  const RequestRing& requests() const { return requests_; }
  WorkQueue& queue() { return device().queue(); }
  ResultCache& results() { return results_; }
  ServiceParts& parts() { return parts_; }
  /// How often the heap's memory was given back.
  int given_back() const { return given_back_; }
  GrpcServer& server() { return *server_; }

  /// True once no call holds a stream, a place in a queue, a worker or memory.
  bool BecomesIdle();

 private:
  ServerConfig config_;
  const TemporaryDirectory folder_;  // of bundles that the test has in memory
  MemoryBudget memory_;
  Metrics metrics_;  // before the devices, whose work tells it of patches
  VariantGauges variants_;
  RequestRing requests_;
  std::atomic<int> given_back_ = 0;
  IdleHeap heap_{{.idle = std::chrono::milliseconds(1), .free_bytes = {}, .give_back = [this] { ++given_back_; }}};  // before the devices
  StallWatch stalls_;  // likewise
  Devices devices_;
  Catalogue catalogue_;
  ResultCache results_;
  Security security_;
  ServiceParts parts_;
  std::optional<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace tuckerseg
