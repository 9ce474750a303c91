#include "client/cli/ct_source.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <span>
#include <vector>

#include "engine/error.h"
#include "engine/sha256.h"
#include "engine/volume/itk/dicom_series.h"
#include "engine/volume/itk/dicom_structure.h"
#include "engine/volume/nifti_writer.h"

namespace tuckerseg {
namespace {

void Pump(std::istream& stream, const ByteSink& sink) {
  std::vector<char> piece(size_t{256} << 10);
  while (stream) {
    stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    sink(std::as_bytes(std::span(piece)).first(static_cast<size_t>(stream.gcount())));
  }
  if (stream.bad()) throw Error(ErrorCode::kDataLoss, "CT: reading failed before its end");
}

std::ifstream Open(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, "CT: cannot be opened: must be a readable file");
  return file;
}

bool IsDicomFile(const std::filesystem::path& path) {
  std::ifstream file = Open(path);
  std::array<char, kDicomBeginBytes> begin{};
  file.read(begin.data(), begin.size());
  return HasDicomPreamble(std::as_bytes(std::span(begin)).first(static_cast<size_t>(file.gcount())));
}

CtSource FromNiftiFile(const std::filesystem::path& path) {
  CtSource source;
  // Read twice, once for the checksum: a raw NIfTI file has none of its own, and a changed voxel would go unnoticed.
  std::ifstream file = Open(path);
  Sha256 digest;
  Pump(file, [&](std::span<const std::byte> bytes) {
    source.total_bytes += bytes.size();
    digest.Update(bytes);
  });
  source.sha256 = digest.Digest();
  source.produce = [path](const ByteSink& sink) {
    std::ifstream again = Open(path);
    Pump(again, sink);
  };
  return source;
}

CtSource FromDicom(const std::filesystem::path& path) {
  CtSource source;
  const auto volume = std::make_shared<const Volume>(ReadDicomSeries(path));
  Sha256 digest;
  WriteVolume(*volume, Compression::kNone, [&](std::span<const std::byte> bytes) {
    source.total_bytes += bytes.size();
    digest.Update(bytes);
  });
  source.sha256 = digest.Digest();
  source.produce = [volume](const ByteSink& sink) { WriteVolume(*volume, Compression::kNone, sink); };
  return source;
}

}  // namespace

CtSource OpenCt(const std::string& argument) {
  if (argument == "-") return {0, "", [](const ByteSink& sink) { Pump(std::cin, sink); }, false};
  const std::filesystem::path path(argument);
  std::error_code none;
  if (!std::filesystem::exists(path, none)) {
    throw Error(ErrorCode::kNotFound, "CT: no such file or folder: must be .nii, .nii.gz, a folder or file of DICOM, or - for standard input");
  }
  if (std::filesystem::is_directory(path, none)) return FromDicom(path);
  // A pipe can be read only once: no checksum, and what it holds is found out by the server.
  if (!std::filesystem::is_regular_file(path, none)) {
    return {0, "", [path](const ByteSink& sink) {
              std::ifstream file = Open(path);
              Pump(file, sink);
            }, false};
  }
  return IsDicomFile(path) ? FromDicom(path) : FromNiftiFile(path);
}

}  // namespace tuckerseg
