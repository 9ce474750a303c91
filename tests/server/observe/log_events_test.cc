/// The events that the server logs, and its page in docs/.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <set>
#include <string>

#include "tests/engine/model/temporary_directory.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

/// The texts that stand before the fields, in calls of Log() and in lines that wait (LogLine).
void AddEventsOf(const std::string& source, const std::string& mark, std::set<std::string>& events) {
  for (size_t call = source.find(mark); call != std::string::npos; call = source.find(mark, call + 1)) {
    if (call > 0 && std::isalnum(static_cast<unsigned char>(source[call - 1])) != 0) continue;  // of another name: ChoiceLog
    const std::string arguments = source.substr(call, source.find_first_of("{;", call + 1) - call);
    for (size_t begin = arguments.find('"'); begin != std::string::npos;) {
      const size_t end = arguments.find('"', begin + 1);
      if (end == std::string::npos) break;
      events.insert(arguments.substr(begin + 1, end - begin - 1));
      begin = arguments.find('"', end + 1);
    }
  }
}

TEST(LogEvents, StandAllInTheTableOfThePage) {
  const fs::path root = TUCKERSEG_SOURCE_DIR;
  std::set<std::string> events;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / "server")) {
    if (entry.path().extension() != ".cc") continue;
    for (const char* mark : {"Log(", "{LogLevel::k"}) AddEventsOf(FileText(entry.path()), mark, events);
  }
  for (const char* event : {"serving", "segment", "models_readable_again", "bundle_failed", "card_ignored", "stopped"}) EXPECT_TRUE(events.contains(event)) << event << ": it is looked for as it is written";
  const std::string page = FileText(root / "docs" / "api.md");
  const size_t begin = page.find("\n## Log\n");
  ASSERT_NE(begin, std::string::npos);
  const std::string table = page.substr(begin, page.find("\n## ", begin + 1) - begin);
  for (const std::string& event : events) EXPECT_THAT(table, testing::HasSubstr("\n| `" + event + "`"));
}

}  // namespace
}  // namespace tuckerseg
