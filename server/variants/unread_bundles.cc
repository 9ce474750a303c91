#include "server/variants/unread_bundles.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "server/observe/log.h"

namespace tuckerseg {

void UnreadBundles::Tell(const std::filesystem::path& directory, const DescribedBundle& described) {
  if (described.unread.empty()) return End(directory);
  if (!names_.try_emplace(directory, described.directory).second) return;
  LogIfPossible([&] { Log(LogLevel::kWarning, "bundle_unreadable", {{"directory", described.directory}, {"reason", described.unread}}); });
}

void UnreadBundles::EndWhereNothingIsAnother(const ModelsStamp& served, const ModelsStamp& now) {
  std::vector<std::filesystem::path> directories;
  for (const auto& [directory, name] : names_) {
    const auto was = served.find(directory);
    const auto is = now.find(directory);
    if (was != served.end() && is != now.end() && was->second == is->second) directories.push_back(directory);
  }
  for (const std::filesystem::path& directory : directories) End(directory);
}

void UnreadBundles::End(const std::filesystem::path& directory) {
  const auto ended = names_.extract(directory);
  if (ended.empty()) return;
  LogIfPossible([&] { Log(LogLevel::kInfo, "bundle_readable_again", {{"directory", ended.mapped()}}); });
}

}  // namespace tuckerseg
