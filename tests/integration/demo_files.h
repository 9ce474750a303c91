/// What tests of whole programs give to a server: the demo model of this repository, and phantoms.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "tests/integration/program.h"

namespace tuckerseg {

/// The demo model as `folder`/models/demo, apart from other models that may lie beside it in the repository.
inline void CopyDemoModel(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / "models");
  std::filesystem::copy(std::filesystem::path(TUCKERSEG_SOURCE_DIR) / "models" / "demo", folder / "models" / "demo", std::filesystem::copy_options::recursive);
}

/// Has tuckerseg-phantom draw `folder`/ct.nii.gz with these options.
inline void DrawPhantom(const std::filesystem::path& folder, const std::string& options) {
  const Outcome outcome = RunProgram(TUCKERSEG_PHANTOM, "-o ct.nii.gz --quiet " + options, folder);
  if (outcome.status != 0) throw std::runtime_error("tuckerseg-phantom: " + outcome.err);
}

}  // namespace tuckerseg
