/// The level of one request whose volume is there: what each level would take is worked out, the policy chooses, and a refusal becomes an error.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/segment/task_plan.h"
#include "server/policy/level_choice.h"
#include "server/policy/service_times.h"
#include "server/schedule/work_queue.h"
#include "server/serve/service_parts.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// A level that may run, on a device.
struct AdmittedLevel {
  const ServedLevel* level = nullptr;
  size_t place = 0;  ///< of its device
  LevelReason reason = LevelReason::kAsked;
  TaskPlan plan;
  std::vector<const ServedLevel*> levels;  ///< that take part: the level, and originals of other tasks
  ServiceSize size;
  int64_t peak_bytes = 0;    ///< of the host, of segmenting and of answering, the volume itself excluded
  int64_t device_bytes = 0;  ///< of the device's budget: as much on the host, elsewhere what networks and their sums take there
  bool loaded = false;       ///< all that it needs is in the device's memory
  double quality = 0;        ///< that it was chosen by
  double service_s = 0;      ///< foretold, on a device that is free, loading what is not there included
  double finish_s = 0;       ///< foretold, until the label map is there
};

/// The level that is foretold to run, and those that may run instead once the request's turn has come: all on one device, all loaded.
struct Admission {
  AdmittedLevel level;
  std::vector<AdmittedLevel> instead;
  Turn turn;
};

/// What a request asks, and what it has used up already.
struct LevelRequest {
  const CatalogueView& view;
  const CatalogueModel& model;
  const v1::SegmentHeader& header;
  const std::string& client;  ///< who shares devices with others
  /// The level that the client names; null: the server chooses.
  const ServedLevel* asked = nullptr;
  /// The level that is asked for was a server's choice for an earlier attempt: it must be as good as one that is chosen now.
  bool resumes_choice = false;
  /// Devices on one of which a level that is asked for is to run, unless it never can on any of them; empty: on any.
  std::vector<size_t> places = {};
  /// Seconds that are left of the call; none: it has no deadline.
  std::optional<double> deadline_s;
  /// Seconds since its volume came, from when `max_latency` counts: a call that has waited for another with its key has used them up.
  double waited_s = 0;
  /// What the request holds already: the volume, label maps of other levels.
  int64_t held_bytes = 0;
  /// What making its answer takes beside the volume and the label map.
  int64_t answer_bytes = 0;
  /// Where waiting may help it is tried again before its client hears of it: nobody is told to come again then.
  bool is_tried_again = false;
};

/// What a label map on this grid takes in memory.
int64_t LabelMapBytes(const Geometry& geometry);

/// What running a level, whose files could be read, on a device takes for what the header asks. Errors: as PlanTask.
TaskPlan PlanFor(const ServedLevel& level, const LevelRequest& request, const Device& device, const ServiceParts& parts);

/// Devices on which every one of these levels can be loaded, as far as anyone knows; empty: there is none.
std::vector<size_t> PlacesForAll(const std::vector<const ServedLevel*>& levels, ServiceParts& parts);

/// Chooses level and device for a volume of this geometry; a level that is asked for runs where it is foretold to end first. A level that is on disk alone is
/// offered with what loading it takes. Errors: the policy's refusal, with a time to try again where waiting helps; kFailedPrecondition where a level that is
/// needed can be loaded on no device; kUnavailable where those that it can be loaded on are stuck (StallWatch). A choice that is resumed is made among that one level. Whom what waits leaves no room for on a device is expected there again (WorkQueue::ExpectAgain), unless its client holds all its places there.
Admission AdmitLevel(const LevelRequest& request, const Geometry& geometry, ServiceParts& parts);

/// For a volume that is still on its way: refuses as AdmitLevel would where memory keeps every level from every device, however long the request waited. It needs no lock of
/// admissions, as what others hold does not matter, and leaves no trace: nothing is recorded, and nobody expected again. Errors: the policy's refusal, for memory alone.
void RefuseIfNeverFits(const LevelRequest& request, const Geometry& geometry, ServiceParts& parts);

}  // namespace tuckerseg
