/// The compressed levels of a bundle on disk, made ready to run.
#pragma once

#include <filesystem>
#include <vector>

#include "engine/execute/executor.h"
#include "engine/model/model.h"
#include "server/variants/served_level.h"

namespace tuckerseg {

/// Every level of every variant under BUNDLE/variants, on every device that has one of `factories`, in the order of directories, a variant's largest level first. A variant that cannot
/// be read is among them under its directory's name, a level that cannot be run under its own, each with the reason and with a line in
/// the log: the others and the original are served all the same. Of two levels with one name the second cannot be run.
std::vector<ServedLevel> LoadVariantLevels(const std::filesystem::path& bundle, const Model& model, const std::vector<ExecutorFactory>& factories);

}  // namespace tuckerseg
