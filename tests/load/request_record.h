/// What became of one request, as its client saw it.
#pragma once

#include <optional>
#include <string>

#include "engine/error.h"
#include "tests/load/arrival_plan.h"

namespace tuckerseg::load {

inline constexpr auto kOk = "OK";
/// No status of gRPC's: the deadline had passed before the generator could send.
inline constexpr auto kNotSent = "NOT_SENT";

struct RequestRecord {
  PlannedRequest planned;
  double sent_s = 0;          ///< after the load's begin, as `ended_s`
  double ended_s = 0;
  double read_pauses_s = 0;   ///< of them, while the answer was there and the client did not read it
  std::string code = kNotSent;
  std::string message;        ///< where it failed
  bool admitted = false;      ///< the server has said that it has a place
  std::string level;          ///< that runs, once admitted
  std::string reason;         ///< why that level
  std::optional<double> foretold_s;     ///< by the server, from admission to the label map
  std::optional<double> retry_after_s;  ///< what a refusal hints
  std::string sha256;         ///< of the label map's file that came, compared with its bytes; empty unless answered

  bool sent() const { return code != kNotSent; }
  bool answered() const { return code == kOk; }
  /// From the planned arrival, not from when the generator was free: a stalled server delays those who come meanwhile, and they count.
  double latency_s() const { return ended_s - planned.at_s; }
  /// Answered, and by the deadline if there is one.
  bool in_time() const { return answered() && (!planned.deadline_s || latency_s() <= *planned.deadline_s); }
  /// Whether the client waits for its answer and takes it at once: what others miss is not the server's doing.
  bool takes_its_answer() const { return planned.client == ClientKind::kPlain || planned.client == ClientKind::kSendsSlowly; }
};

/// As gRPC calls it: "RESOURCE_EXHAUSTED".
std::string NameOf(ErrorCode code);

}  // namespace tuckerseg::load
