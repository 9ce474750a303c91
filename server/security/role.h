/// What a client may be allowed to do, and which of it each call needs.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace tuckerseg {

enum class Role {
  kSegment,  ///< have volumes segmented
  kManage,   ///< load and unload variants
  kObserve,  ///< ask what is served, and how
};

/// As the configuration and messages have it: `segment`, `manage`, `observe`.
const char* NameOf(Role role);

/// The names, with commas between; `none` where there are none.
std::string NamesOf(const std::set<Role>& roles);

/// The role that a call of `full_method` (`/package.Service/Method`) needs; nothing for one that the table does not have: nobody may make it.
std::optional<Role> RoleOf(std::string_view full_method);

/// Whether anyone may make this call: health, which probes ask for without credentials, and reflection, which is there only if the operator
/// wants it.
bool NeedsNoRole(std::string_view full_method);

}  // namespace tuckerseg
