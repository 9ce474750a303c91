#include "server/config.h"

#include <sched.h>

#include <algorithm>
#include <functional>
#include <map>

#include "engine/available_memory.h"
#include "engine/error.h"
#include "engine/model/json_fields.h"
#include "server/address.h"
#include "server/http_url.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMaxBytes = int64_t{1} << 50;

int AvailableThreads() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
}

void ApplyTraces(const JsonField& traces, ServerConfig& config) {
  if (!traces.json().is_object()) traces.Refuse("must be an object");
  for (const auto& [key, value] : traces.json().items()) {
    const std::string path = traces.path() + "." + key;
    if (key != "endpoint") throw Error(ErrorCode::kInvalidArgument, path + ": unknown key; must be endpoint");
    config.traces_endpoint = JsonField(value, path).Text();
  }
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

void ApplyConfigJson(const std::string& text, ServerConfig& config) {
  using Set = std::function<void(const JsonField&)>;
  const auto string_into = [](std::string& target) { return Set([&target](const JsonField& f) { target = f.Text(); }); };
  const auto integer_into = [](int64_t& target, int64_t low, int64_t high) {
    return Set([&target, low, high](const JsonField& f) { target = f.Integer(low, high); });
  };
  const auto number_into = [](double& target, double low, double high, const char* right) {
    return Set([&target, low, high, right](const JsonField& f) {
      target = f.Number();
      if (!(target >= low && target <= high)) f.Refuse(right);
    });
  };
  const std::map<std::string, Set> keys{
      {"models", string_into(config.models)},
      {"listen", string_into(config.listen)},
      {"metrics", string_into(config.metrics)},
      {"device", string_into(config.device)},
      {"threads", [&](const JsonField& f) { config.threads = static_cast<int>(f.Integer(0, 1024)); }},
      {"queue_capacity", integer_into(config.queue_capacity, 1, 10000)},
      {"max_streams", integer_into(config.max_streams, 1, 10000)},
      {"max_input_bytes", integer_into(config.max_input_bytes, 1, kMaxBytes)},
      {"max_voxels", integer_into(config.volume_limits.max_voxels, 1, kMaxBytes)},
      {"max_axis", integer_into(config.volume_limits.max_axis, 1, 32767)},
      {"memory_limit_bytes", integer_into(config.memory_limit_bytes, 0, kMaxBytes)},
      {"geometry_policy",
       [&](const JsonField& f) {
         config.geometry_policy = static_cast<GeometryPolicy>(f.OneOf({"refuse", "prefer_sform", "prefer_qform"}));
       }},
      {"accumulation",
       [&](const JsonField& f) { config.accumulation = static_cast<Accumulation>(f.OneOf({"float32", "reference"})); }},
      {"min_quality", number_into(config.min_quality, 0, 1, "must be in [0, 1]")},
      {"deadline_margin", number_into(config.deadline_margin, 0, 10, "must be in [0, 10]")},
      {"allow_phantom_quality", [&](const JsonField& f) { config.allow_phantom_quality = f.Boolean(); }},
      {"allow_non_commercial", [&](const JsonField& f) { config.allow_non_commercial = f.Boolean(); }},
      {"traces", [&](const JsonField& f) { ApplyTraces(f, config); }},
      {"drain_s", number_into(config.drain_s, 0, 86400, "must be in [0, 86400] s")},
  };
  const Json json = ParseJson(text, "config");
  const JsonField root(json, "config");
  if (!json.is_object()) root.Refuse("must be an object");
  for (const auto& [key, value] : json.items()) {
    const auto set = keys.find(key);
    if (set == keys.end()) {
      std::string known;
      for (const auto& [name, unused] : keys) known += (known.empty() ? "" : ", ") + name;
      throw Error(ErrorCode::kInvalidArgument, "config." + key + ": unknown key; must be one of " + known);
    }
    set->second(JsonField(value, "config." + key));
  }
}

void CompleteConfig(ServerConfig& config) {
  if (config.models.empty()) throw Error(ErrorCode::kInvalidArgument, "models: missing; must be a directory of bundles");
  ParseAddress("listen", config.listen);
  ParseAddress("metrics", config.metrics);
  if (!config.traces_endpoint.empty()) ParseHttpUrl("traces.endpoint", config.traces_endpoint);
  if (config.threads == 0) config.threads = AvailableThreads();
  if (config.memory_limit_bytes == 0) config.memory_limit_bytes = AvailableMemory() / 10 * 8;
}

}  // namespace tuckerseg
