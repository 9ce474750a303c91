/// What command lines are held to, with messages that say what would be right.
#pragma once

#include <CLI/Validators.hpp>
#include <cstdint>
#include <string>

namespace tuckerseg {

/// A whole number of at least `least`.
inline CLI::Validator WholeNumberFrom(int64_t least) {
  return CLI::Validator(
      [least](std::string& text) {
        int64_t number = 0;
        if (CLI::detail::lexical_cast(text, number) && number >= least) return std::string();
        return "must be a whole number of at least " + std::to_string(least) + ", not " + text;
      },
      "", "");
}

}  // namespace tuckerseg
