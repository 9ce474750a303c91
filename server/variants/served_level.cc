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

void MakeReady(ServedLevel& level, Bundle bundle, const ExecutorFactory& factory) {
  const int64_t parameters = ParameterCount(bundle.model);
  const int64_t multiply_adds = TotalMultiplyAdds(bundle.model);
  const int64_t weight_bytes = WeightBytes(bundle);
  const auto start = std::chrono::steady_clock::now();
  level.segmenter = std::make_unique<Segmenter>(std::move(bundle), factory);
  level.load_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  level.parameters = parameters;
  level.multiply_adds = multiply_adds;
  level.weight_bytes = weight_bytes;
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
