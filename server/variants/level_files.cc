#include "server/variants/level_files.h"

#include "engine/error.h"
#include "engine/model/part_weights.h"
#include "engine/model/variant.h"

namespace tuckerseg {
namespace {

[[noreturn]] void RefuseReplaced() {
  throw Error(ErrorCode::kFailedPrecondition, "level: its files have been replaced since it was found: ask again");
}

}  // namespace

int64_t WeightFilesBytes(const LevelFiles& files) { return PartWeightsBytes(files.directory, files.original->parts); }

Bundle ReadLevel(const LevelFiles& files, const Model& described) {
  if (!files.place) {
    Bundle bundle = LoadBundle(files.directory);
    if (bundle.model != described) RefuseReplaced();
    return bundle;
  }
  const VariantFiles variant = LoadVariant(files.directory, *files.original);
  if (variant.variant.weights_sha256 != files.weights_sha256 || *files.place >= variant.variant.levels.size()) RefuseReplaced();
  Bundle bundle = BundleOf(*files.original, variant, *files.place);
  if (bundle.model != described) RefuseReplaced();
  return bundle;
}

}  // namespace tuckerseg
