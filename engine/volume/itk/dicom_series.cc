#include "engine/volume/itk/dicom_series.h"

#include <gdcmTrace.h>
#include <itkGDCMImageIO.h>

#include <algorithm>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/volume/itk/dicom_image.h"
#include "engine/volume/itk/series_files.h"
#include "engine/volume/itk/series_geometry.h"
#include "engine/volume/itk/voxel_buffer.h"

namespace tuckerseg {
namespace {

void BeSilent() {
  gdcm::Trace::DebugOff();
  gdcm::Trace::WarningOff();
  gdcm::Trace::ErrorOff();
  itk::Object::SetGlobalWarningDisplay(false);
}

void CheckFramesOfReference(const std::vector<DicomImage>& images) {
  for (const DicomImage& image : images) {
    if (image.frame_of_reference_uid != images.front().frame_of_reference_uid) {
      throw Error(
          ErrorCode::kInvalidArgument,
          "FrameOfReferenceUID (0020,0052) differs between images: must be the same in the whole series");
    }
  }
}

[[noreturn]] void RefuseSize(const std::string& field, double value, double limit, const char* unit) {
  std::ostringstream message;
  message << field << " = " << value << unit << ": must be at most " << limit << unit;
  throw Error(ErrorCode::kResourceExhausted, message.str());
}

void CheckLimits(const Geometry& geometry, const VolumeLimits& limits) {
  static constexpr const char* kAxes[] = {"Columns (0028,0011)", "Rows (0028,0010)", "images in the series"};
  static constexpr const char* kSpacings[] = {"PixelSpacing (0028,0030)[1]", "PixelSpacing (0028,0030)[0]",
                                              "the gap between slices"};
  for (size_t axis = 0; axis < 3; ++axis) {
    if (geometry.shape[axis] > limits.max_axis) {
      RefuseSize(kAxes[axis], static_cast<double>(geometry.shape[axis]), static_cast<double>(limits.max_axis),
                 "");
    }
    const double spacing = geometry.header_spacing_mm[axis];
    if (spacing < limits.min_spacing_mm[axis] || spacing > limits.max_spacing_mm[axis]) {
      std::ostringstream message;
      message << kSpacings[axis] << " = " << spacing << " mm: must be in [" << limits.min_spacing_mm[axis]
              << ", " << limits.max_spacing_mm[axis] << "] mm";
      throw Error(ErrorCode::kInvalidArgument, message.str());
    }
  }
  // Three 16-bit extents cannot overflow; the bytes are counted at the widest type that the result may have.
  const double voxels = static_cast<double>(geometry.VoxelCount());
  if (voxels > static_cast<double>(limits.max_voxels)) {
    RefuseSize("voxels", voxels, static_cast<double>(limits.max_voxels), "");
  }
  const double bytes = voxels * static_cast<double>(BytesPerVoxel(VoxelType::kFloat32));
  if (bytes > static_cast<double>(limits.max_bytes)) {
    RefuseSize("voxels in memory", bytes, static_cast<double>(limits.max_bytes), " bytes");
  }
}

/// Where the frames of one file go: (frame, slice).
using FrameTargets = std::vector<std::pair<int64_t, int64_t>>;

template <typename Value>
void StoreFrames(const std::vector<char>& pixels, const FrameTargets& targets, int64_t slice_voxels,
                 VoxelBuffer& voxels) {
  std::vector<Value> slice(static_cast<size_t>(slice_voxels));
  for (const auto& [frame, target] : targets) {
    const size_t bytes = slice.size() * sizeof(Value);
    std::memcpy(slice.data(), pixels.data() + static_cast<size_t>(frame) * bytes, bytes);
    voxels.Set<Value>(target * slice_voxels, slice);
  }
}

void StoreFrames(itk::IOComponentEnum type, const std::vector<char>& pixels, const FrameTargets& targets,
                 int64_t slice_voxels, VoxelBuffer& voxels) {
  switch (type) {
    case itk::IOComponentEnum::UCHAR:
      return StoreFrames<uint8_t>(pixels, targets, slice_voxels, voxels);
    case itk::IOComponentEnum::CHAR:
      return StoreFrames<int8_t>(pixels, targets, slice_voxels, voxels);
    case itk::IOComponentEnum::USHORT:
      return StoreFrames<uint16_t>(pixels, targets, slice_voxels, voxels);
    case itk::IOComponentEnum::SHORT:
      return StoreFrames<int16_t>(pixels, targets, slice_voxels, voxels);
    case itk::IOComponentEnum::UINT:
      return StoreFrames<uint32_t>(pixels, targets, slice_voxels, voxels);
    case itk::IOComponentEnum::INT:
      return StoreFrames<int32_t>(pixels, targets, slice_voxels, voxels);
    case itk::IOComponentEnum::FLOAT:
      return StoreFrames<float>(pixels, targets, slice_voxels, voxels);
    case itk::IOComponentEnum::DOUBLE:
      return StoreFrames<double>(pixels, targets, slice_voxels, voxels);
    default:
      throw Error(ErrorCode::kInvalidArgument, "BitsAllocated (0028,0100): must be 8, 16 or 32");
  }
}

/// Decodes one file, rescaled by ITK, into the slices that its frames are.
void DecodeFile(const std::filesystem::path& file, const FrameTargets& targets, const DicomImage& image,
                VoxelBuffer& voxels) {
  const Error lost(ErrorCode::kDataLoss,
                   "PixelData (7FE0,0010) of slice " + std::to_string(targets.front().second + 1) +
                       " cannot be decoded: must be whole, in a transfer syntax that GDCM knows");
  const int64_t slice_voxels = image.plane.columns * image.plane.rows;
  const auto io = itk::GDCMImageIO::New();
  std::vector<char> pixels;
  try {
    io->SetFileName(file.string());
    io->ReadImageInformation();
    // A compressed stream carries a size of its own, which need not be the one that the attributes announced.
    const int64_t frames = io->GetNumberOfDimensions() > 2 ? static_cast<int64_t>(io->GetDimensions(2)) : 1;
    const bool as_announced = io->GetNumberOfComponents() == 1 && frames == image.frames &&
                              static_cast<int64_t>(io->GetDimensions(0)) == image.plane.columns &&
                              static_cast<int64_t>(io->GetDimensions(1)) == image.plane.rows;
    if (!as_announced) throw lost;
    pixels.resize(static_cast<size_t>(io->GetImageSizeInBytes()));
    if (pixels.size() != static_cast<size_t>(slice_voxels * frames) * io->GetComponentSize()) throw lost;
    io->Read(pixels.data());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {  // ITK's words hold the path
    throw lost;
  }
  StoreFrames(io->GetComponentType(), pixels, targets, slice_voxels, voxels);
}

}  // namespace

Volume ReadDicomSeries(const std::filesystem::path& folder_or_file, const DicomOptions& options) {
  BeSilent();
  std::vector<DicomImage> images;
  for (const std::filesystem::path& file : FindSeries(folder_or_file, options.limits.max_axis)) {
    for (DicomImage& image : ReadImages(file, options.any_modality)) images.push_back(std::move(image));
  }
  CheckFramesOfReference(images);
  std::vector<ImagePlane> planes;
  planes.reserve(images.size());
  for (const DicomImage& image : images) planes.push_back(image.plane);
  const SeriesGrid grid = GridOf(planes);
  CheckLimits(grid.geometry, options.limits);

  std::map<std::filesystem::path, FrameTargets> targets_by_file;
  std::map<std::filesystem::path, const DicomImage*> image_by_file;
  for (size_t slice = 0; slice < grid.order.size(); ++slice) {
    const DicomImage& image = images[grid.order[slice]];
    targets_by_file[image.file].emplace_back(image.frame, static_cast<int64_t>(slice));
    image_by_file[image.file] = &image;
  }
  VoxelBuffer voxels(grid.geometry.VoxelCount());
  for (const auto& [file, targets] : targets_by_file) DecodeFile(file, targets, *image_by_file[file], voxels);

  Volume volume;
  volume.geometry = grid.geometry;
  voxels.MoveInto(volume);
  return volume;
}

}  // namespace tuckerseg
