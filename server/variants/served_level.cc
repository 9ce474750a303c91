#include "server/variants/served_level.h"

#include <chrono>
#include <utility>

#include "engine/model/cost.h"
#include "engine/model/variant.h"
#include "server/variants/card_words.h"

namespace tuckerseg {
namespace {

int64_t WeightBytes(const Bundle& bundle) {
  int64_t bytes = 0;
  for (const WeightStore& weights : bundle.weights) bytes += weights.TotalBytes();
  return bytes;
}

}  // namespace

void MakeReady(ServedLevel& level, const Bundle& bundle, const std::vector<ExecutorFactory>& factories) {
  std::vector<std::unique_ptr<Segmenter>> segmenters;
  for (const ExecutorFactory& factory : factories) {
    const auto start = std::chrono::steady_clock::now();
    segmenters.push_back(std::make_unique<Segmenter>(bundle, factory));  // a copy of a bundle shares its weights' bytes
    level.load_s.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  level.segmenters = std::move(segmenters);
  level.parameters = ParameterCount(bundle.model);
  level.multiply_adds = TotalMultiplyAdds(bundle.model);
  level.weight_bytes = WeightBytes(bundle);
}

std::string QualityStatement(const ServedLevel& level) {
  if (level.name == kOriginal) {
    const std::string original = "the original network: the reference that compressed variants are measured against";
    if (!level.card || !level.card->dice_to_reference || !level.card->dice_to_reference->mean) return original;
    Card to_reference = *level.card;
    to_reference.dice_to_original.reset();
    return original + "; " + MeasurementsInWords(to_reference);
  }
  return level.card ? MeasurementsInWords(*level.card) : "not measured";
}

}  // namespace tuckerseg
