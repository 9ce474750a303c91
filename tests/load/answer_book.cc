#include "tests/load/answer_book.h"

#include <chrono>

#include "engine/error.h"
#include "tests/load/request_sender.h"

namespace tuckerseg::load {

std::string TaskOf(const std::string& asked, Client& client) {
  if (!asked.empty()) return asked;
  const v1::ListModelsResponse models = client.ListModels();
  if (models.models_size() == 1) return models.models(0).task();
  throw Error(ErrorCode::kInvalidArgument, "task: must be given in the workload, as the server has " + std::to_string(models.models_size()) + " models");
}

std::vector<ListedLevel> ListLevels(Client& client, const std::string& task) {
  std::vector<ListedLevel> levels;
  const v1::ListVariantsResponse listed = client.ListVariants(task);
  for (const v1::Variant& variant : listed.variants()) {
    if (variant.state() != v1::VARIANT_STATE_LOADED) continue;
    levels.push_back({variant.name(), variant.has_quality() ? std::optional(variant.quality()) : std::nullopt});
  }
  if (levels.empty()) throw Error(ErrorCode::kFailedPrecondition, "task = " + task + ": no level is loaded: the server must serve at least one");
  return levels;
}

UnloadedAnswer AskUnloaded(Client& client, const std::string& task, const VolumeFile& volume, const std::string& level) {
  v1::SegmentHeader header = HeaderOf({.level = level}, task);
  header.set_total_bytes(volume.bytes.size());
  UnloadedAnswer answer;
  SegmentEvents events;
  events.label_map_header = [&](const v1::LabelMapHeader& label_map) { answer.sha256 = label_map.sha256(); };
  const auto begin = std::chrono::steady_clock::now();
  client.Segment(header, [&](const ByteSink& sink) { sink(volume.bytes); }, events, {.deadline = kPatience});
  answer.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return answer;
}

AnswerBook FillAnswerBook(Client& client, const std::string& task, std::span<const VolumeFile> volumes, std::span<const ListedLevel> levels) {
  AnswerBook book;
  for (const ListedLevel& level : levels)
    for (const VolumeFile& volume : volumes) book.Add(volume.name, level.name, AskUnloaded(client, task, volume, level.name));
  return book;
}

}  // namespace tuckerseg::load
