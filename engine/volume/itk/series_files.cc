#include "engine/volume/itk/series_files.h"

#include <gdcmReader.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <system_error>

#include "engine/error.h"
#include "engine/volume/itk/attribute.h"
#include "engine/volume/itk/dicom_structure.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

constexpr Attribute kSeries{"SeriesInstanceUID", 0x0020, 0x000e};

// Far beyond any enhanced image; GDCM would try to hold whatever comes.
constexpr uintmax_t kMaxFileBytes = uintmax_t{8} << 30;

/// The bytes of a DICOM file, or the first few of any other. Errors: kDataLoss for what cannot be read or holds nothing: it may
/// be the first or the last slice, whose absence shows nowhere else.
std::vector<std::byte> ReadWhole(const fs::path& file) {
  std::vector<std::byte> bytes(kDicomBeginBytes);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error(ErrorCode::kDataLoss, "a file of the folder cannot be opened: must be readable");
  stream.read(reinterpret_cast<char*>(bytes.data()), kDicomBeginBytes);
  if (stream.bad() || stream.gcount() == 0) {
    throw Error(ErrorCode::kDataLoss, "a file of the folder is empty or cannot be read: must be whole");
  }
  if (!stream || !HasDicomPreamble(bytes)) return {};
  std::error_code error;
  const uintmax_t size = fs::file_size(file, error);
  if (error || size < kDicomBeginBytes) return {};
  if (size > kMaxFileBytes) {
    throw Error(ErrorCode::kResourceExhausted, "a DICOM file has " + std::to_string(size) +
                                                   " bytes: must be at most " +
                                                   std::to_string(kMaxFileBytes));
  }
  bytes.resize(size);
  stream.read(reinterpret_cast<char*>(bytes.data() + kDicomBeginBytes),
              static_cast<std::streamsize>(size - kDicomBeginBytes));
  if (!stream) throw Error(ErrorCode::kDataLoss, "a DICOM file cannot be read: must be whole");
  return bytes;
}

/// SeriesInstanceUID of an image; nothing for files that are not DICOM or hold no image.
/// Errors: kDataLoss for a damaged DICOM file: it may be the slice that would then be missing at the end of
/// the series.
std::optional<std::string> SeriesOf(const fs::path& file) {
  // GDCM also takes files without preamble, at the price of trying to parse whatever lies in the folder as
  // DICOM.
  const std::vector<std::byte> bytes = ReadWhole(file);
  if (!HasDicomPreamble(bytes) || !CheckDicomStructure(bytes).has_pixels) return std::nullopt;
  gdcm::Reader reader;
  reader.SetFileName(file.c_str());
  bool readable = false;
  try {
    readable = reader.ReadSelectedTags({kSeries.tag()});
  } catch (const std::exception&) {  // GDCM's own words may quote values
  }
  if (!readable) throw Error(ErrorCode::kDataLoss, "a DICOM file cannot be read: must be whole");
  return TextOf(reader.GetFile().GetDataSet(), kSeries).value_or("");
}

// Refuses as soon as a series has more files than allowed, so that a huge folder costs no more than that.
class SeriesList {
 public:
  explicit SeriesList(int64_t max_files) : max_files_(max_files) {}

  void Add(const fs::path& file) {
    const std::optional<std::string> uid = SeriesOf(file);
    if (!uid) return;
    std::vector<fs::path>& files = files_by_uid_[*uid];
    files.push_back(file);
    if (static_cast<int64_t>(files.size()) > max_files_) {
      throw Error(ErrorCode::kResourceExhausted, "images in the series = more than " +
                                                     std::to_string(max_files_) + ": must be at most that");
    }
  }

  std::map<std::string, std::vector<fs::path>>& files_by_uid() { return files_by_uid_; }

 private:
  int64_t max_files_;
  std::map<std::string, std::vector<fs::path>> files_by_uid_;
};

std::vector<fs::path> Sorted(std::vector<fs::path> files) {
  std::sort(files.begin(), files.end());
  return files;
}

template <typename Iterator>
void AddAll(const fs::path& folder, SeriesList& list) {
  std::error_code error;
  for (Iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code unreadable;
    if (entry->is_regular_file(unreadable)) list.Add(entry->path());
  }
  if (error) throw Error(ErrorCode::kNotFound, "the DICOM folder cannot be read: " + error.message());
}

}  // namespace

std::vector<fs::path> FindSeries(const fs::path& folder_or_file, int64_t max_files) {
  std::error_code error;
  const fs::file_status status = fs::status(folder_or_file, error);
  SeriesList list(max_files);
  if (fs::is_directory(status)) {
    AddAll<fs::recursive_directory_iterator>(folder_or_file, list);
    auto& found = list.files_by_uid();
    if (found.empty()) {
      throw Error(ErrorCode::kInvalidArgument,
                  "DICOM images in the folder = 0: must be the images of one CT series");
    }
    if (found.size() > 1) {
      RefuseAttribute(
          kSeries,
          ": " + std::to_string(found.size()) +
              " image series in the folder: must be 1 (give one image of the wanted series instead)");
    }
    return Sorted(std::move(found.begin()->second));
  }
  if (!fs::exists(status)) {
    throw Error(ErrorCode::kNotFound,
                "no such DICOM file or folder: must be a folder with one series, or one of its images");
  }
  const std::optional<std::string> uid = SeriesOf(folder_or_file);
  if (!uid)
    throw Error(ErrorCode::kInvalidArgument, "the file is no DICOM image: must be one image of a CT series");
  const fs::path folder = folder_or_file.parent_path();
  AddAll<fs::directory_iterator>(folder.empty() ? fs::path(".") : folder, list);
  return Sorted(std::move(list.files_by_uid()[*uid]));
}

}  // namespace tuckerseg
