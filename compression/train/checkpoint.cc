#include "compression/train/checkpoint.h"

#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/model/file_bytes.h"
#include "engine/model/file_descriptor.h"
#include "engine/model/json_fields.h"
#include "engine/model/safetensors.h"
#include "engine/sha256.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFormatVersion = 1;
constexpr auto kStateFile = "checkpoint.json";
constexpr size_t kLongestShown = 60;  // of a setting

bool WriteAll(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

std::string Digest(std::span<const std::byte> bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.Digest();
}

[[noreturn]] void Damaged(const std::string& why) {
  throw Error(ErrorCode::kDataLoss, "checkpoint: " + why + ": must be as training wrote it; delete the training directory to begin anew");
}

/// Read once and not copied: the state of a training is several times its weights.
WeightStore ReadTensors(const fs::path& path, const std::string& digest) {
  const std::string name = path.filename().string();
  std::error_code error;
  if (!fs::is_regular_file(path, error)) Damaged(name + " is missing");
  const std::shared_ptr<const FileBytes> file = FileBytes::Read(path, name);
  if (Digest(file->bytes()) != digest) Damaged(name + " has another checksum than checkpoint.json names");
  return ParseSafetensors(file->bytes(), file);
}

/// Tensors of checkpoints before the current one.
void RemoveOthers(const fs::path& directory, const std::string& current) {
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with("checkpoint-") && name != current) fs::remove(it->path(), ignored);
  }
}

}  // namespace

void WriteDurably(const fs::path& path, std::span<const std::byte> bytes) {
  const fs::path temporary = path.string() + ".tmp";
  {
    const FileDescriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    if (file.number() < 0 || !WriteAll(file.number(), bytes) || fsync(file.number()) != 0) {
      throw Error(ErrorCode::kInternal, "training directory: cannot be written; is there room on the disk?");
    }
  }
  std::error_code error;
  fs::rename(temporary, path, error);
  if (error) throw Error(ErrorCode::kInternal, "training directory: a file cannot be put in place");
  const FileDescriptor folder(path.parent_path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder.number() >= 0) fsync(folder.number());  // the rename itself
}

void MakeTrainingDirectory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw Error(ErrorCode::kInternal, "training directory: cannot be made");
}

void SaveCheckpoint(const TrainingCheckpoint& checkpoint, const fs::path& directory) {
  MakeTrainingDirectory(directory);
  const std::string name = "checkpoint-" + std::to_string(checkpoint.step) + ".safetensors";
  const std::vector<std::byte> tensors = EncodeSafetensors(checkpoint.tensors);
  WriteDurably(directory / name, tensors);
  const Json state{{"format_version", kFormatVersion}, {"step", checkpoint.step}, {"tensors", name}, {"tensors_sha256", Digest(tensors)},
                   {"settings", checkpoint.settings}, {"progress", checkpoint.progress}};
  const std::string text = state.dump(1) + "\n";
  WriteDurably(directory / kStateFile, std::as_bytes(std::span(text)));
  RemoveOthers(directory, name);
}

std::optional<TrainingCheckpoint> LoadCheckpoint(const fs::path& directory) {
  const std::optional<std::string> text = ReadWholeFile(directory / kStateFile);
  if (!text) return std::nullopt;
  TrainingCheckpoint checkpoint;
  std::string name;
  std::string digest;
  try {
    const Json document = ParseJson(*text, kStateFile);
    const JsonField state(document, "checkpoint");
    if (state.At("format_version").Integer(0, 1 << 30) != kFormatVersion) state.At("format_version").Refuse("must be 1");
    checkpoint.step = state.At("step").Integer(0, int64_t{1} << 40);
    checkpoint.settings = state.At("settings").json();
    checkpoint.progress = state.Has("progress") ? state.At("progress").json() : Json::object();
    name = state.At("tensors").Text();
    digest = state.At("tensors_sha256").Text();
  } catch (const Error& error) {
    Damaged(error.what());
  }
  if (fs::path(name).filename() != name || !name.starts_with("checkpoint-")) Damaged("tensors = " + name);
  checkpoint.tensors = ReadTensors(directory / name, digest);
  return checkpoint;
}

void CheckSameSettings(const Json& checkpoint, const Json& settings) {
  for (const auto& [name, value] : settings.items()) {
    const auto found = checkpoint.find(name);
    if (found != checkpoint.end() && *found == value) continue;
    // A checksum says nothing to anyone.
    if (value.is_string() && value.get<std::string>().size() > kLongestShown) {
      throw Error(ErrorCode::kFailedPrecondition, name + ": is not what this training began with: must be the same, or delete its training directory");
    }
    const std::string before = found == checkpoint.end() ? "nothing" : found->dump();
    throw Error(ErrorCode::kFailedPrecondition, name + " = " + value.dump() + ": must be " + before +
                                                    ", as this training began; or delete its training directory");
  }
}

}  // namespace tuckerseg
