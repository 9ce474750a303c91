/// The golden files that tests hold the engine against, and how label maps are compared with them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/volume/nifti_reader.h"
#include "engine/volume/orientation.h"

namespace tuckerseg {

/// The folder of test data: TUCKERSEG_TEST_DATA, else ../shared/data beside the repository.
inline std::filesystem::path TestData() {
  const char* folder = std::getenv("TUCKERSEG_TEST_DATA");
  return folder != nullptr && *folder != '\0' ? folder : TUCKERSEG_DEFAULT_TEST_DATA;
}

/// In a test body: skips it, and says why, where the test data is absent.
#define SKIP_WITHOUT_TEST_DATA()                                                            \
  if (!std::filesystem::exists(tuckerseg::TestData() / "ct")) {                             \
    GTEST_SKIP() << "no test data: set TUCKERSEG_TEST_DATA to the folder that holds ct/, nets/ and golden/"; \
  }

inline std::vector<std::byte> BytesOfFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

inline NiftiVolume ReadNiftiFile(const std::filesystem::path& path) { return ReadNifti(BytesOfFile(path)); }

/// A C-order .npy array of one-, two- or four-byte elements, as float.
struct NpyArray {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

inline NpyArray ReadNpy(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = BytesOfFile(path);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const size_t header_size = static_cast<uint8_t>(bytes.at(8)) + 256U * static_cast<uint8_t>(bytes.at(9));
  const std::string header(text + 10, header_size);
  if (header.find("'fortran_order': False") == std::string::npos) throw std::runtime_error("not in C order");
  const size_t shape = header.find("'shape': (");
  if (shape == std::string::npos) throw std::runtime_error("no shape");
  NpyArray array;
  size_t count = 1;
  std::istringstream sizes(header.substr(shape + 10, header.find(')', shape) - shape - 10));
  for (std::string size; std::getline(sizes, size, ',');) {
    if (size.find_first_not_of(' ') == std::string::npos) continue;  // (5,)
    array.shape.push_back(std::stoll(size));
    count *= static_cast<size_t>(array.shape.back());
  }
  array.values.resize(count);
  const char* data = text + 10 + header_size;
  if (header.find("'<f4'") != std::string::npos) {
    std::memcpy(array.values.data(), data, count * sizeof(float));
  } else if (header.find("'|u1'") != std::string::npos) {
    for (size_t i = 0; i < count; ++i) array.values[i] = static_cast<uint8_t>(data[i]);
  } else {
    throw std::runtime_error("element type not read here: " + header);
  }
  return array;
}

/// The labels of a label-map file, file order.
inline std::vector<uint16_t> LabelsOf(const Volume& volume) {
  const std::vector<float> values = ToFloat(ViewOf(volume), 1);
  return {values.begin(), values.end()};
}

/// How two label maps of the same grid differ.
struct Agreement {
  double equal_share = 0;
  std::map<int, int64_t> golden_voxels;
  std::map<int, int64_t> our_voxels;
  std::map<int, int64_t> shared_voxels;
  double Dice(int label) const {
    const auto at = [label](const std::map<int, int64_t>& counts) {
      const auto found = counts.find(label);
      return found == counts.end() ? int64_t{0} : found->second;
    };
    return 2.0 * static_cast<double>(at(shared_voxels)) / static_cast<double>(at(golden_voxels) + at(our_voxels));
  }
};

inline Agreement Compare(const std::vector<uint16_t>& ours, const std::vector<uint16_t>& golden) {
  Agreement result;
  int64_t equal = 0;
  for (size_t i = 0; i < golden.size(); ++i) {
    ++result.golden_voxels[golden[i]];
    ++result.our_voxels[ours.at(i)];
    if (ours[i] == golden[i]) {
      ++equal;
      ++result.shared_voxels[golden[i]];
    }
  }
  result.equal_share = static_cast<double>(equal) / static_cast<double>(golden.size());
  return result;
}

}  // namespace tuckerseg
