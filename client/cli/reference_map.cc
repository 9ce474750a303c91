#include "client/cli/reference_map.h"

#include <fstream>
#include <map>
#include <set>

#include "engine/error.h"
#include "engine/volume/label_overlap.h"
#include "engine/volume/label_values.h"
#include "engine/volume/nifti_reader.h"
#include "engine/volume/same_grid.h"

namespace tuckerseg {
namespace {

constexpr auto kOption = "--reference";
/// Both files are held against one another, so it matters only that both are read in one way.
constexpr GeometryPolicy kPolicy = GeometryPolicy::kPreferSform;

Volume ReadVolume(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, std::string(kOption) + ": cannot be opened: must be a readable NIfTI file");
  try {
    NiftiReader reader({}, kPolicy);
    std::vector<char> piece(size_t{256} << 10);
    while (file) {
      file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      reader.Feed(std::as_bytes(std::span(piece)).first(static_cast<size_t>(file.gcount())));
    }
    return reader.Finish().volume;
  } catch (const Error& error) {
    throw Error(error.code(), std::string(kOption) + ": " + error.what());
  }
}

}  // namespace

ReferenceMap::ReferenceMap(const std::filesystem::path& path) {
  const Volume volume = ReadVolume(path);
  geometry_ = volume.geometry;
  labels_ = LabelValues(volume, kOption);
}

void ReferenceMap::CheckGrid(const Geometry& ct) const { CheckSameGrid(std::string(kOption) + ": labels", geometry_, "the CT", ct); }

ReferenceAgreement ReferenceMap::AgreementOf(std::span<const std::byte> label_map, const std::vector<v1::Label>& labels) const {
  const NiftiVolume nifti = ReadNifti(label_map, {}, kPolicy);
  CheckGrid(nifti.header.geometry);
  const std::map<int64_t, Overlap> overlaps = CountOverlaps(LabelValues(nifti.volume, "label map"), labels_);
  ReferenceAgreement agreement;
  std::set<int64_t> known;
  for (const v1::Label& label : labels) {
    known.insert(label.value());
    const auto found = overlaps.find(label.value());
    if (found == overlaps.end() || found->second.reference == 0) continue;
    const Overlap& overlap = found->second;
    agreement.structures.push_back({label.name(), label.value(), overlap.Dice(), overlap.predicted, overlap.reference});
    agreement.mean_dice += overlap.Dice();
  }
  for (const auto& [value, overlap] : overlaps)
    if (overlap.reference > 0 && !known.contains(value)) agreement.unknown_values.push_back(value);
  if (agreement.structures.empty()) {
    throw Error(ErrorCode::kInvalidArgument, std::string(kOption) + ": holds no label of the task: must hold values that `tuckerseg models TASK` lists");
  }
  agreement.mean_dice /= static_cast<double>(agreement.structures.size());
  return agreement;
}

}  // namespace tuckerseg
