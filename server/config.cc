#include "server/config.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ios>
#include <iterator>
#include <set>
#include <sstream>
#include <system_error>

#include "engine/available_memory.h"
#include "engine/error.h"
#include "engine/model/json_fields.h"
#include "server/address.h"
#include "server/available_threads.h"
#include "server/config_keys.h"
#include "server/http_url.h"
#include "server/known_keys.h"

namespace tuckerseg {
namespace {

/// Files, sockets among them, that the process may open.
int64_t MostOpenFiles() {
  constexpr int64_t kUnlimited = int64_t{1} << 30;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > static_cast<rlim_t>(kUnlimited)) return kUnlimited;
  return static_cast<int64_t>(limit.rlim_cur);
}

/// Names of the keys that lie directly in the object whose keys begin with `prefix`: keys with a value, and objects.
std::vector<std::string> NamesIn(const std::string& prefix, const std::vector<ConfigKey>& keys) {
  std::set<std::string> names;
  for (const ConfigKey& key : keys) {
    if (!key.name.starts_with(prefix)) continue;
    const std::string name = key.name.substr(prefix.size());
    names.insert(name.substr(0, name.find('.')));
  }
  return {names.begin(), names.end()};
}

/// Adds what the call throws, once: one mistake must not hide the next.
void Gather(std::vector<std::string>& mistakes, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    if (std::find(mistakes.begin(), mistakes.end(), error.what()) == mistakes.end()) mistakes.emplace_back(error.what());
  }
}

/// Objects whose values may be secrets, or have been taken for the place of one: a token, a private key, a collector's password. Standard error is kept by whoever starts servers.
bool MayHoldSecrets(const std::string& name) { return name == "auth" || name == "tls" || name == "traces"; }

/// Reads the keys of an object, and of the objects in it. `prefix`: what the names of its keys begin with.
void ReadObject(const JsonField& object, const std::string& prefix, const std::vector<ConfigKey>& keys, ServerConfig& config, std::vector<std::string>& mistakes) {
  const std::vector<std::string> names = NamesIn(prefix, keys);
  for (const auto& item : object.json().items()) {
    if (std::find(names.begin(), names.end(), item.key()) == names.end()) {
      mistakes.push_back(UnknownKey(object.path(), item.key(), names));
      continue;
    }
    const std::string name = prefix + item.key();
    const JsonField place = object.At(item.key());
    const JsonField field = MayHoldSecrets(name) ? place.Secret() : place;
    const auto known = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.name == name; });
    if (known != keys.end()) {
      Gather(mistakes, [&] { known->read(field, config); });
    } else if (item.value().is_object()) {
      ReadObject(field, name + ".", keys, config, mistakes);
    } else {
      Gather(mistakes, [&] { field.Refuse("must be an object"); });
    }
  }
}

void ThrowIfAny(const std::vector<std::string>& mistakes) {
  std::string lines;
  for (const std::string& mistake : mistakes) lines += (lines.empty() ? "" : "\n") + mistake;
  if (!mistakes.empty()) throw Error(ErrorCode::kInvalidArgument, lines);
}

void CheckConnections(const ServerConfig& config) {
  // For bundles, certificates, the operators' pages and what gRPC has of its own.
  constexpr int64_t kOtherFiles = 64;
  const int64_t most = MostOpenFiles() - kOtherFiles;
  if (config.max_connections <= std::max<int64_t>(most, 0)) return;
  throw Error(ErrorCode::kInvalidArgument, "max_connections = " + std::to_string(config.max_connections) + ": must be at most " + std::to_string(std::max<int64_t>(most, 0)) +
                                               ", as this process may open " + std::to_string(MostOpenFiles()) + " files");
}

void CheckConnectionAge(const ServerConfig& config) {
  if (config.max_connection_age_grace_s > 0 && config.max_connection_age_s == 0) {
    throw Error(ErrorCode::kInvalidArgument, "max_connection_age_s = 0: must be positive where max_connection_age_grace_s is");
  }
}

/// What a key of the only device holds would be nobody's beside `devices`.
template <typename Value>
void CheckKeyOfOnlyDevice(const char* key, const Value& value, const Value& absent) {
  if (value == absent) return;
  std::ostringstream message;
  message << key << " = " << value << ": must be left out where `devices` is given, each of which has its own";
  throw Error(ErrorCode::kInvalidArgument, message.str());
}

void CheckChoicesFile(const std::string& file) {
  if (file.empty()) return;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder, error)) {
    throw Error(ErrorCode::kInvalidArgument, "choices_file = " + ShownKey(file) + ": must be in a folder that is there");
  }
  if (std::filesystem::is_directory(file, error)) throw Error(ErrorCode::kInvalidArgument, "choices_file = " + ShownKey(file) + ": must be a file, not a folder");
}

}  // namespace

const char* NameOf(GeometryPolicy policy) {
  switch (policy) {
    case GeometryPolicy::kRefuse: return "refuse";
    case GeometryPolicy::kPreferSform: return "prefer_sform";
    case GeometryPolicy::kPreferQform: return "prefer_qform";
  }
  return "refuse";
}

std::string ConfigText(const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) throw Error(ErrorCode::kInvalidArgument, "--config: is a folder; must be a readable file");
  std::ifstream file(path, std::ios::binary);  // no ReadWholeFile: what a shell hands over is a pipe
  if (!file) throw Error(ErrorCode::kNotFound, "--config: cannot be opened; must be a readable file");
  try {
    return std::string{std::istreambuf_iterator<char>(file), {}};
  } catch (const std::ios_base::failure&) {  // they throw where reading fails, whatever the stream was told
    throw Error(ErrorCode::kInvalidArgument, "--config: cannot be read to its end; must be a readable file");
  }
}

std::vector<std::string> ReadConfigJson(const std::string& text, ServerConfig& config) {
  const Json json = ParseJson(text, "config");
  const JsonField root(json, "config");
  if (!json.is_object()) root.Secret().Refuse("must be an object");  // it may be another file: of a token, say
  std::vector<std::string> mistakes;
  for (const std::string& key : RepeatedKeys(text, "config")) mistakes.push_back(key + ": stands there more than once; must be given once");
  ReadObject(root, "", ConfigKeys(), config, mistakes);
  return mistakes;
}

void ApplyConfigJson(const std::string& json, ServerConfig& config) { ThrowIfAny(ReadConfigJson(json, config)); }

std::vector<std::string> FindMistakes(const ServerConfig& config) {
  std::vector<std::string> mistakes;
  if (config.models.empty()) mistakes.emplace_back("models: missing; must be a directory of bundles");
  Gather(mistakes, [&] { ParseAddress("listen", config.listen); });
  Gather(mistakes, [&] { ParseAddress("metrics", config.metrics); });
  if (!config.devices.empty()) {
    const ServerConfig absent;
    Gather(mistakes, [&] { CheckKeyOfOnlyDevice("device", ShownKey(config.device), absent.device); });
    Gather(mistakes, [&] { CheckKeyOfOnlyDevice("threads", config.threads, absent.threads); });
    Gather(mistakes, [&] { CheckKeyOfOnlyDevice("queue_capacity", config.queue_capacity, absent.queue_capacity); });
  }
  Gather(mistakes, [&] { CheckChoicesFile(config.choices_file); });
  Gather(mistakes, [&] { CheckTls(config.tls); });
  Gather(mistakes, [&] { CheckCertificateRoles(config.tls, config.auth); });
  Gather(mistakes, [&] { CheckTokens(config.tls, config.auth, config.listen); });
  Gather(mistakes, [&] { CheckLimits(config.limits); });
  Gather(mistakes, [&] { CheckConnections(config); });
  Gather(mistakes, [&] { CheckConnectionAge(config); });
  if (!config.traces_endpoint.empty()) Gather(mistakes, [&] { ParseHttpUrl("traces.endpoint", config.traces_endpoint); });
  return mistakes;
}

std::vector<DeviceSettings> DevicesOf(const ServerConfig& config) {
  if (!config.devices.empty()) return config.devices;
  return {{.name = config.device, .device = config.device, .threads = config.threads, .memory_limit_bytes = 0, .queue_capacity = config.queue_capacity}};
}

double ClientShareOf(const ServerConfig& config) {
  const bool clients_are_told_apart = config.auth.required() || !config.tls.client_ca.empty();
  return clients_are_told_apart ? config.limits.client_share : 1;
}

void CompleteConfig(ServerConfig& config) {
  ThrowIfAny(FindMistakes(config));
  if (config.devices.empty() && config.threads == 0) config.threads = AvailableThreads();
  ShareThreads(config.devices, AvailableThreads());
  if (config.max_connections == 0) config.max_connections = std::clamp<int64_t>(MostOpenFiles() / 2, 1, 4096);
  if (config.memory_limit_bytes == 0) {
    // Results that are kept are bounded apart from requests: their room is set aside here, or both together would pass what the machine has.
    // Where that would leave too little, requests go first.
    const int64_t available = AvailableMemory();
    config.memory_limit_bytes = std::max(available / 10 * 8 - config.results.max_bytes, available / 10 * 4);
  }
}

}  // namespace tuckerseg
