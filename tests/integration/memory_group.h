/// A control group of the kernel that holds the processes in it to so much memory, for tests that look what a program does under such a limit.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace tuckerseg {

/// Where a version of the kernel's control groups has what.
struct MemoryGroupFiles {
  std::string root = {};
  std::string limit = {};
  std::string swap = {};
  std::string peak = {};
  std::string events = {};
};

/// Version 2 of the kernel's control groups where that has the memory, as in containers of today; else version 1. Made for root alone, and only where nothing of the machine's own groups
/// has to be changed. Deleted at the end of its scope, when the processes in it must have ended.
class MemoryGroup {
 public:
  explicit MemoryGroup(int64_t limit_bytes) {
    if (geteuid() != 0) {
      why_not_ = "control groups are made by root alone";
      return;
    }
    if (HasWord("/sys/fs/cgroup/cgroup.controllers", "memory")) {
      files_ = {.root = "/sys/fs/cgroup", .limit = "memory.max", .swap = "memory.swap.max", .peak = "memory.peak", .events = "memory.events"};
      if (!HasWord("/sys/fs/cgroup/cgroup.subtree_control", "memory")) {
        why_not_ = "the groups below /sys/fs/cgroup have no memory of their own (cgroup.subtree_control), as in a container";
        return;
      }
    } else if (std::filesystem::exists("/sys/fs/cgroup/memory/memory.limit_in_bytes")) {
      files_ = {.root = "/sys/fs/cgroup/memory",
                .limit = "memory.limit_in_bytes",
                .swap = "memory.memsw.limit_in_bytes",
                .peak = "memory.max_usage_in_bytes",
                .events = "memory.oom_control"};
    } else {
      why_not_ = "no control groups with memory are mounted at /sys/fs/cgroup";
      return;
    }
    Make(limit_bytes);
  }
  ~MemoryGroup() {
    // The kernel takes a moment to let go of a process that has ended.
    for (int attempt = 0; attempt < 500 && !folder_.empty() && rmdir(folder_.c_str()) != 0 && errno == EBUSY; ++attempt) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  /// Why this machine does not let it; empty: it is there.
  const std::string& why_not() const { return why_not_; }
  const std::string& folder() const { return folder_; }

  /// The most that the processes in it have had together, the kernel's pages of files that they were the first to read among it.
  int64_t PeakBytes() const { return std::strtoll(Text(files_.peak).c_str(), nullptr, 10); }
  /// Processes in it that the kernel has killed as it had no more memory to give; -1 where it does not say.
  int64_t Killed() const {
    std::istringstream words(Text(files_.events));
    for (std::string word; words >> word;) {
      int64_t count = 0;
      if (word == "oom_kill" && words >> count) return count;
    }
    return -1;
  }

 private:
  static bool HasWord(const char* path, const std::string& wanted) {
    std::ifstream file(path);
    for (std::string word; file >> word;)
      if (word == wanted) return true;
    return false;
  }

  void Make(int64_t limit_bytes) {
    std::string name = files_.root + "/tuckerseg-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      why_not_ = "no control group can be made in " + files_.root + ": " + std::strerror(errno);
      return;
    }
    folder_ = name;
    const std::string limit = std::to_string(limit_bytes);
    if (!Write(files_.limit, limit)) why_not_ = folder_ + "/" + files_.limit + " cannot be written";
    if (Text(files_.peak).empty()) why_not_ = folder_ + "/" + files_.peak + " is missing: Linux 5.19 has it";
    // Memory that is swapped out counts for nothing, and would hide that the limit was passed. Where nothing can be swapped out there is no such file.
    Write(files_.swap, files_.swap == "memory.swap.max" ? "0" : limit);
  }

  bool Write(const std::string& name, const std::string& text) const {
    std::ofstream file(folder_ + "/" + name);
    return static_cast<bool>(file << text << std::flush);
  }
  std::string Text(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  MemoryGroupFiles files_;
  std::string folder_;  // empty: none was made
  std::string why_not_;
};

}  // namespace tuckerseg
