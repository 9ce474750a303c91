#include "engine/phantom/cli/phantom_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "engine/error.h"
#include "engine/volume/nifti_reader.h"
#include "engine/volume/nifti_writer.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

Compression CompressionOf(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(".nii.gz")) return Compression::kGzip;
  if (name.ends_with(".nii")) return Compression::kNone;
  throw Error(ErrorCode::kInvalidArgument, "output: its name must end in .nii or .nii.gz");
}

/// The header that the CT's own file has: a label map repeats it.
NiftiHeader HeaderOf(const Volume& ct) {
  std::vector<std::byte> bytes;
  static constexpr size_t kEnough = 352;  // header and extender
  const ByteSink keep_header = [&bytes](std::span<const std::byte> more) {
    const size_t room = kEnough - std::min(bytes.size(), kEnough);
    bytes.insert(bytes.end(), more.begin(),
                 more.begin() + static_cast<std::ptrdiff_t>(std::min(room, more.size())));
  };
  WriteVolume(ct, Compression::kNone, keep_header);
  return ParseNiftiHeader(bytes, VolumeLimits{}, GeometryPolicy::kRefuse);
}

void MakeFolder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw Error(ErrorCode::kInvalidArgument,
                "data-set: cannot be made: its parent must be a writable folder");
}

/// "20 phantoms of tuckerseg-phantom 0.1.0, seeds 1 to 20". The version, since another may draw other patients.
std::string Description(uint64_t first_seed, int count) {
  std::ostringstream text;
  text << count << " phantoms of tuckerseg-phantom " << TUCKERSEG_VERSION << ", seeds " << first_seed << " to "
       << first_seed + static_cast<uint64_t>(count) - 1;
  return text.str();
}

void WriteDatasetJson(uint64_t first_seed, int count, std::span<const Label> labels,
                      const std::filesystem::path& folder) {
  nlohmann::ordered_json values{{"background", 0}};
  for (const Label& label : labels) values[label.name] = label.value;
  const nlohmann::ordered_json json{{"channel_names", {{"0", "CT"}}},
                                    {"labels", values},
                                    {"numTraining", count},
                                    {"file_ending", ".nii.gz"},
                                    {"description", Description(first_seed, count)},
                                    {"phantoms", true}};
  WriteWholeFile(folder / "dataset.json", json.dump(1) + "\n");
}

}  // namespace

void WriteCtFile(const Phantom& made, const std::filesystem::path& path) {
  const Compression compression = CompressionOf(path);
  WholeFile file(path);
  WriteVolume(made.ct, compression, [&file](std::span<const std::byte> bytes) { file.Write(bytes); });
  file.Commit();
}

void WriteLabelFile(const Phantom& made, std::span<const Label> labels, const std::filesystem::path& path) {
  const Compression compression = CompressionOf(path);
  std::vector<LabelName> names;
  for (const Label& label : labels) names.push_back({label.value, label.name});
  WholeFile file(path);
  WriteLabelMap(made.labels, HeaderOf(made.ct), names, names.back().value, compression,
                [&file](std::span<const std::byte> bytes) { file.Write(bytes); });
  file.Commit();
}

void WriteDataSet(const PhantomOptions& options, int count, int threads, std::span<const Label> labels,
                  const std::filesystem::path& folder,
                  const std::function<void(uint64_t seed, const Phantom&)>& done) {
  if (count < 1) throw Error(ErrorCode::kInvalidArgument, "count: must be at least 1");
  if (std::filesystem::exists(folder / "dataset.json"))
    throw Error(ErrorCode::kFailedPrecondition, "data-set: holds a dataset.json: must be a new folder");
  MakeFolder(folder / "imagesTr");
  MakeFolder(folder / "labelsTr");
  PhantomOptions one = options;
  for (int n = 0; n < count; ++n, ++one.seed) {
    const Phantom made = MakePhantom(one, threads);
    const std::string name = std::string("phantom_").append(std::to_string(one.seed));
    WriteCtFile(made, folder / "imagesTr" / (name + "_0000.nii.gz"));
    WriteLabelFile(made, labels, folder / "labelsTr" / (name + ".nii.gz"));
    done(one.seed, made);
  }
  WriteDatasetJson(options.seed, count, labels, folder);
}

}  // namespace tuckerseg
