/// What command lines are held to, with messages that say what would be right.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <sstream>
#include <string>

#include "engine/error.h"

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

/// A number in [least, most]. CLI::Range takes `nan` too, which is neither below nor above.
inline CLI::Validator NumberIn(double least, double most) {
  return CLI::Validator(
      [least, most](std::string& text) {
        double number = 0;
        if (CLI::detail::lexical_cast(text, number) && number >= least && number <= most) return std::string();
        std::ostringstream right;
        right << "must be a number in [" << least << ", " << most << "], not " << text;
        return right.str();
      },
      "", "");
}

/// What `parse` takes. Its Error becomes CLI11's, which ends with the status for wrong usage.
template <typename Parse>
CLI::Validator ParsedBy(const Parse& parse) {
  return CLI::Validator(
      [parse](std::string& text) {
        try {
          parse(text);
          return std::string();
        } catch (const Error& error) {
          return std::string(error.what());
        }
      },
      "");
}

}  // namespace tuckerseg
