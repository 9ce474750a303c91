/// What one who watches the variants has to be told.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tuckerseg/v1/model.pb.h"

namespace tuckerseg {

/// For one watcher, one thread.
class VariantChanges {
 public:
  /// Those that are new or other than they were at the last call, in the order of `now`; then those that have gone, with task, name and VARIANT_STATE_GONE.
  std::vector<v1::Variant> Take(v1::ListVariantsResponse now);

 private:
  /// Task, name, and which of several that have both.
  using Key = std::tuple<std::string, std::string, int>;
  std::map<Key, std::string> told_;  // as bytes
};

}  // namespace tuckerseg
