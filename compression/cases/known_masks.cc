#include "compression/cases/known_masks.h"

#include "engine/error.h"

namespace tuckerseg {

CaseFolder WithMasksOf(CaseFolder folder, const std::set<std::string>& known) {
  std::set<std::string> wanted;
  for (const CaseFiles& files : folder.cases)
    for (const auto& [name, path] : files.masks)
      if (known.contains(name)) wanted.insert(name);
  if (wanted.empty()) return folder;
  for (CaseFiles& files : folder.cases) {
    if (files.masks.empty()) continue;
    for (const std::string& name : wanted) {
      if (files.masks.contains(name)) continue;
      throw Error(ErrorCode::kInvalidArgument, "case " + files.name + ": has no mask " + name + ", which other cases have: must have it, empty where the structure is not there");
    }
    std::erase_if(files.masks, [&](const auto& mask) { return !known.contains(mask.first); });
  }
  return folder;
}

}  // namespace tuckerseg
