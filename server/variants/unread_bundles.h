/// The bundles of which something cannot be read now, and may be another time: the log tells of each when that begins and when it ends, not at every look.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "server/variants/described_bundle.h"
#include "server/variants/disk_scan.h"

namespace tuckerseg {

/// For one thread at a time.
class UnreadBundles {
 public:
  /// Of a bundle that has been described.
  void Tell(const std::filesystem::path& directory, const DescribedBundle& described);
  /// Of those that look by now as what is served of them did: nothing of them has to be read any more.
  void EndWhereNothingIsAnother(const ModelsStamp& served, const ModelsStamp& now);
  /// Of one that has gone there is nothing to tell.
  void Forget(const std::filesystem::path& directory) { names_.erase(directory); }

 private:
  void End(const std::filesystem::path& directory);

  std::map<std::filesystem::path, std::string> names_;  // for the log, by directory
};

}  // namespace tuckerseg
