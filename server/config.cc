#include "server/config.h"

#include <sched.h>

#include <algorithm>
#include <functional>

#include "engine/available_memory.h"
#include "engine/error.h"
#include "engine/model/json_fields.h"
#include "server/address.h"
#include "server/config_keys.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMaxBytes = int64_t{1} << 50;
constexpr double kMaxAge = 604800;  // gRPC counts it in milliseconds, in 32 bits

int AvailableThreads() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
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
  const ConfigKeys keys{
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
      {"drain_s", number_into(config.drain_s, 0, 86400, "must be in [0, 86400] s")},
      {"tls", [&](const JsonField& f) { ReadTls(f, config.tls); }},
      {"auth", [&](const JsonField& f) { ReadAuth(f, config.auth); }},
      {"limits", [&](const JsonField& f) { ReadLimits(f, config.limits); }},
      {"reflection", [&](const JsonField& f) { config.reflection = f.Boolean(); }},
      {"max_connection_age_s", number_into(config.max_connection_age_s, 0, kMaxAge, "must be in [0, 604800] s")},
      {"max_connection_age_grace_s", number_into(config.max_connection_age_grace_s, 0, kMaxAge, "must be in [0, 604800] s")},
  };
  const Json json = ParseJson(text, "config");
  ReadKeys(JsonField(json, "config"), keys);
}

void CompleteConfig(ServerConfig& config) {
  if (config.models.empty()) throw Error(ErrorCode::kInvalidArgument, "models: missing; must be a directory of bundles");
  ParseAddress("listen", config.listen);
  ParseAddress("metrics", config.metrics);
  CheckSecurity(config.tls, config.auth, config.listen);
  if (config.max_connection_age_grace_s > 0 && config.max_connection_age_s == 0) {
    throw Error(ErrorCode::kInvalidArgument, "max_connection_age_s = 0: must be positive where max_connection_age_grace_s is");
  }
  if (config.threads == 0) config.threads = AvailableThreads();
  if (config.memory_limit_bytes == 0) config.memory_limit_bytes = AvailableMemory() / 10 * 8;
}

}  // namespace tuckerseg
