/// What the services work with: built by main (or a test), alive as long as the server.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "server/config.h"
#include "server/observe/choice_log.h"
#include "server/observe/metrics.h"
#include "server/observe/request_ring.h"
#include "server/observe/span.h"
#include "server/schedule/device.h"
#include "server/schedule/idle_heap.h"
#include "server/schedule/memory_budget.h"
#include "server/security/security.h"
#include "server/serve/admission_lock.h"
#include "server/serve/answer_holds.h"
#include "server/serve/client_streams.h"
#include "server/serve/result_cache.h"
#include "server/serve/silence_watch.h"
#include "server/serve/stall_watch.h"
#include "server/variants/catalogue.h"

namespace tuckerseg {

/// Work that runs holds memory, uses the heap and the catalogue (which stops the queues when it goes), tells `metrics` of its patches and is watched by `stalls`: they must outlive the devices' queues.
struct ServiceParts {
  const ServerConfig& config;
  Catalogue& catalogue;
  Devices& devices;
  MemoryBudget& memory;               ///< the host's: volumes and what is made of them lie there, wherever the networks run
  Metrics& metrics;
  IdleHeap& heap;
  ResultCache& results;
  Security& security;
  StallWatch& stalls;
  std::string executor;               ///< e.g. "LibTorch 2.15.0"
  std::atomic<bool> starting = false; ///< set: its models are being loaded, and no call that needs one is taken; who asks for its health, or what it has, has an answer
  std::atomic<bool> stopping = false; ///< set: new calls should go elsewhere, though they are taken until `draining`
  std::atomic<bool> draining = false; ///< set: no new call is taken
  std::atomic<int64_t> streams = 0;   ///< calls of Segment, Compare and ModelInfer that run, or whose answer is on its way
  std::atomic<int64_t> loads = 0;     ///< calls of LoadVariant that run: a level that is being loaded is waited for
  ClientStreams client_streams{config.max_streams, ClientShareOf(config)};  ///< those of each client
  AdmissionLock admission{devices};
  /// How long a comparison's further levels are tried to be admitted while others have the place or the memory: what is done of it would be lost. Not for
  /// ever, as two of them may wait for what the other one holds.
  std::chrono::milliseconds patience = std::chrono::minutes(1);
  ChoiceLog* choices = nullptr;       ///< records the levels that the server chooses; null: nobody does
  RequestRing* requests = nullptr;    ///< remembers segmentations that have ended; null: nobody looks
  SpanSink* spans = nullptr;          ///< null: no traces are collected
  SilenceWatch silence{std::chrono::duration<double>(config.client_silence_s)};
  AnswerHolds answers{};              ///< of ModelInfer, on their way; behind `silence`, which looks after them

  /// Whether clients should send their calls here.
  bool WantsCalls() const { return !starting && !stopping && !draining; }
};

/// Chunks that are sent.
inline constexpr int64_t kSentChunkBytes = int64_t{512} << 10;
/// Largest chunk that is taken: with it every message is far below gRPC's limit of 4 MiB.
inline constexpr int64_t kMaxChunkBytes = int64_t{1} << 20;

}  // namespace tuckerseg
