/// Expects one Error, with its code and a part of its message.
#pragma once

#include <gmock/gmock.h>

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

}  // namespace tuckerseg
