#include "client/cli/compare_outputs.h"

#include <utility>

#include "client/cli/input_guard.h"

namespace tuckerseg {
namespace {

std::string FileName(const std::string& level) { return level + ".nii.gz"; }

}  // namespace

CompareOutputs::CompareOutputs(const std::filesystem::path& folder, std::filesystem::path ct, std::filesystem::path reference)
    : path_(folder), ct_(std::move(ct)), reference_(std::move(reference)), folder_(folder) {}

void CompareOutputs::Check(const std::string& level) const {
  const std::string option = "--output: " + FileName(level);
  RefuseInput(option, path_ / FileName(level), "the CT's", ct_);
  RefuseInput(option, path_ / FileName(level), "the reference's", reference_);
}

void CompareOutputs::Write(const std::string& level, std::span<const std::byte> label_map) const {
  Check(level);
  folder_.Write(FileName(level), label_map);
}

}  // namespace tuckerseg
