#include "engine/model/bundle.h"

#include <optional>
#include <string>

#include "engine/error.h"
#include "engine/model/file_failure.h"
#include "engine/model/marked_directories.h"
#include "engine/model/part_weights.h"
#include "engine/model/unfinished_directory.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

constexpr auto kModelFile = "model.json";

}  // namespace

Model LoadModel(const std::filesystem::path& directory) {
  const std::optional<std::string> json = ReadWholeFile(directory / kModelFile);
  if (!json) throw Error(CodeOfUnreadFile(directory / kModelFile), "bundle: has no readable model.json; must be a directory that `import` wrote");
  return ParseModel(*json);
}

Bundle LoadBundle(const std::filesystem::path& directory) {
  Bundle bundle{LoadModel(directory), {}};
  bundle.weights = ReadPartWeights(directory, bundle.model.parts, bundle.model.provenance.weights_sha256).weights;
  for (size_t i = 0; i < bundle.weights.size(); ++i) CheckTensors(bundle.model.parts[i], bundle.weights[i]);
  return bundle;
}

void SaveBundle(const Bundle& bundle, const std::filesystem::path& directory) {
  const std::string model_json = EncodeModel(bundle.model);
  ParseModel(model_json);  // what cannot be loaded again is not written; names that would lead out of the directory, too
  UnfinishedDirectory unfinished(directory, "bundle");
  WritePartWeights(unfinished.path(), bundle.model.parts, bundle.weights);
  WriteWholeFile(unfinished.path() / kModelFile, model_json);
  unfinished.PutInPlace();
}

std::vector<std::filesystem::path> FindBundles(const std::filesystem::path& models) {
  return MarkedDirectories(models, kModelFile, "models");
}

}  // namespace tuckerseg
