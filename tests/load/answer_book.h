/// What an idle server answers: the label map of each volume at each level, which the same server must give under load too, to the byte.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/lib/client.h"
#include "tests/load/volume_files.h"

namespace tuckerseg::load {

/// A level that the server has loaded.
struct ListedLevel {
  std::string name;
  std::optional<double> quality;  ///< what `min_quality` is held against; nothing where it was not measured
  bool operator==(const ListedLevel&) const = default;
};

struct UnloadedAnswer {
  std::string sha256;  ///< of the label map's file
  double seconds = 0;  ///< from sending to the end of the answer
};

class AnswerBook {
 public:
  void Add(const std::string& volume, const std::string& level, UnloadedAnswer answer) { answers_[{volume, level}] = std::move(answer); }
  /// Null where the server was not asked for it.
  const UnloadedAnswer* Find(const std::string& volume, const std::string& level) const {
    const auto found = answers_.find({volume, level});
    return found == answers_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::pair<std::string, std::string>, UnloadedAnswer> answers_;  // by volume and level
};

/// The task that is meant where none is named. Errors: kInvalidArgument if the server has several; those of Client.
std::string TaskOf(const std::string& asked, Client& client);

/// Of the task, in the server's order. Errors: kFailedPrecondition if there is none; those of Client.
std::vector<ListedLevel> ListLevels(Client& client, const std::string& task);

/// Asks for one volume at a named level. Errors: those of Client.
UnloadedAnswer AskUnloaded(Client& client, const std::string& task, const VolumeFile& volume, const std::string& level);

/// Asks for every volume at every level, one after another. Errors: those of Client.
AnswerBook FillAnswerBook(Client& client, const std::string& task, std::span<const VolumeFile> volumes, std::span<const ListedLevel> levels);

}  // namespace tuckerseg::load
