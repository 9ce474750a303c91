#include "tests/server/serve/served_model.h"

#include <grpcpp/create_channel.h>

#include <algorithm>
#include <utility>

#include "server/observe/status_gauges.h"
#include "server/serve/current_status.h"

namespace tuckerseg {
namespace {

std::filesystem::path ModelsOf(const ServedOptions& options, const TemporaryDirectory& folder) {
  if (!options.models.empty()) return options.models;
  for (const Bundle& bundle : options.bundles) SaveBundle(bundle, folder.path() / bundle.model.name);
  return folder.path();
}

Devices& Filled(Devices& devices, const ServerConfig& config, const ServedOptions& options) {
  const auto execution_on = [&options](const DeviceSettings& settings) {
    return options.execution ? options.execution(settings) : DeviceExecution{options.executor, options.device_memory};
  };
  devices.AddAll(DevicesOf(config), execution_on, config.memory_limit_bytes, ClientShareOf(config));
  return devices;
}

grpc::ChannelArguments WithConnectionOfItsOwn() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

}  // namespace

Bundle TinyServedBundle() { return TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5); }

ServedOptions::ServedOptions() : bundles{TinyServedBundle()}, executor(PlainExecutorFactory()) { config.memory_limit_bytes = int64_t{1} << 30; }
ServedOptions::ServedOptions(const ServedOptions&) = default;
ServedOptions::ServedOptions(ServedOptions&&) noexcept = default;
ServedOptions& ServedOptions::operator=(const ServedOptions&) = default;
ServedOptions& ServedOptions::operator=(ServedOptions&&) noexcept = default;
ServedOptions::~ServedOptions() = default;

ServedOptions TracedTo(SpanSink& spans) {
  ServedOptions options;
  options.spans = &spans;
  return options;
}

ServedModel::ServedModel(ServedOptions options)
    : config_(std::move(options.config)),
      memory_(config_.memory_limit_bytes),
      metrics_("test", {"cpu"}),
      variants_(metrics_),
      stalls_(config_.stall_s, metrics_, options.stall_clock),
      catalogue_({.directory = ModelsOf(options, folder_),
                  .warm_up = [patch_s = options.patch_s](Segmenter&) { return patch_s; },
                  .warm_up_bytes = [](const Model&) { return int64_t{0}; },
                  .reading_bytes = [](const LevelFiles&) { return int64_t{0}; }},
                 Filled(devices_, config_, options), memory_, metrics_),
      results_(config_.results),
      security_(config_),
      parts_{config_, catalogue_, devices_, memory_, metrics_, heap_, results_, security_, stalls_, "plain"} {
  if (options.load_at_start) catalogue_.LoadWhatFits();
  // Calls look at these from the server's first moment on.
  parts_.requests = &requests_;
  parts_.spans = options.spans;
  parts_.choices = options.choices;
  server_.emplace(parts_, options.listen);
  metrics_.RefreshWith([this] {
    const ServerStatus status = CurrentStatus(parts_);
    SetGauges(status, metrics_);
    variants_.Show(status.levels);
    security_.ShowExpiry(metrics_);
  });
  channel_ = NewChannel();
}

ServedModel::~ServedModel() = default;

std::shared_ptr<grpc::Channel> ServedModel::NewChannel(const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
  return grpc::CreateCustomChannel(address(), credentials, WithConnectionOfItsOwn());
}

std::shared_ptr<grpc::Channel> ServedModel::NarrowChannel() const {
  grpc::ChannelArguments arguments = WithConnectionOfItsOwn();
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65536);
  return grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
}

bool ServedModel::BecomesIdle() {
  const auto is_idle = [](Device& device) { return device.queue().depth() == 0 && device.queue().running() == 0 && device.memory().reserved_bytes() == 0; };
  return WaitUntil([&] { return parts_.streams == 0 && memory_.reserved_bytes() == 0 && std::all_of(devices_.begin(), devices_.end(), is_idle); });
}

}  // namespace tuckerseg
