/// The files that `tuckerseg segment` leaves: none before the call has succeeded.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/output_file.h"
#include "client/cli/output_folder.h"
#include "client/lib/client.h"

namespace tuckerseg {

/// Where they go; empty: not wanted.
struct OutputPaths {
  std::string label_map;   ///< .nii or .nii.gz
  std::string statistics;  ///< .json
  std::string preview;     ///< .png
  std::string split_dir;   ///< one file a structure
};

class SegmentOutputs {
 public:
  /// Errors: kInvalidArgument for a path that cannot be written to, or that is the CT's own file.
  SegmentOutputs(const OutputPaths& paths, std::filesystem::path ct);

  /// Asks the server for what the files need.
  void Ask(v1::OutputOptions& options) const;
  /// Listens for what goes into them. All is held in memory until it is whole: nothing of a cut answer ever stands under a file's
  /// name. What came of an answer goes when its call is sent again.
  void Listen(SegmentEvents& events);
  /// Writes them. `label_map` and `summary`: what the server has told.
  /// Errors: kInvalidArgument, and nothing is written, if a structure's file would be the CT's; kInternal if one cannot be written: those
  /// before it stand then.
  void Write(const v1::LabelMapHeader& label_map, const v1::Summary& summary) const;

 private:
  bool compressed_;
  std::filesystem::path ct_;
  std::filesystem::path split_path_;
  std::optional<OutputFile> label_map_file_;
  std::optional<OutputFile> statistics_file_;
  std::optional<OutputFile> preview_file_;
  std::optional<OutputFolder> split_folder_;
  std::vector<std::byte> label_map_;
  v1::Preview preview_;
};

}  // namespace tuckerseg
