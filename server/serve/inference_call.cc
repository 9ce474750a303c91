#include "server/serve/inference_call.h"

#include <optional>
#include <string>
#include <utility>

#include "server/serve/inference_answer.h"
#include "server/serve/inference_request.h"

namespace tuckerseg {

void InferenceCall::Run() {
  SegmentRecord& record = run_.record();
  record.received_bytes = static_cast<int64_t>(request_.ByteSizeLong());
  run_.clock().Enter(CallStage::kDecode);
  run_.TakeRequest();
  run_.TakeBytes(record.received_bytes);
  std::optional<StallWatch::Running> stage(std::in_place, run_.watched(), CallStage::kDecode);
  const InferenceRequest asked = ReadInferenceRequest(request_, parts_.config.volume_limits, parts_.config.limits.max_priority);
  if (asked.timeout_s) run_.EndWithin(*asked.timeout_s);
  run_.Ask(asked.header);

  // gRPC holds the message until the call ends: it counts as long as that, and the volume beside it.
  const auto message_bytes = static_cast<int64_t>(request_.SpaceUsedLong());
  MemoryReservation memory = parts_.memory.Reserve(message_bytes + asked.VolumeBytes(), "volume");
  const LabelsForm form = FormOfLabels(run_.model().model(), asked.raw);
  const int64_t answer_bytes = 2 * LabelsBytes(asked.geometry.VoxelCount(), form);  // gRPC sends a copy of it
  Volume volume = VolumeOf(asked);
  stage.reset();
  const auto work = run_.Perform(std::move(volume), std::move(memory), answer_bytes, {});

  run_.clock().Enter(CallStage::kEncode);
  stage.emplace(run_.watched(), CallStage::kEncode);
  work->volume = {};
  work->volume_memory.ShrinkTo(message_bytes);
  work->peak_memory.ShrinkTo(LabelMapBytes(asked.geometry) + answer_bytes);
  AddLabels(work->result->label_map, form, response_);
  work->result->label_map = {};
  Describe(*work->result);
  stage.reset();
  run_.watched().ThrowIfStalled();
  run_.LearnTimes();
  run_.ThrowIfTooLate();
  record.sent_bytes = static_cast<int64_t>(response_.ByteSizeLong());
  work->peak_memory.ShrinkTo(answer_bytes);
  answer_memory_ = std::move(work->peak_memory);
  run_.clock().Enter(CallStage::kSend);
}

void InferenceCall::Describe(const Segmentation& segmentation) {
  const AdmittedLevel& admitted = run_.admitted();
  response_.set_model_name(run_.model().model().task);
  response_.set_model_version(admitted.level->name);
  response_.set_id(request_.id());
  auto& parameters = *response_.mutable_parameters();
  parameters["request_id"].set_string_param(run_.record().request_id);
  parameters["reason"].set_string_param(NameOf(admitted.reason));
  parameters["device"].set_string_param(run_.record().device);
  parameters["precision"].set_string_param(NameOf(parts_.devices.at(admitted.place).precision()));
  parameters["variant_weights_sha256"].set_string_param(admitted.level->weights_sha256);
  parameters["quality"].set_string_param(QualityStatement(*admitted.level, parts_.devices.at(admitted.place).precision()));
  parameters["part_overlap_voxels"].set_string_param(std::to_string(segmentation.part_overlap_voxels));
  const std::string warning = WarningOf(segmentation, run_.model().model());
  if (!warning.empty()) parameters["warning"].set_string_param(warning);
}

}  // namespace tuckerseg
