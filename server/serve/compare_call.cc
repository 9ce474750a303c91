#include "server/serve/compare_call.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <utility>

#include "server/serve/compare_header.h"
#include "server/serve/encoded_answer.h"
#include "server/serve/level_admission.h"
#include "server/serve/level_agreement.h"
#include "server/serve/messages.h"
#include "server/serve/volume_receiver.h"
#include "server/variants/served_level.h"

namespace tuckerseg {
namespace {

/// Of a level's work, in this order.
constexpr CallStage kWorkStages[] = {CallStage::kQueue, CallStage::kPreprocess, CallStage::kInfer, CallStage::kPostprocess};

}  // namespace

CompareCall::CompareCall(ServiceParts& parts, grpc::ServerContext& context, Stream::GrpcStream& stream)
    : parts_(parts), run_(parts, context, "tuckerseg.v1.SegmentationService", "Compare"), stream_(parts, context, stream, run_) {}

void CompareCall::Run() {
  ReadHeader();
  Receive();
  for (size_t index = 0; index < levels_.size(); ++index) RunLevel(index);
}

void CompareCall::ReadHeader() {
  header_ = stream_.ReadHeader();
  levels_ = run_.AskForSeveral(SegmentHeaderOf(header_), [this](const std::vector<ServedLevel>& levels) { return LevelsAskedFor(header_, levels); });
  answer_.emplace(run_.header(), run_.model().model());
}

void CompareCall::Receive() {
  VolumeReceiver receiver(parts_.config, parts_.memory, header_.total_bytes(), header_.sha256());
  VolumeReceiver::Received received = stream_.Receive(receiver, [&](const NiftiHeader& header) {
    run_.RefuseIfNeverFits(header.geometry, receiver.held_bytes(), answer_->PeakBytes(header.geometry.VoxelCount()));
  });
  input_ = std::move(received.nifti.header);
  volume_ = std::move(received.nifti.volume);
  volume_memory_ = std::move(received.memory);
}

void CompareCall::RunLevel(size_t index) {
  run_.TurnTo(*levels_[index]);
  const std::shared_ptr<SegmentWork> work = Segment(index);
  const bool is_first = index == 0;
  if (is_first) {
    first_ = std::move(work->result->label_map);
    first_memory_ = std::move(work->peak_memory);
  }
  LabelMap& own = is_first ? first_ : work->result->label_map;
  run_.clock().Enter(CallStage::kEncode);
  std::optional<EncodedAnswer> label_map;
  double answer_s = 0;
  if (header_.label_maps()) {
    answer_s = RunEncoding([&](const std::stop_token& stop) { label_map = answer_->Encode(own, input_, stop); });
    run_.TakeAnswerTime(answer_s);
    run_.LearnTimes();  // what making an answer takes is told with the work: without one too little would be, and with the comparison too much
  }
  v1::CompareResponse response;
  v1::LevelResult& result = *response.mutable_result();
  result = MakeResult(*work);
  const std::vector<Label>& labels = run_.model().model().labels;
  answer_s += RunEncoding([&](const std::stop_token& stop) { FillAgreement(own.labels, first_.labels, labels, stop, result); });
  run_.TakeAnswerTime(answer_s);
  if (!is_first) {
    // A client that takes its time to read must not hold it.
    own = {};
    work->peak_memory.ShrinkTo(label_map ? static_cast<int64_t>(label_map->file.capacity()) : 0);
  }
  run_.clock().Enter(CallStage::kSend);
  stream_.Send(response);
  if (label_map) Send(*label_map);
  run_.EndTurn();
}

std::shared_ptr<SegmentWork> CompareCall::Segment(size_t index) {
  const int64_t voxels = input_.geometry.VoxelCount();
  const RunTerms terms{.places = PlacesFor(index),
                       .kept_bytes = first_memory_.bytes(),
                       .patience = index == 0 ? std::chrono::milliseconds(0) : parts_.patience};
  std::shared_ptr<SegmentWork> work = run_.Perform(std::move(volume_), std::move(volume_memory_), answer_->PeakBytes(voxels), EventsOf(index), terms);
  if (index == 0) place_ = run_.admitted().place;
  // The worker has let go of it.
  volume_ = std::exchange(work->volume, {});
  volume_memory_ = std::move(work->volume_memory);
  if (index + 1 == levels_.size()) {
    volume_ = {};
    volume_memory_ = {};
  }
  work->peak_memory.ShrinkTo(LabelMapBytes(input_.geometry) + answer_->FileBytes(voxels));
  return work;
}

RunEvents CompareCall::EventsOf(size_t index) {
  return {.accepted =
              [this](const v1::Accepted& accepted) {
                v1::CompareResponse response;
                *response.mutable_accepted() = accepted;
                stream_.Send(response);
              },
          .progress =
              [this, index](const v1::Progress& progress) {
                told_ = progress;
                told_.set_fraction((static_cast<double>(index) + progress.fraction()) / static_cast<double>(levels_.size()));
                Send(told_);
              }};
}

double CompareCall::RunEncoding(const std::function<void(const std::stop_token&)>& work) {
  told_.set_stage(v1::STAGE_ENCODE);
  const auto watched_work = [&](const std::stop_token& stop) {
    const StallWatch::Running encoding(run_.watched(), CallStage::kEncode);
    work(stop);
  };
  return RunWithHeartbeat(watched_work, run_.BesideTheAnswer([this] { Send(told_); }));
}

std::vector<size_t> CompareCall::PlacesFor(size_t index) const {
  if (index > 0) return {place_};
  return PlacesForAll(levels_, parts_);
}

v1::LevelResult CompareCall::MakeResult(const SegmentWork& work) {
  const StageTimes& times = work.result->times;
  v1::LevelResult result;
  const ServedLevel& level = *run_.admitted().level;
  result.set_variant(level.name);
  result.set_variant_weights_sha256(level.weights_sha256);
  result.set_quality_statement(QualityStatement(level, parts_.devices.at(run_.admitted().place).precision()));
  result.set_device(run_.record().device);
  result.set_precision(NameOf(parts_.devices.at(run_.admitted().place).precision()));
  result.set_seconds(times.preprocess_s + times.infer_s + times.postprocess_s);
  result.set_network_seconds(times.network_s);
  result.set_peak_memory_bytes(static_cast<uint64_t>(run_.record().peak_memory_bytes));
  for (const CallStage stage : kWorkStages) {
    v1::StageTime& time = *result.add_stages();
    time.set_stage(static_cast<v1::Stage>(static_cast<int>(stage) + 1));
    time.set_seconds(run_.Seconds(stage));
  }
  FillCropAndRefinement(*work.result, run_.model().model().labels, result);
  result.set_part_overlap_voxels(static_cast<uint64_t>(work.result->part_overlap_voxels));
  return result;
}

void CompareCall::Send(const v1::Progress& progress) {
  v1::CompareResponse response;
  *response.mutable_progress() = progress;
  stream_.Send(response);
}

void CompareCall::Send(const EncodedAnswer& label_map) {
  v1::CompareResponse response;
  *response.mutable_label_map_header() = label_map.header;
  stream_.Send(response);
  ForEachChunk(label_map.file, [&](std::span<const std::byte> chunk) {
    response.set_chunk(chunk.data(), chunk.size());
    stream_.Send(response);
  });
}

}  // namespace tuckerseg
