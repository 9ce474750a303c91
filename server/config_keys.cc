#include "server/config_keys.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <type_traits>
#include <utility>

namespace tuckerseg {
namespace {

constexpr int64_t kMostBytes = kMostDeviceBytes;
constexpr double kMostAge_s = 604800;  // gRPC counts it in milliseconds, in 32 bits

// `place` is a member of ServerConfig, or what gives a field within one: std::invoke takes both.
template <typename Place>
ConfigKey KeyOf(std::string name, ConfigKey::Type type, Place place, std::string meaning) {
  ConfigKey key;
  key.name = std::move(name);
  key.type = type;
  key.meaning = std::move(meaning);
  key.write = [place](const ServerConfig& config) { return Json(std::invoke(place, config)); };
  return key;
}

template <typename Place>
ConfigKey Text(std::string name, Place place, std::string meaning) {
  ConfigKey key = KeyOf(std::move(name), ConfigKey::Type::kText, place, std::move(meaning));
  key.read = [place](const JsonField& field, ServerConfig& config) { std::invoke(place, config) = field.Text(); };
  return key;
}

template <typename Place>
ConfigKey Boolean(std::string name, Place place, std::string meaning) {
  ConfigKey key = KeyOf(std::move(name), ConfigKey::Type::kBoolean, place, std::move(meaning));
  key.read = [place](const JsonField& field, ServerConfig& config) { std::invoke(place, config) = field.Boolean(); };
  return key;
}

template <typename Place>
ConfigKey Integer(std::string name, Place place, int64_t low, int64_t high, std::string meaning) {
  ConfigKey key = KeyOf(std::move(name), ConfigKey::Type::kInteger, place, std::move(meaning));
  key.low = static_cast<double>(low);
  key.high = static_cast<double>(high);
  key.read = [place, low, high](const JsonField& field, ServerConfig& config) {
    auto& target = std::invoke(place, config);
    target = static_cast<std::remove_reference_t<decltype(target)>>(field.Integer(low, high));
  };
  return key;
}

/// Without the zeros that a real number does not need.
std::string Plain(double number) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.15g", number);
  return text;
}

/// `above_low`: `low` itself is not allowed.
template <typename Place>
ConfigKey NumberIn(std::string name, Place place, double low, bool above_low, double high, const std::string& unit, std::string meaning) {
  ConfigKey key = KeyOf(std::move(name), ConfigKey::Type::kNumber, place, std::move(meaning));
  key.low = low;
  key.above_low = above_low;
  key.high = high;
  std::string right = above_low ? "must be in (" : "must be in [";
  right += Plain(low) + ", " + Plain(high) + "]" + unit;
  key.read = [place, low, above_low, high, right](const JsonField& field, ServerConfig& config) {
    const double number = field.Number();
    const bool is_in = number <= high && (above_low ? number > low : number >= low);
    if (!is_in) field.Refuse(right);
    std::invoke(place, config) = number;
  };
  return key;
}

template <typename Place>
ConfigKey Number(std::string name, Place place, double low, double high, const std::string& unit, std::string meaning) {
  return NumberIn(std::move(name), place, low, /*above_low=*/false, high, unit, std::move(meaning));
}

/// Of a whole: more than nothing, at most all.
template <typename Place>
ConfigKey Share(std::string name, Place place, std::string meaning) {
  return NumberIn(std::move(name), place, 0, /*above_low=*/true, 1, "", std::move(meaning));
}

/// `choices`: the names of an enumeration's values, in their order.
template <typename Place>
ConfigKey Choice(std::string name, Place place, std::vector<std::string> choices, std::string meaning) {
  ConfigKey key;
  key.name = std::move(name);
  key.choices = choices;
  key.meaning = std::move(meaning);
  key.read = [place, choices](const JsonField& field, ServerConfig& config) {
    const auto chosen = std::find(choices.begin(), choices.end(), field.Text());
    if (chosen == choices.end()) {
      std::string right = "must be one of";
      for (const std::string& choice : choices) right += " " + choice;
      field.Refuse(right);
    }
    auto& target = std::invoke(place, config);
    target = static_cast<std::remove_reference_t<decltype(target)>>(chosen - choices.begin());
  };
  key.write = [place, choices](const ServerConfig& config) { return Json(choices.at(static_cast<size_t>(std::invoke(place, config)))); };
  return key;
}

/// A list of objects, which has a reader of its own.
ConfigKey CertificateList(std::string name, std::string meaning) {
  ConfigKey key;
  key.name = std::move(name);
  key.type = ConfigKey::Type::kList;
  key.entry = Json::parse(R"({"type": "object", "additionalProperties": false, "required": ["common_name", "roles"],
                              "properties": {"common_name": {"type": "string", "minLength": 1},
                                             "roles": {"type": "array", "minItems": 1, "items": {"enum": ["segment", "manage", "observe"]}}}})");
  key.meaning = std::move(meaning);
  key.read = [](const JsonField& field, ServerConfig& config) { config.auth.certificates = ReadCertificateRoles(field); };
  key.write = [](const ServerConfig& config) { return CertificateRolesJson(config.auth.certificates); };
  return key;
}

/// Of each entry of `devices`.
Json DeviceSchema() {
  const DeviceSettings absent;
  const auto whole = [](int64_t low, int64_t high, int64_t value) { return Json{{"type", "integer"}, {"minimum", low}, {"maximum", high}, {"default", value}}; };
  const Json properties{{"name", Json{{"type", "string"}, {"pattern", DeviceNamePattern()}, {"not", Json{{"const", kHostBesideDevices}}}}},
                        {"device", Json{{"type", "string"}, {"default", absent.device}}},
                        {"threads", whole(0, kMostDeviceThreads, absent.threads)},
                        {"memory_limit_bytes", whole(0, kMostDeviceBytes, absent.memory_limit_bytes)},
                        {"queue_capacity", whole(1, kMostDeviceQueue, absent.queue_capacity)},
                        {"precision", Json{{"type", "string"}, {"enum", PrecisionNames()}, {"default", NameOf(absent.precision)}}},
                        {"patches_at_once", whole(1, kMostPatchesAtOnce, absent.patches_at_once)},
                        {"overlap", Json{{"type", "boolean"}}}};
  return Json{{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
}

/// Likewise a list with a reader of its own.
ConfigKey DeviceList(std::string name, std::string meaning) {
  ConfigKey key;
  key.name = std::move(name);
  key.type = ConfigKey::Type::kList;
  key.entry = DeviceSchema();
  key.meaning = std::move(meaning);
  key.read = [](const JsonField& field, ServerConfig& config) { config.devices = ReadDevices(field); };
  key.write = [](const ServerConfig& config) { return DevicesJson(config.devices); };
  return key;
}

std::string Quoted(const std::string& text) { return "`" + text + "`"; }

std::string DefaultWords(const ConfigKey& key) {
  const Json value = key.write(ServerConfig{});
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return Plain(value.get<double>());
  if (value.is_array()) return "none";
  const std::string text = value.get<std::string>();
  return text.empty() ? "none" : Quoted(text);
}

std::string RangeWords(const ConfigKey& key) {
  if (key.type == ConfigKey::Type::kInteger || key.type == ConfigKey::Type::kNumber) {
    return (key.above_low ? "above " : "") + Plain(key.low) + " to " + (key.high == static_cast<double>(kMostBytes) ? "2^50" : Plain(key.high));
  }
  std::string words;
  for (const std::string& choice : key.choices) words += (words.empty() ? "" : ", ") + Quoted(choice);
  return words;
}

}  // namespace

std::vector<ConfigKey> ConfigKeys() {
  return {
      Text("models", &ServerConfig::models, "directory of bundles ([bundle.md](bundle.md)); must be given, here or by `--models`"),
      Number("models_rescan_s", &ServerConfig::models_rescan_s, 0, 86400, " s", "seconds from one look at `models` for what is new, replaced or gone to the next; 0: none after the start"),
      Text("listen", &ServerConfig::listen, "HOST:PORT for gRPC; port 0: any free one, in the log"),
      Text("metrics", &ServerConfig::metrics, "HOST:PORT of the pages for operators: `/metrics` and those below"),
      Text("device", &ServerConfig::device, "where networks run: `cpu` or `cuda:N`"),
      Integer("threads", &ServerConfig::threads, 0, kMostDeviceThreads, "CPU threads, of LibTorch and of everything else; 0: as many as the process may use"),
      Integer("queue_capacity", &ServerConfig::queue_capacity, 1, kMostDeviceQueue, "requests that may wait or run"),
      DeviceList("devices", "list of {`name`, `device`, `threads`, `memory_limit_bytes`, `queue_capacity`, `precision`, `patches_at_once`, `overlap`}: several devices, each with its own queue, instead of `device`, `threads` and `queue_capacity`; see below"),
      Integer("max_streams", &ServerConfig::max_streams, 1, 10000, "calls of Segment, Compare and ModelInfer that may be open"),
      Number("client_silence_s", &ServerConfig::client_silence_s, 0, 86400, " s", "seconds that such a call waits for its client to send the next message or to take one, before it is ended; 0: for ever"),
      Number("stall_s", &ServerConfig::stall_s, 0, 86400, " s", "seconds in which a stage of a call that runs may make no step (a patch, a pass over the volume, a chunk) before the call is ended and its device taken for stuck; 0: for ever"),
      Integer("max_connections", &ServerConfig::max_connections, 0, 1'000'000, "connections of clients that may be open; 0: half of the files that the process may open, at most 4096"),
      Integer("max_input_bytes", &ServerConfig::max_input_bytes, 1, kMostBytes, "largest file as sent"),
      Integer("max_voxels", [](auto& config) -> auto& { return config.volume_limits.max_voxels; }, 1, kMostBytes, "most voxels of a volume"),
      Integer("max_axis", [](auto& config) -> auto& { return config.volume_limits.max_axis; }, 1, 32767, "most voxels along an axis"),
      Integer("memory_limit_bytes", &ServerConfig::memory_limit_bytes, 0, kMostBytes, "of the host, for volumes, weights and the work of all devices; 0: 80 % of the cgroup's limit or the machine's memory, the lesser, without `results_max_bytes`; 40 % at least"),
      Choice("geometry_policy", &ServerConfig::geometry_policy, {"refuse", "prefer_sform", "prefer_qform"}, "what is done with geometry that is legal but dubious"),
      Choice("accumulation", &ServerConfig::accumulation, {"float32", "reference"}, "`reference`: patches are summed in half precision, as nnU-Net does"),
      Number("min_quality", &ServerConfig::min_quality, 0, 1, "", "no request that leaves the choice of its level is served below this quality"),
      Number("deadline_margin", &ServerConfig::deadline_margin, 0, 10, "", "share by which work may take longer than foretold before a promise of time is at risk"),
      Boolean("allow_phantom_quality", &ServerConfig::allow_phantom_quality, "qualities that were measured on phantoms alone count for models that were trained on patients, too"),
      Boolean("allow_non_commercial", &ServerConfig::allow_non_commercial, "serve bundles whose licence forbids commercial use, or asks for a key that is free for other use only; else they are not served"),
      Boolean("open_inference", &ServerConfig::open_inference, "serve the Open Inference Protocol, and take messages as large as it needs (below); false: no message above 4 MiB is taken"),
      Integer("results_max_bytes", [](auto& config) -> auto& { return config.results.max_bytes; }, 0, kMostBytes, "memory for answers that are kept for calls that come again with their idempotency key; 0: none is kept, and keys mean nothing"),
      Number("results_keep_s", [](auto& config) -> auto& { return config.results.keep_s; }, 1, 86400, " s", "seconds for which each is kept"),
      Text("choices_file", &ServerConfig::choices_file, "file that a line is added to for each level that the server chose or refused, for `tuckerseg-replay`; absent: none is written"),
      Integer("choices_max_bytes", &ServerConfig::choices_max_bytes, 65536, kMostBytes, "size that `choices_file` grows to; it then becomes `FILE.1`, in place of the one before"),
      Text("traces.endpoint", &ServerConfig::traces_endpoint, "`http://HOST:PORT/PATH` of a collector of traces that takes OTLP/HTTP JSON, `http://collector:4318/v1/traces` say; absent: no traces are made. No TLS, no user and password"),
      Text("tls.certificate", [](auto& config) -> auto& { return config.tls.certificate; }, "PEM file of the server's certificate, with those between it and its authority; read again when it changes; absent: no TLS"),
      Text("tls.key", [](auto& config) -> auto& { return config.tls.key; }, "PEM file of its key, given with `tls.certificate`; read again when it changes"),
      Text("tls.client_ca", [](auto& config) -> auto& { return config.tls.client_ca; }, "PEM file of the authorities one of which must have signed a client's certificate; read again when it changes; absent: clients need no certificate"),
      Text("auth.tokens_file", [](auto& config) -> auto& { return config.auth.tokens_file; }, "JSON file of tokens' hashes with their roles ([security.md](security.md)), read at the start"),
      CertificateList("auth.certificates", "list of {`common_name`, `roles`}: what holders of client certificates may do (`segment`, `manage`, `observe`); needs `tls.client_ca`"),
      Boolean("auth.allow_plaintext_tokens", [](auto& config) -> auto& { return config.auth.allow_plaintext_tokens; }, "take tokens without TLS on an address that is no loopback"),
      Integer("limits.requests_per_minute", [](auto& config) -> auto& { return config.limits.requests_per_minute; }, 0, 1'000'000, "calls of Segment, Compare and ModelInfer of one client; 0: no limit"),
      Integer("limits.bytes_per_minute", [](auto& config) -> auto& { return config.limits.bytes_per_minute; }, 0, kMostBytes, "bytes of volumes of one client, as sent; 0: no limit; else at least 1048576, and more than the largest volume"),
      Share("limits.client_share", [](auto& config) -> auto& { return config.limits.client_share; }, "share of the places in each queue (`queue_capacity`) and of `max_streams` that one client may hold at once, rounded down, but one of each at least; where clients show who they are, see [security.md](security.md)"),
      Integer("limits.max_priority", [](auto& config) -> auto& { return config.limits.max_priority; }, kNormalPriority, kHighestPriority, "highest `priority` that a call may ask for, in `Segment`'s terms; one that asks for more is refused"),
      Boolean("reflection", &ServerConfig::reflection, "clients may ask for the contract (server reflection)"),
      Number("max_connection_age_s", &ServerConfig::max_connection_age_s, 0, kMostAge_s, " s", "seconds after which a client has to connect anew; 0: never"),
      Number("max_connection_age_grace_s", &ServerConfig::max_connection_age_grace_s, 0, kMostAge_s, " s", "seconds that its calls may go on then; 0: until they end"),
      Number("drain_delay_s", &ServerConfig::drain_delay_s, 0, 3600, " s", "seconds after a signal to stop in which new calls are taken still, while health says NOT_SERVING: for load balancers that notice it late"),
      Number("drain_s", &ServerConfig::drain_s, 0, 86400, " s", "seconds that running calls may go on after a signal to stop"),
  };
}

std::string ConfigTable() {
  std::string table;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string range = RangeWords(key);
    table += "| " + Quoted(key.name) + " | " + DefaultWords(key) + " | " + range + (range.empty() ? "| " : " | ") + key.meaning + " |\n";
  }
  return table;
}

}  // namespace tuckerseg
