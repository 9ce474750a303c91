/// CTs whose every text is a canary: words that must not turn up anywhere but with their client.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/engine/volume/itk/dicom_writer.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {

/// In every text, so that one search finds them all.
inline constexpr std::string_view kCanary = "c4n4ry";
/// In every UID, which hold digits alone, and where a date is asked for.
inline constexpr std::string_view kCanaryDigits = "4747474747";
inline constexpr std::string_view kCanaryDate = "19470811";

inline std::string Canary(const std::string& place) { return std::string(kCanary) + "^" + place; }

/// A small volume with canaries in every text of NIfTI-1's header, and in extensions of comments and of DICOM.
inline NiftiBuilder CanaryNifti() {
  NiftiBuilder builder;
  builder.Shape({13, 9, 11}).Spacing({1, 1, 1});
  const auto put_text = [&builder](size_t at, const std::string& text, size_t room) {
    for (size_t i = 0; i < std::min(text.size(), room); ++i) builder.Put(at + i, static_cast<int8_t>(text[i]));
  };
  put_text(4, Canary("d"), 10);           // data_type
  put_text(14, Canary("db_name"), 18);
  put_text(148, Canary("descrip 1947-08-11"), 80);
  put_text(228, Canary("aux.nii.gz"), 24);
  put_text(328, Canary("intent"), 16);
  builder.Extension(6, Canary("comment"));
  builder.Extension(2, Canary("patient in DICOM"));
  return builder;
}

/// A series of eight images, with canaries wherever DICOM has a text of people, places and things.
inline void WriteCanarySeries(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  DicomFile file;
  const std::string root = "1.2.826.0.1." + std::string(kCanaryDigits);
  file.series_uid = root + ".1";
  file.frame_of_reference_uid = root + ".2";
  const auto add = [&file](uint16_t group, uint16_t element, const char* vr, const std::string& place) {
    file.more_texts.push_back({group, element, vr, Canary(place)});
  };
  add(0x0008, 0x0050, "SH", "accession");
  add(0x0008, 0x0080, "LO", "institution");
  add(0x0008, 0x0081, "ST", "address of it");
  add(0x0008, 0x0090, "PN", "referring");
  add(0x0008, 0x1010, "SH", "station");
  add(0x0008, 0x1030, "LO", "study");
  add(0x0008, 0x103e, "LO", "series");
  add(0x0008, 0x1040, "LO", "department");
  add(0x0008, 0x1050, "PN", "performing");
  add(0x0008, 0x1060, "PN", "reading");
  add(0x0008, 0x1070, "PN", "operator");
  add(0x0008, 0x1090, "LO", "scanner");
  add(0x0010, 0x0010, "PN", "patient");
  add(0x0010, 0x0020, "LO", "patient id");
  add(0x0010, 0x1000, "LO", "other ids");
  add(0x0010, 0x1001, "PN", "other names");
  add(0x0010, 0x1005, "PN", "birth name");
  add(0x0010, 0x1040, "LO", "home");
  add(0x0010, 0x1060, "PN", "mother");
  add(0x0010, 0x2154, "SH", "phone");
  add(0x0010, 0x2180, "SH", "occupation");
  add(0x0010, 0x21b0, "LT", "history");
  add(0x0010, 0x4000, "LT", "comments");
  add(0x0018, 0x1000, "LO", "serial number");
  add(0x0018, 0x1020, "LO", "software");
  add(0x0018, 0x1030, "LO", "protocol");
  add(0x0020, 0x0010, "SH", "study id");
  add(0x0020, 0x4000, "LT", "image comments");
  add(0x0032, 0x1032, "PN", "requesting");
  add(0x0032, 0x1060, "LO", "procedure");
  add(0x0040, 0x0254, "LO", "step");
  add(0x0040, 0xa123, "PN", "observer");
  add(0x0009, 0x0010, "LO", "private creator");
  add(0x0009, 0x1001, "LO", "private");
  file.more_texts.push_back({0x0008, 0x0020, "DA", std::string(kCanaryDate)});
  file.more_texts.push_back({0x0010, 0x0030, "DA", std::string(kCanaryDate)});
  file.more_texts.push_back({0x0020, 0x000d, "UI", root + ".3"});
  for (int k = 0; k < 8; ++k) {
    file.position = "-10\\-20\\" + std::to_string(30 + 2 * k);
    file.pixels.assign(12, static_cast<uint16_t>(1024 + k));
    WriteDicom(folder / (std::string(kCanary) + std::to_string(k) + ".dcm"), file);
  }
}

}  // namespace tuckerseg
