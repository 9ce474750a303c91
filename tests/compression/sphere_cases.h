/// Small synthetic CTs for tests of training: spheres of different density in water, with their labels.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "compression/train/random_stream.h"
#include "engine/model/json_text.h"
#include "engine/volume/nifti_writer.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

struct SphereCase {
  Volume ct;
  Volume labels;
};

inline Volume EmptyVolume(const Index3& shape, double spacing_mm, VoxelType type) {
  Volume volume;
  volume.geometry.shape = shape;
  volume.geometry.header_spacing_mm = {spacing_mm, spacing_mm, spacing_mm};
  for (size_t a = 0; a < 3; ++a) volume.geometry.affine_ras.linear[a][a] = spacing_mm;
  volume.type = type;
  volume.voxels.resize(static_cast<size_t>(volume.geometry.VoxelCount()) * BytesPerVoxel(type));
  return volume;
}

/// One sphere for each label value, at a seeded place: density 200 + 150 * its number HU, noise of 20 HU around, water elsewhere.
inline SphereCase MakeSphereCase(const Index3& shape, double spacing_mm, const std::vector<uint8_t>& values, uint64_t seed) {
  RandomStream random({seed});
  SphereCase result{EmptyVolume(shape, spacing_mm, VoxelType::kInt16), EmptyVolume(shape, spacing_mm, VoxelType::kUint8)};
  std::vector<int16_t> ct(static_cast<size_t>(result.ct.geometry.VoxelCount()));
  std::vector<uint8_t> labels(ct.size());
  std::vector<std::array<double, 3>> centres;
  for (size_t s = 0; s < values.size(); ++s) centres.push_back({random.Uniform(5, 11), random.Uniform(5, 11), random.Uniform(5, 11) + 8.0 * static_cast<double>(s)});
  size_t voxel = 0;
  for (int64_t k = 0; k < shape[2]; ++k)
    for (int64_t j = 0; j < shape[1]; ++j)
      for (int64_t i = 0; i < shape[0]; ++i, ++voxel) {
        double density = 1;  // not 0: the crop to nonzero is to keep the grid
        for (size_t s = 0; s < values.size(); ++s) {
          const double x = static_cast<double>(i) - centres[s][0];
          const double y = static_cast<double>(j) - centres[s][1];
          const double z = static_cast<double>(k) - centres[s][2];
          if (x * x + y * y + z * z > 16) continue;
          density = 200 + 150 * static_cast<double>(s);
          labels[voxel] = values[s];
        }
        ct[voxel] = static_cast<int16_t>(density + 20 * random.Normal());
        if (ct[voxel] == 0) ct[voxel] = 1;
      }
  std::memcpy(result.ct.voxels.data(), ct.data(), result.ct.voxels.size());
  std::memcpy(result.labels.voxels.data(), labels.data(), result.labels.voxels.size());
  return result;
}

inline void WriteNifti(const Volume& volume, const std::filesystem::path& path) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  WriteVolume(volume, Compression::kGzip, [&file](std::span<const std::byte> bytes) {
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  });
}

/// nnU-Net's raw layout: `cases` cases of 16 x 16 x 24 voxels of 3 mm with liver (5) and spleen (1); dataset.json names a third
/// class, heart (51), that never occurs.
inline void WriteSphereDataset(const std::filesystem::path& directory, int cases) {
  for (int c = 0; c < cases; ++c) {
    const SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, static_cast<uint64_t>(c));
    const std::string name = "case_" + std::to_string(c);
    WriteNifti(made.ct, directory / "imagesTr" / (name + "_0000.nii.gz"));
    WriteNifti(made.labels, directory / "labelsTr" / (name + ".nii.gz"));
  }
  std::ofstream(directory / "dataset.json")
      << R"({"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": 5, "spleen": 1, "heart": 51}, "file_ending": ".nii.gz",
         "description": "spheres", "phantoms": true})";
}

/// Plans of a network of three stages (4, 8, 8 features), patch 16 x 16 x 16 at 3 mm.
inline Json SpherePlans() {
  return Json::parse(R"({
    "image_reader_writer": "SimpleITKIO", "transpose_forward": [0, 1, 2],
    "foreground_intensity_properties_per_channel": {"0": {"mean": 200.0, "std": 150.0, "percentile_00_5": -100.0, "percentile_99_5": 600.0}},
    "configurations": {"3d_fullres": {
      "patch_size": [16, 16, 16], "spacing": [3.0, 3.0, 3.0], "normalization_schemes": ["CTNormalization"], "use_mask_for_norm": [false],
      "architecture": {"network_class_name": "PlainConvUNet", "arch_kwargs": {
        "n_stages": 3, "features_per_stage": [4, 8, 8], "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": [[3, 3, 3], [3, 3, 3], [3, 3, 3]], "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]], "conv_bias": true,
        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d", "norm_op_kwargs": {"eps": 1e-05, "affine": true},
        "dropout_op": null, "dropout_op_kwargs": null, "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": true},
        "n_conv_per_stage": [1, 1, 1], "n_conv_per_stage_decoder": [1, 1]}}}}})");
}

}  // namespace tuckerseg
