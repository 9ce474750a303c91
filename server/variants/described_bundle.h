/// A bundle as its JSON files describe it, before any weights are read.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/model.h"
#include "server/observe/log.h"
#include "server/variants/level_files.h"
#include "server/variants/served_level.h"

namespace tuckerseg {

struct DescribedLevel {
  ServedLevel level;  ///< on no device yet
  LevelFiles files;   ///< where level.model is
};

struct DescribedBundle {
  std::string directory;                 ///< its name, for people
  std::shared_ptr<const Model> model;    ///< null where it cannot be served
  std::string error;                     ///< why it cannot
  std::vector<DescribedLevel> levels;    ///< the original first, then in the order of directories, a variant's largest level first
  std::string unread;                    ///< why something could not be read though it may be another time (LoadFailure), of the last such; empty: all was read
  std::vector<LogLine> log;              ///< what is to be said of its variants and cards once it is served like this
};

/// Reads model.json, every variant.json and the cards. A bundle whose licence forbids commercial use cannot be served unless `allow_non_commercial`: the
/// operator's decision. A variant that cannot be read is among the levels under its directory's name, with the reason and with a line in `log`. Where
/// levels of several variants have one name none of them can be run, as nobody knows which is meant: each has the reason and its line. Never throws for what lies in the directory.
DescribedBundle DescribeBundle(const std::filesystem::path& directory, bool allow_non_commercial);

}  // namespace tuckerseg
