/// Small models behind a real server in this process, on a real port.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "server/observe/status_gauges.h"
#include "server/observe/variant_gauges.h"
#include "server/serve/current_status.h"
#include "server/serve/grpc_server.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {

/// Task `tiny`: a U-Net of two stages, patches of 8 x 8 x 8, structures structure_1 ... structure_3.
inline Bundle TinyServedBundle() { return TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5); }

struct ServedOptions {
  ServedOptions() { config.memory_limit_bytes = int64_t{1} << 30; }
  ServerConfig config;
  std::vector<Bundle> bundles{TinyServedBundle()};
  std::filesystem::path models = {};  ///< a directory of bundles; empty: one with those above
  ExecutorFactory executor = PlainExecutorFactory();  ///< on every device
  std::function<DeviceMemory()> device_memory = {};   ///< of devices that are not the host's
  std::string listen = "127.0.0.1:0";
  double patch_s = 1e-6;  ///< what a patch of any level is expected to take
  bool load_at_start = true;
};

/// All parts of a server, as main joins them. Levels that are loaded run no patch: executors that a test holds up would hold the server up.
class ServedModel {
 public:
  explicit ServedModel(ServedOptions options = {})
      : config_(std::move(options.config)),
        memory_(config_.memory_limit_bytes),
        metrics_("test", {"cpu"}),
        variants_(metrics_),
        catalogue_({.directory = ModelsOf(options, folder_),
                    .warm_up = [patch_s = options.patch_s](Segmenter&) { return patch_s; },
                    .warm_up_bytes = [](const Model&) { return int64_t{0}; }},
                   Filled(devices_, config_, options), memory_, metrics_),
        results_(config_.results),
        security_(config_),
        parts_{config_, catalogue_, devices_, memory_, metrics_, heap_, results_, security_, "plain"} {
    if (options.load_at_start) catalogue_.LoadWhatFits();
    server_.emplace(parts_, options.listen);
    parts_.requests = &requests_;
    metrics_.RefreshWith([this] {
      const ServerStatus status = CurrentStatus(parts_);
      SetGauges(status, metrics_);
      variants_.Show(status.levels);
      security_.ShowExpiry(metrics_);
    });
    channel_ = NewChannel();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  /// With gRPC's stock settings.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  /// With a connection of its own.
  std::shared_ptr<grpc::Channel> NewChannel(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials = grpc::InsecureChannelCredentials()) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address(), credentials, arguments);
  }

  /// With a connection of its own that takes 64 KiB ahead of its reader: by stock settings it is megabytes where connections are fast.
  std::shared_ptr<grpc::Channel> NarrowChannel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65536);
    return grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
  }

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
  /// From now on the levels that this server chooses are recorded there; it must outlive the calls.
  void RecordChoices(ChoiceLog& log) { parts_.choices = &log; }
  /// How often the heap's memory was given back.
  int given_back() const { return given_back_; }
  GrpcServer& server() { return *server_; }

  /// True once no call holds a stream, a place in a queue, a worker or memory.
  bool BecomesIdle() {
    const auto is_idle = [](Device& device) { return device.queue().depth() == 0 && device.queue().running() == 0 && device.memory().reserved_bytes() == 0; };
    return WaitUntil([&] { return parts_.streams == 0 && memory_.reserved_bytes() == 0 && std::all_of(devices_.begin(), devices_.end(), is_idle); });
  }

 private:
  static std::filesystem::path ModelsOf(const ServedOptions& options, const TemporaryDirectory& folder) {
    if (!options.models.empty()) return options.models;
    for (const Bundle& bundle : options.bundles) SaveBundle(bundle, folder.path() / bundle.model.name);
    return folder.path();
  }
  static Devices& Filled(Devices& devices, const ServerConfig& config, const ServedOptions& options) {
    for (const DeviceSettings& settings : DevicesOf(config)) devices.Add(settings, {options.executor, options.device_memory}, config.memory_limit_bytes);
    return devices;
  }

  ServerConfig config_;
  const TemporaryDirectory folder_;  // of bundles that the test has in memory
  MemoryBudget memory_;
  Metrics metrics_;  // before the devices, whose work tells it of patches
  VariantGauges variants_;
  RequestRing requests_;
  std::atomic<int> given_back_ = 0;
  IdleHeap heap_{{.idle = std::chrono::milliseconds(1), .free_bytes = {}, .give_back = [this] { ++given_back_; }}};  // before the devices
  Devices devices_;
  Catalogue catalogue_;
  ResultCache results_;
  Security security_;
  ServiceParts parts_;
  std::optional<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace tuckerseg
