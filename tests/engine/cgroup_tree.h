/// Files as the kernel shows them to a process in control groups, in a folder of the test's own.
#pragma once

#include <string>

#include "engine/cgroup.h"
#include "tests/engine/model/temporary_directory.h"

namespace tuckerseg {

class CgroupTree {
 public:
  /// `membership`: the lines of /proc/self/cgroup.
  explicit CgroupTree(const std::string& membership) { folder_.Write("membership", membership); }

  /// `path`: below the mount.
  CgroupTree& Write(const std::string& path, const std::string& text) {
    folder_.Write("mount/" + path, text);
    return *this;
  }
  CgroupPlaces Places() const { return {.membership = folder_.path() / "membership", .mount = folder_.path() / "mount"}; }

 private:
  const TemporaryDirectory folder_;
};

}  // namespace tuckerseg
