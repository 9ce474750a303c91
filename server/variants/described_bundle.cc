#include "server/variants/described_bundle.h"

#include <map>
#include <set>
#include <utility>

#include "engine/error.h"
#include "engine/model/bundle.h"
#include "engine/model/variant.h"
#include "server/variants/level_cards.h"
#include "server/variants/load_failure.h"
#include "server/variants/shown_text.h"

namespace tuckerseg {
namespace {

void RefuseNonCommercial(const Model& model) {
  if (!model.provenance.non_commercial) return;
  throw Error(ErrorCode::kFailedPrecondition, "licence = " + model.provenance.licence +
                                                  ": must allow commercial use, or `allow_non_commercial` be true in the configuration");
}

/// The original agrees with itself, whatever its card says.
Card AsOriginal(Card card) {
  card.dice_to_original = CardDice{.mean = 1, .quality = 1};
  return card;
}

/// The operator's own name of it: no data of patients.
std::string Shown(const std::filesystem::path& directory) { return ShownText(directory.filename().string()); }

/// Of the exception in flight.
std::string WhyUnread(DescribedBundle& bundle) {
  LoadFailure failure = FailureInFlight();
  if (failure.is_passing()) bundle.unread = failure.reason;
  return std::move(failure.reason);
}

class BundleDescriber {
 public:
  explicit BundleDescriber(DescribedBundle& bundle) : bundle_(bundle) {}

  void AddOriginal(const std::filesystem::path& directory) {
    const Model& model = *bundle_.model;
    ServedLevel level;
    level.name = kOriginal;
    level.weights_sha256 = model.provenance.weights_sha256;
    SetModel(level, bundle_.model);
    const auto cards = ReadLevelCards(directory, model.provenance.weights_sha256, model.task, bundle_.log);
    const auto card = cards.find(kOriginal);
    level.card = AsOriginal(card != cards.end() ? card->second : Card{});
    bundle_.levels.push_back({std::move(level), {directory, bundle_.model, {}, model.provenance.weights_sha256}});
  }

  void AddVariant(const std::filesystem::path& directory) {
    const Model& model = *bundle_.model;
    shown_directory_ = Shown(directory);
    try {
      const Variant variant = ReadVariant(directory, model);
      const auto cards = ReadLevelCards(directory, variant.weights_sha256, model.task + "/" + shown_directory_, bundle_.log);
      for (size_t i = 0; i < variant.levels.size(); ++i) AddLevel(directory, variant, i, cards);
    } catch (const std::exception&) {
      bundle_.levels.push_back({Failed({.name = shown_directory_}, shown_directory_, WhyUnread(bundle_)), {}});
    }
  }

 private:
  void AddLevel(const std::filesystem::path& directory, const Variant& variant, size_t place, const std::map<std::string, Card>& cards) {
    const VariantLevel& made = variant.levels[place];
    ServedLevel level{.name = made.name, .number = made.level, .is_default = made.is_default, .method = ShownText(variant.method), .weights_sha256 = variant.weights_sha256};
    const auto card = cards.find(made.name);
    if (card != cards.end()) level.card = card->second;
    if (!names_.insert(made.name).second) {
      // Which of them is meant nobody knows: a wrong one would be a silent error.
      const std::string reason = "name = " + made.name + ": must be unique in a bundle, and is a level of several variants";
      for (DescribedLevel& other : bundle_.levels)
        if (other.level.name == made.name && other.level.ready()) other = {Failed(std::move(other.level), Shown(other.files.directory), reason), {}};
      bundle_.levels.push_back({Failed(std::move(level), shown_directory_, reason), {}});
      return;
    }
    SetModel(level, std::make_shared<const Model>(ModelOf(*bundle_.model, variant, place)));
    bundle_.levels.push_back({std::move(level), {directory, bundle_.model, place, variant.weights_sha256}});
  }

  /// `shown_directory`: of its variant, which need not be the one that is being read.
  ServedLevel Failed(ServedLevel level, const std::string& shown_directory, const std::string& reason) {
    level.error = reason;
    bundle_.log.push_back({LogLevel::kError, "variant_failed", {{"task", bundle_.model->task}, {"directory", shown_directory}, {"variant", level.name}, {"reason", reason}}});
    return level;
  }

  DescribedBundle& bundle_;
  std::string shown_directory_;  // of the variant that is being read
  std::set<std::string> names_;  // of levels so far, but for the original's, which no variant's may have
};

void DescribeVariants(const std::filesystem::path& directory, BundleDescriber& describer, DescribedBundle& bundle) {
  std::vector<std::filesystem::path> variants;
  try {
    variants = FindVariants(directory);
  } catch (const std::exception&) {  // of the folder: each variant's own are its levels'
    bundle.log.push_back({LogLevel::kError, "variants_unreadable", {{"task", bundle.model->task}, {"reason", WhyUnread(bundle)}}});
  }
  for (const std::filesystem::path& variant : variants) describer.AddVariant(variant);
}

}  // namespace

DescribedBundle DescribeBundle(const std::filesystem::path& directory, bool allow_non_commercial) {
  DescribedBundle bundle;
  bundle.directory = Shown(directory);
  try {
    Model model = LoadModel(directory);
    if (!allow_non_commercial) RefuseNonCommercial(model);
    bundle.model = std::make_shared<const Model>(std::move(model));
    BundleDescriber describer(bundle);
    describer.AddOriginal(directory);
    DescribeVariants(directory, describer, bundle);
  } catch (const std::exception&) {
    bundle.error = WhyUnread(bundle);
    bundle.model.reset();
    bundle.levels.clear();
  }
  return bundle;
}

}  // namespace tuckerseg
