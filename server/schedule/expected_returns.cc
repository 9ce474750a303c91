#include "server/schedule/expected_returns.h"

#include <algorithm>
#include <utility>

namespace tuckerseg {

void ExpectedReturns::Add(Return expected) {
  ToCome();
  const auto same = [&expected](const Return& other) { return other.client == expected.client && other.priority == expected.priority; };
  if (const auto known = std::find_if(returns_.begin(), returns_.end(), same); known != returns_.end()) {
    known->at = std::max(known->at, expected.at);
    return;
  }
  returns_.push_back(std::move(expected));
  if (returns_.size() <= most_) return;
  returns_.erase(std::min_element(returns_.begin(), returns_.end(), [](const Return& a, const Return& b) { return a.at < b.at; }));
}

const std::vector<ExpectedReturns::Return>& ExpectedReturns::ToCome() {
  std::erase_if(returns_, [now = Clock::now()](const Return& expected) { return expected.at <= now; });
  return returns_;
}

}  // namespace tuckerseg
