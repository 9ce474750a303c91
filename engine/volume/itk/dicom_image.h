/// What the attributes of one DICOM file say about its image or its frames; no pixels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/volume/itk/series_geometry.h"

namespace tuckerseg {

struct DicomImage {
  std::filesystem::path file;
  int64_t frame = 0;   ///< which frame of the file; 0 in files of one image
  int64_t frames = 1;  ///< how many the file has
  ImagePlane plane;
  std::string frame_of_reference_uid;  ///< empty where the file has none
};

/// The images of `file`: one, or the frames of an enhanced multi-frame image. Checked are modality, kind of
/// image, colour, rescaling and the presence and form of the geometry; what only shows between images is left
/// to GridOf. Errors: kInvalidArgument, naming the attribute.
std::vector<DicomImage> ReadImages(const std::filesystem::path& file, bool any_modality);

}  // namespace tuckerseg
