/// Expects one Error, with its code and a part of its message, or with its limit of bytes.
#pragma once

#include <gmock/gmock.h>

#include <optional>
#include <string>

#include "engine/error.h"

namespace tuckerseg {

template <typename Call>
void ExpectError(ErrorCode code, const std::string& message, const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr(message));
    return;
  }
  ADD_FAILURE() << "no error; expected: " << message;
}

/// The byte_limit() of the Error that the call ends with.
template <typename Call>
std::optional<ByteLimit> LimitRefusing(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.byte_limit();
  }
  ADD_FAILURE() << "no error; expected one of a limit of bytes";
  return {};
}

}  // namespace tuckerseg
