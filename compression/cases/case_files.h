/// Finds the cases of a directory of CTs, and what their labels are called (docs/training.md, docs/tuning.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/volume/volume.h"

namespace tuckerseg {

struct CaseFiles {
  std::string name;
  std::filesystem::path ct;
  /// A label map, or one mask for each class name, where a voxel other than 0 belongs to the class.
  std::filesystem::path labels;
  std::map<std::string, std::filesystem::path> masks;

  bool HasLabels() const { return !labels.empty() || !masks.empty(); }
};

struct CaseFolder {
  std::vector<CaseFiles> cases;             ///< ascending by name
  std::map<std::string, int64_t> classes;   ///< label values by class name, without background; empty where no case has labels
  std::string description;                  ///< dataset.json's, empty where there is none
  bool phantoms = false;                    ///< `phantoms` of dataset.json: the cases are procedural, no patient was measured
};

/// nnU-Net's layout alone tells cases for training (imagesTr) from those for tests (imagesTs).
enum class CaseSplit { kTrain, kTest, kAll };
enum class LabelsWanted { kAlways, kIfThere, kNever };

struct CaseChoice {
  CaseSplit split = CaseSplit::kTrain;
  LabelsWanted labels = LabelsWanted::kAlways;
};

/// Reads the layout of `directory`: nnU-Net's raw data set where it holds dataset.json (imagesTr/NAME_0000.nii.gz,
/// labelsTr/NAME.nii.gz; the same with Ts), else TotalSegmentator's (NAME/ct.nii.gz, NAME/segmentations/CLASS.nii.gz). Files may end in
/// .nii, too. Values of nnU-Net's classes are dataset.json's. TotalSegmentator's files carry none: they are those of its task `total` where
/// it knows all names, else 1, 2, ... in the order of names.
/// Where labels need not be there dataset.json may be missing with them, and NAME.nii.gz in `directory` itself are cases too, where there is
/// nothing else. With LabelsWanted::kNever labels are not looked at; of dataset.json, where it is, description and phantoms are read.
/// Errors: kNotFound where there is no case, kInvalidArgument for what dataset.json may not say (several channels, regions), for a
/// case without labels where they are wanted, for labels without an image, for a name that stands twice (NAME.nii beside NAME.nii.gz too), and for test cases of a layout that
/// has none.
CaseFolder FindCases(const std::filesystem::path& directory, const CaseChoice& choice = {});

/// The CTs to learn from, whether they have labels or not: as FindCases with LabelsWanted::kNever. imagesTs of nnU-Net's layout are among them
/// only where there is no imagesTr: they are what a variant is tested on.
/// Errors: kNotFound where there is none, kInvalidArgument for a file of several channels, and for two cases of one name.
CaseFolder FindUnlabelledCases(const std::filesystem::path& directory);

/// Reads one NIfTI file. Errors: as NiftiReader's, with `what` in front; kNotFound if it cannot be read.
Volume ReadVolume(const std::filesystem::path& path, const std::string& what);

/// The case's label values on the grid of its first mask, or its label map as it is stored. `classes` must name all of its masks; where they
/// overlap the higher value stays. Errors: as ReadVolume; kInvalidArgument, which names the mask, for one on another grid than the first or with a value
/// that is not finite.
Volume ReadLabels(const CaseFiles& files, const std::map<std::string, int64_t>& classes);

}  // namespace tuckerseg
