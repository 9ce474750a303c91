#include "compression/cases/case_files.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>
#include <set>
#include <utility>

#include "engine/error.h"
#include "engine/model/json_fields.h"
#include "engine/model/task_catalog.h"
#include "engine/volume/nifti_reader.h"
#include "engine/volume/orientation.h"
#include "engine/volume/same_grid.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kHighestLabel = 65535;
constexpr size_t kReadBytes = size_t{1} << 20;

/// The stem of NAME.nii.gz or NAME.nii, or nothing for other files.
std::optional<std::string> NiftiStem(const fs::path& path) {
  const std::string name = path.filename().string();
  for (const char* ending : {".nii.gz", ".nii"}) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - std::strlen(ending));
  }
  return std::nullopt;
}

/// NIfTI files of a folder by stem; empty where there is no such folder. Errors: kInvalidArgument for a stem with both endings: which of them is meant?
std::map<std::string, fs::path> NiftiFiles(const fs::path& folder) {
  std::map<std::string, fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto stem = NiftiStem(entry.path());
    if (!stem || files.emplace(*stem, entry.path()).second) continue;
    throw Error(ErrorCode::kInvalidArgument, folder.filename().string() + ": " + *stem + ": stands twice, as .nii and as .nii.gz: must be one file");
  }
  return files;
}

std::map<std::string, int64_t> ReadClasses(const JsonField& dataset) {
  const JsonField channels = dataset.At(dataset.Has("channel_names") ? "channel_names" : "modality");
  if (!channels.json().is_object() || channels.json().size() != 1) channels.Refuse("must name one channel, the CT");
  std::map<std::string, int64_t> classes;
  std::set<int64_t> values;
  const JsonField labels = dataset.At("labels");
  if (!labels.json().is_object()) labels.Refuse("must be an object of names and values");
  for (const auto& [name, value] : labels.json().items()) {
    const JsonField field(value, labels.path() + "." + name);
    if (value.is_array()) field.Refuse("must be one value: regions are not supported");
    if (name == "ignore") field.Refuse("must not be there: an ignored label is not supported");
    const int64_t number = field.Integer(0, kHighestLabel);
    if (number == 0) continue;
    if (!values.insert(number).second) field.Refuse("must be a value that no other label has");
    classes[name] = number;
  }
  if (classes.empty()) labels.Refuse("must name at least one structure");
  return classes;
}

void ReadStatement(const JsonField& dataset, CaseFolder& folder) {
  if (dataset.Has("description")) folder.description = dataset.At("description").Text();
  if (dataset.Has("phantoms")) folder.phantoms = dataset.At("phantoms").Boolean();
}

/// The CTs of imagesTr or imagesTs by case.
std::map<std::string, fs::path> NnunetImages(const fs::path& directory, const std::string& folder) {
  std::map<std::string, fs::path> images;
  constexpr std::string_view kFirstChannel = "_0000";
  for (const auto& [stem, path] : NiftiFiles(directory / folder)) {
    if (!stem.ends_with(kFirstChannel)) {
      throw Error(ErrorCode::kInvalidArgument, folder + ": " + stem + ": must end in _0000, the only channel");
    }
    images[stem.substr(0, stem.size() - kFirstChannel.size())] = path;
  }
  return images;
}

/// Labels of no image are a name that is misspelled, or a case that got lost on the way.
void RefuseLabelsAlone(const std::map<std::string, fs::path>& labels, const std::map<std::string, fs::path>& images, const std::string& ending) {
  for (const auto& [name, path] : labels) {
    if (images.contains(name)) continue;
    throw Error(ErrorCode::kInvalidArgument, "labels" + ending + ": " + name + ": must have an image images" + ending + "/" + name + "_0000.nii.gz");
  }
}

void AddNnunetCases(const fs::path& directory, const std::string& ending, LabelsWanted wanted, CaseFolder& result) {
  const std::map<std::string, fs::path> images = NnunetImages(directory, "images" + ending);
  std::map<std::string, fs::path> labels;
  if (wanted != LabelsWanted::kNever) labels = NiftiFiles(directory / ("labels" + ending));
  RefuseLabelsAlone(labels, images, ending);
  for (const auto& [name, path] : images) {
    const auto found = labels.find(name);
    if (found == labels.end() && wanted == LabelsWanted::kAlways) {
      throw Error(ErrorCode::kInvalidArgument, "case " + name + ": must have labels in labels" + ending);
    }
    result.cases.push_back({name, path, found == labels.end() ? fs::path() : found->second, {}});
  }
}

void ReadDataset(const fs::path& file, bool labels, CaseFolder& result) {
  if (!fs::is_regular_file(file)) {
    if (!labels) return;
    throw Error(ErrorCode::kInvalidArgument, "--data: has labels without dataset.json: must have it, to say what they are called");
  }
  const Json document = ParseJson(ReadWholeFile(file).value_or(""), "dataset.json");
  const JsonField dataset(document, "dataset");
  if (labels) result.classes = ReadClasses(dataset);
  ReadStatement(dataset, result);
}

/// What imagesTr and labelsTr end in.
std::vector<std::string> Endings(CaseSplit split) {
  switch (split) {
    case CaseSplit::kTrain: return {"Tr"};
    case CaseSplit::kTest: return {"Ts"};
    case CaseSplit::kAll: break;
  }
  return {"Tr", "Ts"};
}

/// Whether dataset.json has to say what labels are called.
bool HasLabels(const fs::path& directory, const std::vector<std::string>& endings, LabelsWanted wanted) {
  if (wanted != LabelsWanted::kIfThere) return wanted == LabelsWanted::kAlways;
  return std::any_of(endings.begin(), endings.end(), [&](const std::string& ending) { return !NiftiFiles(directory / ("labels" + ending)).empty(); });
}

CaseFolder NnunetCases(const fs::path& directory, const CaseChoice& choice) {
  const std::vector<std::string> endings = Endings(choice.split);
  CaseFolder result;
  ReadDataset(directory / "dataset.json", HasLabels(directory, endings, choice.labels), result);
  for (const std::string& ending : endings) AddNnunetCases(directory, ending, choice.labels, result);
  return result;
}

std::map<std::string, int64_t> MaskClasses(const std::set<std::string>& names) {
  const TaskCatalog catalog;
  std::map<std::string, int64_t> known;
  for (const Label& label : catalog.Find("total").labels) known[label.name] = label.value;
  const bool all = std::all_of(names.begin(), names.end(), [&](const std::string& name) { return known.contains(name); });
  std::map<std::string, int64_t> classes;
  for (const std::string& name : names) classes[name] = all ? known.at(name) : static_cast<int64_t>(classes.size()) + 1;
  return classes;
}

CaseFolder TotalSegmentatorCases(const fs::path& directory, LabelsWanted wanted) {
  CaseFolder result;
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!entry.is_directory()) continue;
    const std::map<std::string, fs::path> files = NiftiFiles(entry.path());
    const auto ct = files.find("ct");
    if (ct == files.end()) continue;
    CaseFiles found{entry.path().filename().string(), ct->second, {}, {}};
    if (wanted != LabelsWanted::kNever) found.masks = NiftiFiles(entry.path() / "segmentations");
    if (found.masks.empty() && wanted == LabelsWanted::kAlways) throw Error(ErrorCode::kInvalidArgument, "case " + found.name + ": must have masks in segmentations");
    for (const auto& [name, mask] : found.masks) names.insert(name);
    result.cases.push_back(std::move(found));
  }
  if (!names.empty()) result.classes = MaskClasses(names);
  return result;
}

CaseFolder FilesAlone(const fs::path& directory) {
  CaseFolder result;
  for (const auto& [name, path] : NiftiFiles(directory)) result.cases.push_back({name, path, {}, {}});
  return result;
}

/// Images make the layout where labels need not be there; where none are wanted dataset.json says nothing that has to be known.
bool IsNnunet(const fs::path& directory, LabelsWanted wanted) {
  const bool images = fs::is_directory(directory / "imagesTr") || fs::is_directory(directory / "imagesTs");
  if (wanted == LabelsWanted::kNever) return images;
  return fs::is_regular_file(directory / "dataset.json") || (images && wanted == LabelsWanted::kIfThere);
}

CaseFolder CasesOf(const fs::path& directory, const CaseChoice& choice) {
  if (IsNnunet(directory, choice.labels)) return NnunetCases(directory, choice);
  if (choice.split == CaseSplit::kTest) {
    throw Error(ErrorCode::kInvalidArgument, "--split = test: must be train or all here: only nnU-Net's layout has a folder of test cases");
  }
  CaseFolder found = TotalSegmentatorCases(directory, choice.labels);
  return found.cases.empty() && choice.labels != LabelsWanted::kAlways ? FilesAlone(directory) : found;
}

void SortByName(std::vector<CaseFiles>& cases) {
  std::sort(cases.begin(), cases.end(), [](const CaseFiles& a, const CaseFiles& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(cases.begin(), cases.end(), [](const CaseFiles& a, const CaseFiles& b) { return a.name == b.name; });
  if (twice != cases.end()) throw Error(ErrorCode::kInvalidArgument, "case " + twice->name + ": stands twice: must have a name of its own");
}

[[noreturn]] void RefuseEmpty(LabelsWanted wanted) {
  throw Error(ErrorCode::kNotFound, wanted == LabelsWanted::kNever
                                        ? "--data: holds no CT: must hold imagesTr or imagesTs, folders with ct.nii.gz, or .nii.gz files"
                                        : "--data: holds no case: must hold dataset.json, imagesTr and labelsTr, or folders with ct.nii.gz and segmentations");
}

}  // namespace

CaseFolder FindCases(const fs::path& directory, const CaseChoice& choice) {
  if (!fs::is_directory(directory)) throw Error(ErrorCode::kNotFound, "--data: no such directory");
  CaseFolder found = CasesOf(directory, choice);
  if (found.cases.empty()) RefuseEmpty(choice.labels);
  SortByName(found.cases);
  return found;
}

CaseFolder FindUnlabelledCases(const fs::path& directory) {
  const bool tests_alone = fs::is_directory(directory / "imagesTs") && !fs::is_directory(directory / "imagesTr");
  return FindCases(directory, {.split = tests_alone ? CaseSplit::kTest : CaseSplit::kTrain, .labels = LabelsWanted::kNever});
}

Volume ReadVolume(const fs::path& path, const std::string& what) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, what + ": cannot be read");
  try {
    NiftiReader reader;
    std::vector<std::byte> bytes(kReadBytes);
    while (file) {
      file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      reader.Feed({bytes.data(), static_cast<size_t>(file.gcount())});
    }
    return reader.Finish().volume;
  } catch (const Error& error) {
    throw Error(error.code(), what + ": " + error.what());
  }
}

Volume ReadLabels(const CaseFiles& files, const std::map<std::string, int64_t>& classes) {
  if (files.masks.empty()) return ReadVolume(files.labels, "case " + files.name + ": labels");
  std::map<int64_t, std::string> by_value;
  for (const auto& [name, path] : files.masks) by_value[classes.at(name)] = name;
  const std::string first = by_value.begin()->second;
  Volume result;
  std::vector<uint16_t> labels;
  for (const auto& [value, name] : by_value) {
    const Volume mask = ReadVolume(files.masks.at(name), "case " + files.name + ": mask " + name);
    if (labels.empty()) {
      result.geometry = mask.geometry;
      labels.assign(static_cast<size_t>(mask.geometry.VoxelCount()), 0);
    }
    CheckSameGrid("case " + files.name + ": labels in mask " + name, mask.geometry, "mask " + first, result.geometry);
    const std::vector<float> values = ToFloat(ViewOf(mask), 1);
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        throw Error(ErrorCode::kInvalidArgument, "case " + files.name + ": mask " + name + ": holds " + std::to_string(values[i]) + ": must be a finite number, 0 outside");
      }
      if (values[i] != 0) labels[i] = static_cast<uint16_t>(value);
    }
  }
  result.type = VoxelType::kUint16;
  result.voxels.resize(labels.size() * sizeof(uint16_t));
  std::memcpy(result.voxels.data(), labels.data(), result.voxels.size());
  return result;
}

}  // namespace tuckerseg
