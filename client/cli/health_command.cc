/// `tuckerseg health`: whether a server takes calls, and what it is.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/lib/client.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

CallLimits QuickCall() { return {.deadline = std::chrono::seconds(10), .stop = {}}; }

void PrintText(const v1::GetServerInfoResponse& info) {
  std::cout << "serving: tuckerseg " << info.version() << " with " << info.executor() << " on";
  for (const std::string& device : info.devices()) std::cout << " " << device;
  std::cout << "; " << info.queue_depth() << " requests wait, " << info.queue_capacity() << " may wait or run\n";
}

void PrintJson(const v1::GetServerInfoResponse& info) {
  const nlohmann::ordered_json json{{"status", "serving"},
                                    {"version", info.version()},
                                    {"executor", info.executor()},
                                    {"devices", info.devices()},
                                    {"queue_depth", info.queue_depth()},
                                    {"queue_capacity", info.queue_capacity()},
                                    {"max_input_bytes", info.max_input_bytes()},
                                    {"max_voxels", info.max_voxels()},
                                    {"memory_limit_bytes", info.memory_limit_bytes()},
                                    {"max_streams", info.max_streams()},
                                    {"geometry_policy", info.geometry_policy()}};
  std::cout << json.dump(1) << "\n";
}

}  // namespace

void AddHealthCommand(CLI::App& app) {
  const auto arguments = std::make_shared<CommonArguments>();
  CLI::App* command = app.add_subcommand("health", "Tell whether the server takes calls; exit status 0 if it does, else 1");
  AddCommonOptions(*command, *arguments);
  command->callback([arguments] {
    Client client = Connect(*arguments);
    if (!client.IsServing("", QuickCall())) throw Error(ErrorCode::kUnavailable, "server: takes no calls now: must have loaded its models, one of which can run, and not be stopping");
    const v1::GetServerInfoResponse info = client.GetServerInfo(QuickCall());
    arguments->json ? PrintJson(info) : PrintText(info);
  });
}

}  // namespace tuckerseg
