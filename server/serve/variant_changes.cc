#include "server/serve/variant_changes.h"

#include <utility>

namespace tuckerseg {

std::vector<v1::Variant> VariantChanges::Take(v1::ListVariantsResponse now) {
  std::vector<v1::Variant> changes;
  std::map<Key, std::string> told;
  for (v1::Variant& variant : *now.mutable_variants()) {
    int which = 0;
    while (told.contains({variant.task(), variant.name(), which})) ++which;
    const Key key{variant.task(), variant.name(), which};
    const std::string bytes = variant.SerializeAsString();
    const auto before = told_.find(key);
    if (before == told_.end() || before->second != bytes) changes.push_back(std::move(variant));
    told.emplace(key, bytes);
  }
  for (const auto& [key, bytes] : told_) {
    const auto& [task, name, which] = key;
    if (told.contains({task, name, 0})) continue;  // there is still one of that name
    v1::Variant& gone = changes.emplace_back();
    gone.set_task(task);
    gone.set_name(name);
    gone.set_state(v1::VARIANT_STATE_GONE);
  }
  told_ = std::move(told);
  return changes;
}

}  // namespace tuckerseg
