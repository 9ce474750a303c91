/// Which metrics an expression of PromQL asks for, and by which labels.
#pragma once

#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tuckerseg {

struct PromqlMatcher {
  std::string label;
  std::string comparison;  ///< =, !=, =~ or !~
  std::string value;       ///< as it stands between the quotes
};

struct PromqlSelector {
  std::string metric;
  std::vector<PromqlMatcher> matchers;
};

/// In order of the expression. As much of PromQL as our expressions use: no comments, no brackets within quotes, no selector without a metric's name.
inline std::vector<PromqlSelector> SelectorsOf(std::string expression) {
  static const std::regex kWindow(R"(\[[^\]]*\])");
  static const std::regex kGrouping(R"(\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\))");
  static const std::regex kName(R"re(\b([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(|\{((?:[^"}]|"[^"]*")*)\})?)re");
  static const std::regex kMatcher(R"re(([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"([^"]*)")re");
  static const std::set<std::string> kOperators{"and", "or", "unless", "bool", "offset", "group_left", "group_right"};
  const std::sregex_iterator end;
  for (const std::regex& what : {kWindow, kGrouping}) expression = std::regex_replace(expression, what, " ");
  std::vector<PromqlSelector> selectors;
  for (std::sregex_iterator name(expression.begin(), expression.end(), kName); name != end; ++name) {
    if ((*name)[2] == "(" || kOperators.contains((*name)[1])) continue;  // a function
    PromqlSelector selector{(*name)[1], {}};
    const std::string matchers = (*name)[3];
    for (std::sregex_iterator found(matchers.begin(), matchers.end(), kMatcher); found != end; ++found) {
      selector.matchers.push_back({(*found)[1], (*found)[2], (*found)[3]});
    }
    selectors.push_back(std::move(selector));
  }
  return selectors;
}

}  // namespace tuckerseg
