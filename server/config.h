/// What a server is told when it starts: command line and configuration file.
#pragma once

#include <cstdint>
#include <string>

#include "engine/segment/segmenter.h"
#include "engine/volume/nifti_header.h"
#include "server/security/security_settings.h"

namespace tuckerseg {

struct ServerConfig {
  std::string models;                      ///< directory of bundles
  std::string listen = "127.0.0.1:50051";
  std::string metrics = "127.0.0.1:9464";
  std::string device = "cpu";              ///< `cpu` or `cuda:N`
  int threads = 0;                         ///< of the CPU; 0: as many as the process may use
  int64_t queue_capacity = 16;             ///< requests that may wait or run
  int64_t max_streams = 32;                ///< calls that may send, wait and receive at once
  int64_t max_input_bytes = int64_t{4} << 30;
  VolumeLimits volume_limits;
  int64_t memory_limit_bytes = 0;          ///< for volumes and segmentation; 0: 80 % of what the process may have
  GeometryPolicy geometry_policy = GeometryPolicy::kRefuse;
  Accumulation accumulation = Accumulation::kFloat32;
  double min_quality = 0;                  ///< no request that leaves the choice of its level is served below it
  double deadline_margin = 0.1;            ///< share by which work may take longer than foretold
  bool allow_phantom_quality = false;      ///< qualities that were measured on phantoms count for models of patients too
  bool allow_non_commercial = false;       ///< serve models whose licence forbids commercial use
  double drain_s = 60;                     ///< how long running requests may go on after a signal to stop
  TlsSettings tls;
  AuthSettings auth;
  LimitSettings limits;
  bool reflection = false;                 ///< clients may ask for the contract itself
  double max_connection_age_s = 0;         ///< after which a client has to connect anew; 0: never
  double max_connection_age_grace_s = 0;   ///< how long its calls may go on then; 0: until they end
};

/// Overwrites `config` with the keys of a JSON object: the names of the fields above, `max_voxels` and `max_axis` for the
/// volume limits; `tls`, `auth` and `limits` are objects with keys of their own. Errors: kInvalidArgument for unknown keys and values out of range, naming them.
void ApplyConfigJson(const std::string& json, ServerConfig& config);

/// Fills what was left to the machine: threads, memory limit. Errors: kInvalidArgument for a missing `models`, for
/// addresses that are none, and for settings that contradict one another.
void CompleteConfig(ServerConfig& config);

const char* NameOf(GeometryPolicy policy);

}  // namespace tuckerseg
