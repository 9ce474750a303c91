/// What LibTorch throws, as ours.
#include "engine/execute/torch/torch_errors.h"

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

namespace tuckerseg {
namespace {

/// What comes out where `call` throws.
std::optional<Error> ErrorOf(const std::function<void()>& call) {
  try {
    WithTorchErrors("a patch", call);
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

TEST(TorchErrors, WantOfMemoryPassesWhoeverTellsIt) {
  const std::function<void()> calls[] = {
      [] { throw c10::OutOfMemoryError({__func__, __FILE__, __LINE__}, "CUDA out of memory"); },
      [] { throw c10::Error({__func__, __FILE__, __LINE__}, "DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes"); },
      [] { throw c10::Error({__func__, __FILE__, __LINE__}, "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"); },
      [] { throw c10::Error({__func__, __FILE__, __LINE__}, "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"); },
      [] { throw c10::Error({__func__, __FILE__, __LINE__}, "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"); },
      [] { throw c10::Error({__func__, __FILE__, __LINE__}, "CUDA error: out of memory"); },
      [] { throw std::bad_alloc(); },
  };
  for (const auto& call : calls) {
    const std::optional<Error> error = ErrorOf(call);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::kResourceExhausted);
    EXPECT_TRUE(error->retry_after_s()) << "who holds it may give it back";
    EXPECT_NE(std::string(error->what()).find("no memory left for a patch"), std::string::npos) << error->what();
  }
}

TEST(TorchErrors, WhateverElseItThrowsIsOurFault) {
  const std::function<void()> calls[] = {
      [] { throw c10::Error({__func__, __FILE__, __LINE__}, "expected a 5-dimensional tensor"); },
      [] { throw std::runtime_error("could not create a primitive"); },
  };
  for (const auto& call : calls) {
    const std::optional<Error> error = ErrorOf(call);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::kInternal);
    EXPECT_FALSE(error->retry_after_s());
  }
}

TEST(TorchErrors, OursPassAsTheyAre) {
  const std::optional<Error> error = ErrorOf([] { throw Error(ErrorCode::kInvalidArgument, "patch: is empty"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tuckerseg
