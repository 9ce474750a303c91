/// Small models behind a real server in this process, on a real port.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "server/observe/status_gauges.h"
#include "server/serve/current_status.h"
#include "server/serve/grpc_server.h"
#include "server/variants/variant_gauges.h"
#include "tests/engine/tiny_network.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {

/// Task `tiny`: a U-Net of two stages, patches of 8 x 8 x 8, structures structure_1 ... structure_3.
inline Bundle TinyServedBundle() { return TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5); }

struct ServedOptions {
  ServedOptions() { config.memory_limit_bytes = int64_t{1} << 30; }
  ServerConfig config;
  std::vector<Bundle> bundles{TinyServedBundle()};
  std::filesystem::path models = {};  ///< a directory of bundles; empty: those above
  ExecutorFactory executor = PlainExecutorFactory();
  std::string listen = "127.0.0.1:0";
  double patch_s = 1e-6;  ///< what a patch of any level is expected to take
};

/// All parts of a server, as main joins them.
class ServedModel {
 public:
  explicit ServedModel(ServedOptions options = {})
      : config_(std::move(options.config)),
        models_(options.models.empty() ? ModelStore(std::move(options.bundles), options.executor)
                                       : ModelStore(options.models, options.executor)),
        memory_(config_.memory_limit_bytes),
        metrics_("test", {"cpu"}),
        queue_(config_.queue_capacity),
        results_(config_.results),
        security_(config_),
        parts_{config_, models_, queue_, memory_, times_, metrics_, heap_, results_, security_, "plain", {"cpu"}},
        server_(std::in_place, parts_, options.listen) {
    parts_.requests = &requests_;
    metrics_.RefreshWith([this] {
      SetGauges(CurrentStatus(parts_), metrics_);
      security_.ShowExpiry(metrics_);
    });
    SetVariantGauges(models_, config_.device, metrics_);
    for (const auto& [task, model] : models_.models())
      for (const ServedLevel& level : model.levels) times_.Expect({task, level.name}, options.patch_s);
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

  const ModelStore& models() const { return models_; }
  MemoryBudget& memory() { return memory_; }
  ServiceTimes& times() { return times_; }
  Metrics& metrics() { return metrics_; }
  const RequestRing& requests() const { return requests_; }
  WorkQueue& queue() { return queue_; }
  ResultCache& results() { return results_; }
  ServiceParts& parts() { return parts_; }
  /// From now on the levels that this server chooses are recorded there; it must outlive the calls.
  void RecordChoices(ChoiceLog& log) { parts_.choices = &log; }
  /// How often the heap's memory was given back.
  int given_back() const { return given_back_; }
  GrpcServer& server() { return *server_; }

  /// True once no call holds a stream, a place in the queue, the worker or memory.
  bool BecomesIdle() {
    return WaitUntil([this] {
      return parts_.streams == 0 && queue_.depth() == 0 && !queue_.running() && memory_.reserved_bytes() == 0;
    });
  }

 private:
  ServerConfig config_;
  ModelStore models_;
  MemoryBudget memory_;
  Metrics metrics_;  // before the queue, whose work tells it of patches
  RequestRing requests_;
  std::atomic<int> given_back_ = 0;
  IdleHeap heap_{{.idle = std::chrono::milliseconds(1), .free_bytes = {}, .give_back = [this] { ++given_back_; }}};  // before the queue
  WorkQueue queue_;
  ServiceTimes times_;
  ResultCache results_;
  Security security_;
  ServiceParts parts_;
  std::optional<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace tuckerseg
