/// Labels that a user has for a CT, which label maps are held against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/volume/volume.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// How far a label map agrees with the reference.
struct ReferenceAgreement {
  struct Structure {
    std::string name;
    uint32_t value = 0;
    double dice = 0;
    int64_t voxels = 0;            ///< in the label map
    int64_t reference_voxels = 0;
  };
  std::vector<Structure> structures;    ///< those of the task that the reference holds, ascending by value
  double mean_dice = 0;                 ///< over these
  std::vector<int64_t> unknown_values;  ///< of the reference, that are no structure of the task
};

class ReferenceMap {
 public:
  /// Reads a NIfTI file, raw or gzip, of any type. Holds 16 bits a voxel.
  /// Errors, which begin with `--reference`: kNotFound if there is no such file; those of NiftiReader and of LabelValues.
  explicit ReferenceMap(const std::filesystem::path& path);

  /// Errors: kInvalidArgument, which says how they differ, where the grid is not the reference's (CheckSameGrid).
  void CheckGrid(const Geometry& ct) const;

  /// `label_map`: the file of one that can hold `labels`. Structures are matched by value; what the reference does not hold is neither right nor wrong. Holds the
  /// label map as it is stored, and as 16 bits a voxel.
  /// Errors: as CheckGrid; kInvalidArgument where the reference holds none of the labels.
  ReferenceAgreement AgreementOf(std::span<const std::byte> label_map, const std::vector<v1::Label>& labels) const;

 private:
  Geometry geometry_;
  std::vector<uint16_t> labels_;
};

}  // namespace tuckerseg
