#include "server/serve/client_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "engine/error.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(ClientStreams, LetAClientOpenItsShareAndOthersTheirs) {
  ClientStreams streams(4, /*client_share=*/0.5);
  const ClientStreams::Open first(streams, "a");
  std::optional<ClientStreams::Open> second(std::in_place, streams, "a");
  const auto open_third = [&] { const ClientStreams::Open third(streams, "a"); };
  ExpectError(ErrorCode::kResourceExhausted, "streams: this client holds 2 of its 2 places: must be fewer; try again later", open_third);
  const ClientStreams::Open of_another(streams, "b");
  second.reset();
  EXPECT_NO_THROW(open_third()) << "one of its own has ended";
}

TEST(ClientStreams, SayWhenToTryAgain) {
  ClientStreams streams(4, /*client_share=*/0.25);
  const ClientStreams::Open first(streams, "a");
  try {
    const ClientStreams::Open second(streams, "a");
    ADD_FAILURE() << "taken";
  } catch (const Error& error) {
    EXPECT_TRUE(error.retry_after_s());
  }
}

TEST(ClientStreams, LetAClientOpenOneHoweverSmallItsShare) {
  ClientStreams streams(4, /*client_share=*/0.01);
  EXPECT_NO_THROW(ClientStreams::Open(streams, "a"));
}

TEST(ClientStreams, CountNobodyWhereOneClientMayOpenAll) {
  ClientStreams streams(2, /*client_share=*/1);
  const ClientStreams::Open first(streams, "a");
  const ClientStreams::Open second(streams, "a");
  EXPECT_NO_THROW(ClientStreams::Open(streams, "a")) << "how many there may be of all is another's to say";
}

}  // namespace
}  // namespace tuckerseg
