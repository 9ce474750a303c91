/// What a server is told when it starts: command line and configuration file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/segment/segmenter.h"
#include "engine/volume/nifti_header.h"
#include "server/device_settings.h"
#include "server/security/security_settings.h"

namespace tuckerseg {

/// For results that are kept for calls that come again under the same idempotency key.
struct ResultLimits {
  int64_t max_bytes = int64_t{256} << 20;  ///< of all of them; 0: none is kept
  double keep_s = 600;                     ///< of each
};

struct ServerConfig {
  std::string models;                      ///< directory of bundles
  double models_rescan_s = 5;              ///< how often it is looked at for what has changed; 0: never
  std::string listen = "127.0.0.1:50051";
  std::string metrics = "127.0.0.1:9464";
  std::string device = kHostDevice;        ///< `cpu` or `cuda:N`
  int threads = 0;                         ///< of the CPU; 0: as many as the process may use
  int64_t queue_capacity = 16;             ///< requests that may wait or run
  std::vector<DeviceSettings> devices;     ///< several, instead of `device`, `threads` and `queue_capacity`; empty: the one that those describe
  int64_t max_streams = 32;                ///< calls that may send, wait and receive at once
  double client_silence_s = 300;           ///< longest wait of such a call for its client to send or read; 0: for ever
  double stall_s = 300;                    ///< longest time in which a stage of a running call may make no step; 0: for ever
  int64_t max_connections = 0;             ///< of clients, open at once; 0: half of the files that the process may open, at most 4096
  int64_t max_input_bytes = int64_t{4} << 30;
  VolumeLimits volume_limits;
  int64_t memory_limit_bytes = 0;          ///< of the host: for volumes, weights and work of all devices; 0: 80 % of what the process may have, less `results.max_bytes`; 40 % at least
  GeometryPolicy geometry_policy = GeometryPolicy::kRefuse;
  Accumulation accumulation = Accumulation::kFloat32;
  double min_quality = 0;                  ///< no request that leaves the choice of its level is served below it
  double deadline_margin = 0.2;            ///< share by which work may take longer than foretold
  bool allow_phantom_quality = false;      ///< qualities that were measured on phantoms count for models of patients too
  bool allow_non_commercial = false;       ///< serve models whose licence forbids commercial use
  std::string choices_file;                ///< where the choices of levels are recorded (observe/choice_log.h); empty: nowhere
  int64_t choices_max_bytes = int64_t{64} << 20;  ///< what it grows to before it is put aside
  bool open_inference = true;              ///< serve the Open Inference Protocol too, and take messages as large as it needs
  ResultLimits results;                    ///< keys `results_max_bytes`, `results_keep_s`
  std::string traces_endpoint;             ///< key `traces.endpoint`: of a collector of traces, http://HOST:PORT/PATH; empty: none
  double drain_delay_s = 5;                ///< how long new calls are taken still after a signal to stop, while health says that there should be none
  double drain_s = 60;                     ///< how long running requests may go on after a signal to stop
  TlsSettings tls;
  AuthSettings auth;
  LimitSettings limits;
  bool reflection = false;                 ///< clients may ask for the contract itself
  double max_connection_age_s = 0;         ///< after which a client has to connect anew; 0: never
  double max_connection_age_grace_s = 0;   ///< how long its calls may go on then; 0: until they end
};

/// The text of the file, or the pipe, that the option `--config` names. Errors: kInvalidArgument for a folder and for what ends in the middle, kNotFound for what cannot be opened.
std::string ConfigText(const std::string& path);

/// Overwrites `config` with the keys of a JSON object (config_keys.h) and returns every mistake, a line each: unknown keys, keys that stand there twice, values out of
/// range. What a mistaken key would set stays as it is. Errors: kInvalidArgument for what is no JSON object at all.
std::vector<std::string> ReadConfigJson(const std::string& json, ServerConfig& config);

/// The same. Errors: kInvalidArgument with those lines where there is a mistake.
void ApplyConfigJson(const std::string& json, ServerConfig& config);

/// What is wrong with a whole configuration, wherever it comes from, a line each: no `models`, addresses and URLs that are none, a `choices_file` that cannot be, settings
/// that contradict one another.
std::vector<std::string> FindMistakes(const ServerConfig& config);

/// The devices that are meant, in their order, which is that of preference where nothing else decides: `devices`, or the only one.
std::vector<DeviceSettings> DevicesOf(const ServerConfig& config);

/// The share of the places in a queue, and of streams, that one client may hold: `limits.client_share` where every caller shows who it is, by a token or by a certificate
/// (`tls.client_ca` has all of them show one). Else all are one client, and it is 1.
double ClientShareOf(const ServerConfig& config);

/// Fills what was left to the machine: threads, of each device too, connections, and the memory limit. Errors: kInvalidArgument with the lines of FindMistakes, if there are any.
void CompleteConfig(ServerConfig& config);

const char* NameOf(GeometryPolicy policy);

}  // namespace tuckerseg
