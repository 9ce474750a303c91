/// tuckerseg-replay: reads what a server has recorded of its choices, and tells what it would have chosen under other settings.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "engine/cli/quantity.h"
#include "engine/cli/standard_output.h"
#include "engine/error.h"
#include "server/config.h"
#include "server/policy/choice_replay.h"
#include "server/policy/replay_report.h"

namespace {

using namespace tuckerseg;

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

/// What a policy is told by a server's configuration. The other keys say nothing of a choice, or nothing that a record could follow.
void ApplyConfig(const std::string& path, ReplayChanges& changes) {
  ServerConfig config;
  ApplyConfigJson(ConfigText(path), config);
  changes.settings = PolicySettings{.min_quality = config.min_quality, .deadline_margin = config.deadline_margin};
  const std::vector<DeviceSettings> devices = DevicesOf(config);
  const auto on_host = std::count_if(devices.begin(), devices.end(), [](const DeviceSettings& device) { return device.on_host(); });
  for (const DeviceSettings& device : devices) {
    // What is not a device's own is the host's: one device's alone where no other is on the host, as records have it, and never a GPU's.
    const bool has_the_host = device.on_host() && on_host == 1 && device.memory_limit_bytes == 0;
    const int64_t limit_bytes = has_the_host ? config.memory_limit_bytes : device.memory_limit_bytes;
    if (limit_bytes > 0) changes.device_memory_bytes[device.name] = limit_bytes;
  }
}

void ApplyDeviceMemory(const std::string& text, ReplayChanges& changes) {
  const size_t equals = text.find('=');
  const std::string size = equals == 0 || equals == std::string::npos ? "" : text.substr(equals + 1);  // an empty one is none
  try {
    changes.device_memory_bytes[text.substr(0, equals)] = static_cast<int64_t>(ParseBytes(size));
  } catch (const Error&) {
    throw CLI::ValidationError("--device-memory = " + text + ": must be DEVICE=SIZE, as cpu=8GiB or cuda:0=40GB, up to 1024 TiB");
  }
}

/// What could not be read of the files, and why not at first.
struct Unreadable {
  int64_t lines = 0;
  std::string first;
};

void Read(const std::string& path, ChoiceReplay& replay, Unreadable& unreadable) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorCode::kNotFound, path + ": cannot be opened; must be a file that a server has written (choices_file)");
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    try {
      replay.Add(ParseChoice(line));
    } catch (const Error& error) {
      if (unreadable.lines++ == 0) unreadable.first = path + ", line " + std::to_string(number) + ": " + error.what();
    }
  }
}

/// A device that is misspelled would change nothing, and the answer would look like one.
void CheckDevices(const std::set<std::string>& named, const std::set<std::string>& recorded) {
  for (const std::string& name : named) {
    if (recorded.contains(name)) continue;
    std::string known;
    for (const std::string& device : recorded) known += (known.empty() ? "" : ", ") + device;
    throw Error(ErrorCode::kNotFound, "device = " + name + ": no record names it; must be one of " + known);
  }
}

void Replay(const std::vector<std::string>& files, const ReplayChanges& changes, bool json) {
  ChoiceReplay replay(changes);
  Unreadable unreadable;
  for (const std::string& file : files) Read(file, replay, unreadable);
  if (replay.records() == 0) {
    throw Error(ErrorCode::kInvalidArgument, unreadable.lines > 0 ? unreadable.first : files.front() + ": no line; must be a file that a server has written (choices_file)");
  }
  std::set<std::string> named = changes.devices_left_out;
  for (const auto& [device, bytes] : changes.device_memory_bytes) named.insert(device);
  CheckDevices(named, replay.devices());
  if (unreadable.lines > 0) std::cerr << "note: lines that cannot be read are left out; the first: " << unreadable.first << "\n";
  std::cout << (json ? ReplayJson(replay, unreadable.lines) : ReplayText(replay, unreadable.lines));
}

/// A configuration's mistakes are lines of one message.
void PrintErrors(const std::string& message) {
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) std::cerr << "error: " << line << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Tells which levels a server would have chosen under other settings, from the records of its choices (choices_file). Each request is decided by itself, "
      "as things were at its moment: what an earlier decision would have changed for a later one is not simulated"};
  app.name("tuckerseg-replay");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  std::vector<std::string> files;
  std::string config;
  std::vector<std::string> memory;
  std::vector<std::string> left_out;
  bool json = false;
  app.add_option("FILE", files, "What a server recorded: its choices_file, FILE.1 before FILE")->required();
  app.add_option("--config", config, "A server's configuration: its min_quality and deadline_margin, and the memory_limit_bytes of its devices; without it all stay as recorded");
  app.add_option("--device-memory", memory, "DEVICE=SIZE: what a device has for the server, as cpu=8GiB; goes before --config")->allow_extra_args(false);
  app.add_option("--without-device", left_out, "DEVICE: is not there")->allow_extra_args(false);
  app.add_flag("--json", json, "Print one JSON object");
  try {
    app.parse(argc, argv);
    ReplayChanges changes;
    if (!config.empty()) ApplyConfig(config, changes);
    for (const std::string& text : memory) ApplyDeviceMemory(text, changes);
    changes.devices_left_out.insert(left_out.begin(), left_out.end());
    Replay(files, changes, json);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return StatusOncePrinted(app.exit(error));  // --help, --version
    std::cerr << "error: " << error.what() << ": see tuckerseg-replay --help\n";
    return kWrongUsage;
  } catch (const std::exception& error) {
    PrintErrors(error.what());
    return kFailed;
  }
  return StatusOncePrinted(0);
}
