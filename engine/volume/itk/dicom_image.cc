#include "engine/volume/itk/dicom_image.h"

#include <gdcmByteValue.h>
#include <gdcmDicts.h>
#include <gdcmGlobal.h>
#include <gdcmReader.h>
#include <gdcmSequenceOfFragments.h>
#include <gdcmSequenceOfItems.h>

#include <algorithm>
#include <exception>
#include <optional>

#include "engine/error.h"
#include "engine/volume/itk/attribute.h"

namespace tuckerseg {
namespace {

constexpr Attribute kImageType{"ImageType", 0x0008, 0x0008};
constexpr Attribute kModality{"Modality", 0x0008, 0x0060};
constexpr Attribute kFrameOfReference{"FrameOfReferenceUID", 0x0020, 0x0052};
constexpr Attribute kPosition{"ImagePositionPatient", 0x0020, 0x0032};
constexpr Attribute kOrientation{"ImageOrientationPatient", 0x0020, 0x0037};
constexpr Attribute kSamplesPerPixel{"SamplesPerPixel", 0x0028, 0x0002};
constexpr Attribute kPhotometric{"PhotometricInterpretation", 0x0028, 0x0004};
constexpr Attribute kNumberOfFrames{"NumberOfFrames", 0x0028, 0x0008};
constexpr Attribute kRows{"Rows", 0x0028, 0x0010};
constexpr Attribute kColumns{"Columns", 0x0028, 0x0011};
constexpr Attribute kBitsAllocated{"BitsAllocated", 0x0028, 0x0100};
constexpr Attribute kPixelSpacing{"PixelSpacing", 0x0028, 0x0030};
constexpr Attribute kIntercept{"RescaleIntercept", 0x0028, 0x1052};
constexpr Attribute kSlope{"RescaleSlope", 0x0028, 0x1053};
constexpr Attribute kRescaleType{"RescaleType", 0x0028, 0x1054};
constexpr Attribute kPlanePositions{"PlanePositionSequence", 0x0020, 0x9113};
constexpr Attribute kPlaneOrientations{"PlaneOrientationSequence", 0x0020, 0x9116};
constexpr Attribute kPixelMeasures{"PixelMeasuresSequence", 0x0028, 0x9110};
constexpr Attribute kPixelValues{"PixelValueTransformationSequence", 0x0028, 0x9145};
constexpr Attribute kSharedGroups{"SharedFunctionalGroupsSequence", 0x5200, 0x9229};
constexpr Attribute kFrameGroups{"PerFrameFunctionalGroupsSequence", 0x5200, 0x9230};
constexpr Attribute kPixelData{"PixelData", 0x7fe0, 0x0010};

using Sequence = gdcm::SmartPointer<gdcm::SequenceOfItems>;

/// Rescaling of one image. Frames of one file must share theirs, because ITK rescales a file as a whole.
struct Rescale {
  double slope = 1;
  double intercept = 0;
  bool operator==(const Rescale&) const = default;
};

std::optional<Sequence> SequenceOf(const gdcm::DataSet& data, const Attribute& attribute) {
  if (!data.FindDataElement(attribute.tag())) return std::nullopt;
  Sequence sequence = data.GetDataElement(attribute.tag()).GetValueAsSQ();
  if (!sequence || sequence->GetNumberOfItems() == 0) return std::nullopt;
  return sequence;
}

/// The functional group `attribute` of one frame: its own, or the one that all frames share; nothing where
/// neither has it. GDCM hands items out by reference into the sequence, which the data set of the file keeps
/// alive.
const gdcm::DataSet* GroupOf(const gdcm::DataSet& frame, const gdcm::DataSet& shared,
                             const Attribute& attribute) {
  for (const gdcm::DataSet* groups : {&frame, &shared}) {
    if (const std::optional<Sequence> sequence = SequenceOf(*groups, attribute)) {
      return &(*sequence)->GetItem(1).GetNestedDataSet();
    }
  }
  return nullptr;
}

void CheckKind(const gdcm::DataSet& data, bool any_modality) {
  const std::string modality = TextOf(data, kModality).value_or("");
  if (modality != "CT" && !any_modality)
    RefuseAttribute(kModality, " = " + QuotedCode(modality) + ": must be CT");
  const std::vector<std::string> kinds = WordsOf(data, kImageType);
  if (std::ranges::find(kinds, "LOCALIZER") != kinds.end()) {
    RefuseAttribute(kImageType, " holds LOCALIZER: must be images of a volume (leave the localizers out)");
  }
  const int64_t samples = IntegerOf(data, kSamplesPerPixel);
  if (samples != 1) RefuseAttribute(kSamplesPerPixel, " = " + std::to_string(samples) + ": must be 1");
  const std::string photometric = TextOf(data, kPhotometric).value_or("");
  if (photometric != "MONOCHROME2") {
    RefuseAttribute(kPhotometric, " = " + QuotedCode(photometric) + ": must be MONOCHROME2");
  }
}

// Without its rescaling a CT would be off by some 1000 HU and still look like one, so that nothing is
// assumed.
Rescale RescaleOf(const gdcm::DataSet& data, bool any_modality) {
  const std::string unit = TextOf(data, kRescaleType).value_or("HU");
  const bool hounsfield =
      unit == "HU" || unit == "HU_MOD" || unit == "US";  // US: unspecified, what older devices write
  if (!hounsfield && !any_modality) RefuseAttribute(kRescaleType, " = " + QuotedCode(unit) + ": must be HU");
  Rescale rescale;
  if (!any_modality || TextOf(data, kSlope)) rescale.slope = NumbersOf(data, kSlope, 1)[0];
  if (!any_modality || TextOf(data, kIntercept)) rescale.intercept = NumbersOf(data, kIntercept, 1)[0];
  if (rescale.slope == 0) RefuseAttribute(kSlope, " = 0: must be another number");
  return rescale;
}

int64_t Extent(const gdcm::DataSet& data, const Attribute& attribute) {
  const int64_t extent = IntegerOf(data, attribute);
  if (extent < 1) RefuseAttribute(attribute, " = " + std::to_string(extent) + ": must be at least 1");
  return extent;
}

ImagePlane PlaneOf(const gdcm::DataSet& size, const gdcm::DataSet& position, const gdcm::DataSet& orientation,
                   const gdcm::DataSet& measures) {
  const std::vector<double> origin = NumbersOf(position, kPosition, 3);
  const std::vector<double> cosines = NumbersOf(orientation, kOrientation, 6);
  const std::vector<double> spacing = NumbersOf(measures, kPixelSpacing, 2);
  ImagePlane plane;
  plane.columns = Extent(size, kColumns);
  plane.rows = Extent(size, kRows);
  std::copy_n(origin.begin(), 3, plane.origin_lps.begin());
  std::copy_n(cosines.begin(), 3, plane.row_direction_lps.begin());
  std::copy_n(cosines.begin() + 3, 3, plane.column_direction_lps.begin());
  plane.row_spacing_mm = spacing[0];
  plane.column_spacing_mm = spacing[1];
  return plane;
}

/// Frames of an enhanced image: geometry lies in functional groups, each shared by all frames or given for
/// each.
std::vector<DicomImage> FramesOf(const DicomImage& whole, const gdcm::DataSet& data, bool any_modality) {
  const std::optional<Sequence> frames = SequenceOf(data, kFrameGroups);
  if (!frames) RefuseAttribute(kFrameGroups, " is missing: a multi-frame image must have it");
  const int64_t listed = static_cast<int64_t>((*frames)->GetNumberOfItems());
  if (listed != whole.frames) {
    RefuseAttribute(kNumberOfFrames, " = " + std::to_string(whole.frames) + ": must be " +
                                         std::to_string(listed) + ", the number of items of " +
                                         NameOf(kFrameGroups));
  }
  const gdcm::DataSet none;
  const std::optional<Sequence> shared_groups = SequenceOf(data, kSharedGroups);
  const gdcm::DataSet& shared = shared_groups ? (*shared_groups)->GetItem(1).GetNestedDataSet() : none;

  std::vector<DicomImage> images;
  std::optional<Rescale> rescale;
  for (int64_t index = 0; index < listed; ++index) {
    const gdcm::DataSet& frame =
        (*frames)->GetItem(static_cast<gdcm::SequenceOfItems::SizeType>(index + 1)).GetNestedDataSet();
    const auto group = [&](const Attribute& attribute) -> const gdcm::DataSet& {
      const gdcm::DataSet* found = GroupOf(frame, shared, attribute);
      return found != nullptr ? *found : none;  // its attributes are then reported as missing, by name
    };
    const Rescale own = RescaleOf(group(kPixelValues), any_modality);
    if (rescale && own != *rescale)
      RefuseAttribute(kPixelValues, " differs between frames: must be the same for all");
    rescale = own;
    DicomImage image = whole;
    image.frame = index;
    image.plane = PlaneOf(data, group(kPlanePositions), group(kPlaneOrientations), group(kPixelMeasures));
    images.push_back(std::move(image));
  }
  return images;
}

/// Compares the value representations of what GDCM will look at with its dictionary: GDCM ends the process on
/// another one.
void CheckVrs(const gdcm::DataSet& data) {
  const gdcm::Dicts& dictionary = gdcm::Global::GetInstance().GetDicts();
  for (const gdcm::DataElement& element : data.GetDES()) {
    const gdcm::Tag& tag = element.GetTag();
    const bool looked_at = tag.GetGroup() == 0x0020 || tag.GetGroup() == 0x0028 || tag.GetGroup() == 0x5200;
    if (!looked_at) continue;
    const gdcm::DictEntry& entry = dictionary.GetDictEntry(tag);
    const gdcm::VR vr = element.GetVR();  // invalid where the file is implicit
    if (vr != gdcm::VR::INVALID && entry.GetVR() != gdcm::VR::INVALID && !entry.GetVR().Compatible(vr)) {
      RefuseAttribute({entry.GetKeyword(), tag.GetGroup(), tag.GetElement()},
                      std::string(" has the value representation ") + gdcm::VR::GetVRString(vr) +
                          ": must be " + gdcm::VR::GetVRString(entry.GetVR()));
    }
    if (vr != gdcm::VR::SQ) continue;
    const Sequence sequence = element.GetValueAsSQ();
    const size_t items = sequence ? sequence->GetNumberOfItems() : 0;
    for (size_t item = 1; item <= items; ++item) CheckVrs(sequence->GetItem(item).GetNestedDataSet());
  }
}

// GDCM pads what is missing with whatever lies in memory, so that the length has to be looked at here.
void CheckPixelBytes(const gdcm::DataSet& data, int64_t frames) {
  const gdcm::DataElement& pixels = data.GetDataElement(kPixelData.tag());
  if (pixels.GetSequenceOfFragments() != nullptr) return;  // compressed: only decoding tells
  const int64_t bits = Extent(data, kBitsAllocated);
  if (bits > 64) RefuseAttribute(kBitsAllocated, " = " + std::to_string(bits) + ": must be 8, 16 or 32");
  const int64_t values = Extent(data, kRows) * Extent(data, kColumns);  // two 16-bit numbers
  const int64_t bytes = pixels.GetByteValue() != nullptr ? int64_t{pixels.GetByteValue()->GetLength()} : 0;
  // Divided, not multiplied: the number of frames is whatever the file says.
  if (frames > bytes * 8 / (values * bits)) {
    throw Error(ErrorCode::kDataLoss, NameOf(kPixelData) + " = " + std::to_string(bytes) +
                                          " bytes: must be " + std::to_string(values * bits / 8) +
                                          " for each of " + std::to_string(frames) + " frames");
  }
}

}  // namespace

std::vector<DicomImage> ReadImages(const std::filesystem::path& file, bool any_modality) {
  gdcm::Reader reader;
  reader.SetFileName(file.c_str());
  bool readable = false;
  try {
    readable = reader.ReadUpToTag(kPixelData.tag());  // PixelData included
  } catch (const std::exception&) {                   // GDCM's own words may quote values
  }
  const gdcm::DataSet& data = reader.GetFile().GetDataSet();
  if (!readable || !data.FindDataElement(kPixelData.tag())) {
    throw Error(ErrorCode::kDataLoss, "a DICOM file of the series cannot be read: must be whole");
  }
  CheckVrs(data);
  CheckKind(data, any_modality);

  DicomImage whole;
  whole.file = file;
  whole.frame_of_reference_uid = TextOf(data, kFrameOfReference).value_or("");
  if (TextOf(data, kNumberOfFrames)) whole.frames = Extent(data, kNumberOfFrames);
  CheckPixelBytes(data, whole.frames);
  if (whole.frames > 1 || SequenceOf(data, kFrameGroups)) return FramesOf(whole, data, any_modality);
  RescaleOf(data, any_modality);
  whole.plane = PlaneOf(data, data, data, data);
  return {whole};
}

}  // namespace tuckerseg
