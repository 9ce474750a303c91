/// Writes small DICOM files for tests: every attribute that the reader looks at can be set, or left out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tuckerseg {

/// An attribute that the reader does not look at. `vr`: DICOM's two letters, e.g. "LO".
struct DicomText {
  uint16_t group = 0;
  uint16_t element = 0;
  std::string vr;
  std::string text;
};

/// One CT image of 4 x 3 pixels, as a scanner would write it. A text left empty leaves its attribute out.
struct DicomFile {
  std::string sop_class = "1.2.840.10008.5.1.4.1.1.2";
  std::string modality = "CT";
  std::string image_type = "ORIGINAL\\PRIMARY\\AXIAL";
  std::string series_uid = "1.2.3.4";
  std::string frame_of_reference_uid = "1.2.3.5";
  std::string position = "-10\\-20\\30";
  std::string orientation = "1\\0\\0\\0\\1\\0";
  std::string pixel_spacing = "0.5\\0.75";
  std::string slope = "1";
  std::string intercept = "-1024";
  std::string rescale_type = "HU";
  std::string photometric = "MONOCHROME2";
  uint16_t columns = 4;
  uint16_t rows = 3;
  std::vector<uint16_t> pixels = std::vector<uint16_t>(12, 1024);
  std::string number_of_frames;  ///< without the functional groups that it would need
  bool has_image = true;         ///< false: a report, without rows, columns and pixels
  std::vector<DicomText> more_texts;  ///< take the place of those above with their tags
};

void WriteDicom(const std::filesystem::path& path, const DicomFile& file);

/// One frame of an enhanced image.
struct EnhancedFrame {
  std::string position;
  std::string intercept = "-1024";
  uint16_t pixel = 0;  ///< all pixels of the frame
};

/// An enhanced CT: orientation and pixel spacing shared, position and rescaling by frame. `number_of_frames`
/// is what the attribute says. Text fields of `file` are used as far as they apply.
void WriteEnhancedDicom(const std::filesystem::path& path, const DicomFile& file,
                        const std::vector<EnhancedFrame>& frames, const std::string& number_of_frames);

}  // namespace tuckerseg
