#include "engine/model/bundle.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/error.h"
#include "engine/model/mapped_file.h"
#include "engine/model/safetensors.h"
#include "engine/sha256.h"

namespace tuckerseg {
namespace {

constexpr auto kModelFile = "model.json";
constexpr auto kWeightsFile = "weights.safetensors";
constexpr auto kUnfinished = ".unfinished-";  // what a crash left behind is no bundle

std::filesystem::path WeightsPath(const std::filesystem::path& directory, const Model& model, const ModelPart& part) {
  return model.parts.size() == 1 ? directory / kWeightsFile : directory / "parts" / part.name / kWeightsFile;
}

void CheckTensors(const ModelPart& part, const WeightStore& weights) {
  for (const std::string& fold : part.folds)
    for (const TensorSpec& spec : RequiredTensors(part.graph)) {
      const std::string name = "fold_" + fold + "." + spec.name;
      const TensorView* tensor = weights.Find(name);
      if (tensor == nullptr) throw Error(ErrorCode::kDataLoss, "part " + part.name + ": tensor " + name + ": missing");
      if (tensor->shape != spec.shape) {
        throw Error(ErrorCode::kDataLoss, "part " + part.name + ": tensor " + name + ": shape differs from the layer's");
      }
    }
}

/// A directory that is deleted again unless it is put in place.
class UnfinishedDirectory {
 public:
  explicit UnfinishedDirectory(const std::filesystem::path& wanted)
      : wanted_(wanted), path_(wanted.string() + kUnfinished + std::to_string(getpid())) {
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (error) throw Error(ErrorCode::kInternal, "bundle: its directory cannot be made: " + error.message());
  }
  ~UnfinishedDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  UnfinishedDirectory(const UnfinishedDirectory&) = delete;
  UnfinishedDirectory& operator=(const UnfinishedDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  void PutInPlace() {
    std::error_code error;
    std::filesystem::rename(path_, wanted_, error);  // over an empty directory too
    if (error) throw Error(ErrorCode::kInternal, "bundle: cannot be put in place: " + error.message());
    path_.clear();
  }

 private:
  std::filesystem::path wanted_;
  std::filesystem::path path_;
};

}  // namespace

Bundle LoadBundle(const std::filesystem::path& directory) {
  std::ifstream file(directory / kModelFile, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, "bundle: has no readable model.json; must be a directory that `import` wrote");
  Bundle bundle;
  bundle.model = ParseModel({std::istreambuf_iterator<char>(file), {}});
  Sha256 digest;
  for (const ModelPart& part : bundle.model.parts) {
    const std::filesystem::path path = WeightsPath(directory, bundle.model, part);
    bundle.weights.push_back(MapSafetensors(path));
    CheckTensors(part, bundle.weights.back());
    digest.Update(MappedFile::Open(path, "weights of part " + part.name)->bytes());
  }
  // A flipped bit in a weight shows nowhere else: every label map would be a little wrong.
  const std::string& expected = bundle.model.provenance.weights_sha256;
  if (!expected.empty() && digest.Digest() != expected) {
    throw Error(ErrorCode::kDataLoss, "weights: have another checksum than provenance.weights_sha256: must be the files that were imported");
  }
  return bundle;
}

void SaveBundle(const Bundle& bundle, const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::path wanted = directory;
  if (!wanted.has_filename()) wanted = wanted.parent_path();  // "models/x/"
  if (std::filesystem::exists(wanted, error) && !std::filesystem::is_empty(wanted, error)) {
    throw Error(ErrorCode::kFailedPrecondition, "bundle: the directory exists and is not empty; choose another or delete it");
  }
  const std::string model_json = EncodeModel(bundle.model);
  ParseModel(model_json);  // what cannot be loaded again is not written; names that would lead out of the directory, too
  if (bundle.weights.size() != bundle.model.parts.size()) {
    throw Error(ErrorCode::kInvalidArgument, "bundle: has weights of " + std::to_string(bundle.weights.size()) + " parts: must be " +
                                                 std::to_string(bundle.model.parts.size()));
  }
  UnfinishedDirectory unfinished(wanted);
  for (size_t i = 0; i < bundle.model.parts.size(); ++i) {
    const std::filesystem::path path = WeightsPath(unfinished.path(), bundle.model, bundle.model.parts[i]);
    std::filesystem::create_directories(path.parent_path(), error);
    WriteSafetensors(path, bundle.weights.at(i));
  }
  std::ofstream file(unfinished.path() / kModelFile, std::ios::binary);
  file << model_json;
  file.close();
  if (!file) throw Error(ErrorCode::kInternal, "bundle: model.json cannot be written; is there room on the disk?");
  unfinished.PutInPlace();
}

std::vector<std::filesystem::path> FindBundles(const std::filesystem::path& models) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(models, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().find(kUnfinished) != std::string::npos) continue;
    std::error_code absent;
    if (std::filesystem::is_regular_file(it->path() / kModelFile, absent)) found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace tuckerseg
