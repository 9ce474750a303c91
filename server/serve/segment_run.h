/// The segmentation behind any of the server's doors, at one level or at several in turn: from what is asked, over the level's choice, the queue and the
/// worker, to the label map in memory. The doors differ in how a volume comes in and an answer goes out.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/serve/heartbeat.h"
#include "server/serve/level_admission.h"
#include "server/serve/segment_record.h"
#include "server/serve/segment_work.h"
#include "server/serve/service_parts.h"
#include "server/serve/stage_clock.h"
#include "server/serve/stall_watch.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace grpc {
class ServerContext;
}

namespace tuckerseg {

/// Told while the work waits and runs, on the call's thread. Each may be empty; what one throws ends the work.
struct RunEvents {
  std::function<void(const v1::Accepted&)> accepted;  ///< at admission, and once more where another level runs than was foretold then
  std::function<void(const v1::Progress&)> progress;  ///< at each change, and as a heartbeat
};

/// On what terms work is admitted that is not all of its request.
struct RunTerms {
  std::vector<size_t> places = {};        ///< LevelRequest::places
  int64_t kept_bytes = 0;                 ///< what the request holds beside the volume, from levels before
  std::chrono::milliseconds patience{0};  ///< how long it is tried again where waiting may help; progress is told meanwhile
};

/// How often it tries to be admitted where others keep it out: each try may unload their levels.
inline constexpr std::chrono::milliseconds kTryAgain{500};

/// For the call's thread.
class SegmentRun {
 public:
  /// `service` and `method` of the contract: the call's name in metrics, log and traces. `parts` and `context` must outlive the run.
  SegmentRun(ServiceParts& parts, const grpc::ServerContext& context, const char* service, const char* method);
  SegmentRun(const SegmentRun&) = delete;
  SegmentRun& operator=(const SegmentRun&) = delete;

  /// The client asks for a segmentation: one of those that it may ask for in a minute. Its first message has come; before any field of it is looked at.
  /// Errors: kResourceExhausted with a time to try again.
  void TakeRequest();
  /// So many bytes of its volume have come, of those that it may send in a minute. Errors: as TakeRequest().
  void TakeBytes(int64_t bytes);

  /// Finds model and level and checks every field: what no level can do is refused before a volume is looked at.
  /// Errors: kNotFound, kFailedPrecondition and kInvalidArgument that name the field.
  void Ask(v1::SegmentHeader header);

  /// The work has to be done: at the level that an earlier attempt of the request was accepted with, where the header names one. After Ask().
  /// Errors: those of FindLevelToResume().
  void ResumeLevel();

  /// Gives the levels that a request means, of those of its model; throws for those that it may not mean.
  using LevelsFinder = std::function<std::vector<const ServedLevel*>(const std::vector<ServedLevel>&)>;
  /// The same for a request of several levels, each of which is checked. They live as long as this. Errors: as Ask(), and what `find` throws.
  std::vector<const ServedLevel*> AskForSeveral(v1::SegmentHeader header, const LevelsFinder& find);
  /// One of them comes to its turn: Perform() runs it, and what is measured until EndTurn() is its own.
  void TurnTo(const ServedLevel& level);
  void EndTurn();
  /// Of the level whose turn it is; of a request of one level, of the call.
  double Seconds(CallStage stage) const { return clock_.seconds(stage) - turn_began_.seconds(stage); }

  /// A volume of this geometry is on its way, for which `held_bytes` are held, and its answer will take `answer_bytes` beside the label map: refuses what Perform() would
  /// refuse for want of memory however long it waited, before the rest of it is sent. Of several levels the first one is looked at: results of others may come before theirs fail.
  /// Errors: as AdmitLevel's for memory that there will never be, and of planning the levels; all else is Perform()'s to judge.
  void RefuseIfNeverFits(const Geometry& geometry, int64_t held_bytes, int64_t answer_bytes) const;

  /// The volume is there: the longest latency that the client accepts counts from now.
  void VolumeHasCome() { come_at_ = StageClock::Clock::now(); }
  /// The work must end within so many seconds from now, beside any deadline of the call.
  void EndWithin(double seconds);

  /// Chooses the level, reserves memory for the work and for an answer that takes `answer_bytes` beside the label map, waits for a place in
  /// the queue and for the work's end. After Ask() or TurnTo(). The volume and its memory may be taken from the work again: nobody else has it then.
  /// Errors: the policy's refusal; those of MemoryBudget, WorkQueue and TaskSegmenter; as
  /// ThrowIfGone() and ThrowIfTooLate(), which are looked at all the while: the work then stops within one patch.
  std::shared_ptr<SegmentWork> Perform(Volume volume, MemoryReservation volume_memory, int64_t answer_bytes, const RunEvents& events, const RunTerms& terms = {});

  /// What runs beside the making of the answer: `beat` tells that it goes on, and its client is looked after as Perform() does.
  Heartbeat BesideTheAnswer(std::function<void()> beat) const;
  /// Making the answer took so many seconds: what the clock has counted beyond that a client has held up, which did not take the progress that it was told meanwhile.
  void TakeAnswerTime(double seconds);
  /// The answer has been made of what Perform() gave: from now on its making is foretold with the work. Before any of it is sent, which clients hold up.
  void LearnTimes();

  /// What the summary says of times, memory and level.
  void FillSummary(v1::Summary& summary);

  /// Throws kDeadlineExceeded, kUnavailable or kCancelled once the client has gone; before that what StallWatch has to say of the call's own stages.
  void ThrowIfGone() const;
  /// Throws kDeadlineExceeded once the longest time that the client accepts has passed.
  void ThrowIfTooLate() const;

  /// Metrics, log line and spans of the call, once its status is known.
  void Report(const grpc::Status& status);

  /// Who calls: clients of different identity must not see one another's work.
  const std::string& client() const { return client_; }
  const v1::SegmentHeader& header() const { return header_; }
  const CatalogueModel& model() const { return *model_; }        ///< after Ask()
  const AdmittedLevel& admitted() const { return admitted_; }    ///< after Perform()
  StageClock& clock() { return clock_; }
  /// Stages that threads of the call do themselves: while it decodes, is admitted, encodes.
  StallWatch::Watched& watched() { return watched_; }
  /// Of the stage that the call is in, as metrics have it.
  const char* stage_name() const { return kCallStageNames[static_cast<size_t>(clock_.stage())]; }
  SegmentRecord& record() { return record_; }

 private:
  /// What a volume's work asks of its admission.
  struct Need {
    const Geometry& geometry;
    int64_t held_bytes = 0;  ///< that the request holds already
    int64_t answer_bytes = 0;
  };

  void FindModel(v1::SegmentHeader header);
  /// Every field but the levels, and that these can do what is asked.
  void Check(const std::vector<const ServedLevel*>& levels);
  LevelRequest Request() const;
  /// Chooses level and device for the volume, keeps the level there, and reserves memory for the work and for the answer.
  WorkHold Admit(const Need& need, const RunTerms& terms);
  /// Reserves what the largest of the levels that are possible takes. False where it is not free as things are: no level is unloaded, and no request refused, for one that may never run.
  bool ReserveForAny(WorkHold& hold);
  void TakeLevel(const AdmittedLevel& level);
  /// The same, tried again as the terms say. `admission` is locked when it returns, and not while it waits.
  WorkHold AdmitPatiently(std::unique_lock<AdmissionLock>& admission, const Need& need, const RunEvents& events, const RunTerms& terms);
  /// Tells that it waits still, looks after the client, and waits for the next try.
  void WaitToTryAgain(const RunEvents& events) const;
  std::shared_ptr<Ticket> Enqueue(const std::shared_ptr<SegmentWork>& work);
  v1::Accepted Accepted(int64_t position) const;
  void Await(const SegmentWork& work, Ticket& ticket, const RunEvents& events);
  /// Another level than was foretold may have been settled on.
  void TakeSettledLevel(const SegmentWork& work, const RunEvents& events);
  void TakeTimes(const SegmentWork& work);
  /// Whether all patches are the level's. Of a crop's or a refiner's nothing is learnt: they are another model's.
  static bool HasOnlyOwnPatches(const AdmittedLevel& level) { return level.plan.OtherTasks().empty(); }
  Device& device() const { return parts_.devices.at(admitted_.place); }  // once it is chosen
  /// Seconds that are left; nothing where there is no deadline.
  std::optional<double> SecondsLeft() const;

  ServiceParts& parts_;
  const grpc::ServerContext& context_;
  const std::string client_;
  StageClock clock_;
  StageClock turn_began_;  // the clock as TurnTo() found it; of one level as it began
  v1::SegmentHeader header_;
  std::shared_ptr<const CatalogueView> view_;  // as of Ask(): the request ends with the levels that it began with
  const CatalogueModel* model_ = nullptr;
  const ServedLevel* asked_ = nullptr;  // the level that the client names, of several the one whose turn it is or will be first; null: the server chooses
  bool resumes_choice_ = false;         // the level was a server's choice, for an earlier attempt
  AdmittedLevel admitted_;              // once the volume is there; from the beginning of the work on the one that runs
  Turn turn_;
  bool level_settled_ = false;
  SegmentRecord record_;
  StageClock::Clock::time_point come_at_{};
  std::optional<StageClock::Clock::time_point> ends_at_;
  StallWatch::Watched watched_;
};

}  // namespace tuckerseg
