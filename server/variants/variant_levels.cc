#include "server/variants/variant_levels.h"

#include <algorithm>
#include <exception>
#include <map>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <typeinfo>
#include <utility>

#include "engine/error.h"
#include "engine/model/variant.h"
#include "server/observe/log.h"
#include "server/variants/level_cards.h"
#include "server/variants/shown_text.h"

namespace tuckerseg {
namespace {

/// Why the exception in flight was thrown, as clients may read it: an Error's message is meant for them, others can hold paths.
std::string ReasonInFlight() {
  try {
    throw;
  } catch (const Error& error) {
    return ShownText(error.what());
  } catch (const std::bad_alloc&) {
    return "memory: none left for this level";
  } catch (const std::filesystem::filesystem_error& error) {
    return error.code().message();
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "unexpected_error", {{"type", typeid(error).name()}, {"what", error.what()}});
    return "unexpected: the server's log has the reason";
  }
}

class VariantLoader {
 public:
  VariantLoader(const Model& model, const std::vector<ExecutorFactory>& factories) : model_(model), factories_(factories) {}

  void Load(const std::filesystem::path& directory) {
    directory_ = ShownText(directory.filename().string());
    VariantFiles files;
    try {
      files = LoadVariant(directory, model_);
    } catch (const std::exception&) {
      levels_.push_back({.name = directory_});
      Fail(levels_.back());
      return;
    }
    const auto cards = ReadLevelCards(directory, files.variant.weights_sha256, model_.task + "/" + directory_);
    for (size_t i = 0; i < files.variant.levels.size(); ++i) AddLevel(files, i, cards);
  }

  std::vector<ServedLevel> Take() { return std::move(levels_); }

 private:
  void AddLevel(const VariantFiles& files, size_t place, const std::map<std::string, Card>& cards) {
    const VariantLevel& made = files.variant.levels[place];
    ServedLevel level{.name = made.name, .number = made.level, .is_default = made.is_default, .method = ShownText(files.variant.method)};
    const auto card = cards.find(made.name);
    if (card != cards.end()) level.card = card->second;
    try {
      RefuseTaken(made.name);
      MakeReady(level, BundleOf(model_, files, place), factories_);
    } catch (const std::exception&) {
      Fail(level);
    }
    levels_.push_back(std::move(level));
  }

  void RefuseTaken(const std::string& name) const {
    const bool taken = std::any_of(levels_.begin(), levels_.end(), [&](const ServedLevel& level) { return level.ready() && level.name == name; });
    if (taken) throw Error(ErrorCode::kInvalidArgument, "name = " + name + ": must be unique in a bundle, and is another variant's level already");
  }

  /// Only while an exception is in flight.
  void Fail(ServedLevel& level) const {
    level.error = ReasonInFlight();
    Log(LogLevel::kError, "variant_failed", {{"task", model_.task}, {"directory", directory_}, {"variant", level.name}, {"reason", level.error}});
  }

  const Model& model_;
  const std::vector<ExecutorFactory>& factories_;
  std::string directory_;  // of the variant that is being loaded
  std::vector<ServedLevel> levels_;
};

}  // namespace

std::vector<ServedLevel> LoadVariantLevels(const std::filesystem::path& bundle, const Model& model, const std::vector<ExecutorFactory>& factories) {
  VariantLoader loader(model, factories);
  try {
    for (const std::filesystem::path& directory : FindVariants(bundle)) loader.Load(directory);
  } catch (const Error& error) {  // of the folder: each variant's own are its levels'
    Log(LogLevel::kError, "variants_unreadable", {{"task", model.task}, {"reason", ShownText(error.what())}});
  }
  return loader.Take();
}

}  // namespace tuckerseg
