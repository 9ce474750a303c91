/// The files that `tuckerseg compare` leaves: one label map a level.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "client/cli/output_folder.h"

namespace tuckerseg {

class CompareOutputs {
 public:
  /// `ct` and `reference` must not be written over; either may be empty. Makes nothing yet.
  /// Errors: kInvalidArgument for a folder that cannot be written to or made.
  CompareOutputs(const std::filesystem::path& folder, std::filesystem::path ct, std::filesystem::path reference);

  /// Before the level's work, so that it is not lost. Errors: kInvalidArgument where its file would be an input.
  void Check(const std::string& level) const;
  /// Writes LEVEL.nii.gz, whole or not at all. Errors: as Check and OutputFolder::Write.
  void Write(const std::string& level, std::span<const std::byte> label_map) const;

 private:
  std::filesystem::path path_;
  std::filesystem::path ct_;
  std::filesystem::path reference_;
  OutputFolder folder_;
};

}  // namespace tuckerseg
