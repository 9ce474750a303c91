/// Variants that operators load, unload and watch, through a real server.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/serve/status_of.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/variants/tiny_variants.h"
#include "tuckerseg/v1/model.grpc.pb.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// Two devices, `left` and `right`, an original and the level `third` (0.3), none of which is loaded at the start.
class ManagingVariants : public testing::Test {
 protected:
  ManagingVariants() {
    disk_.Add("third", {{"third", 0.3, true, 1}}, 11);
    options_.models = disk_.models();
    options_.load_at_start = false;
    options_.config.devices = {{.name = "left"}, {.name = "right"}};
  }

  ServedModel& served() {
    if (!held_) {
      held_.emplace(std::move(options_));
      stub_ = v1::ModelService::NewStub(held_->served().channel());
    }
    return held_->served();
  }

  grpc::Status Load(const std::string& name, const std::string& device = "", const std::string& task = "") {
    served();
    grpc::ClientContext context;
    v1::LoadVariantRequest request;
    request.set_task(task);
    request.set_name(name);
    request.set_device(device);
    v1::LoadVariantResponse response;
    const grpc::Status status = stub_->LoadVariant(&context, request, &response);
    answer_ = response.variant();
    return status;
  }
  grpc::Status Unload(const std::string& name, const std::string& device = "") {
    served();
    grpc::ClientContext context;
    v1::UnloadVariantRequest request;
    request.set_name(name);
    request.set_device(device);
    v1::UnloadVariantResponse response;
    const grpc::Status status = stub_->UnloadVariant(&context, request, &response);
    answer_ = response.variant();
    return status;
  }
  static void ExpectRefusal(const grpc::Status& status, const std::string& code, const std::string& message) {
    EXPECT_EQ(NameOf(status.error_code()), code);
    EXPECT_THAT(status.error_message(), HasSubstr(message));
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  ServedOptions options_;
  std::optional<HeldModel> held_;
  std::unique_ptr<v1::ModelService::Stub> stub_;
  v1::Variant answer_;  // of the last call
};

TEST_F(ManagingVariants, LoadsByNameOrNumberOntoEveryDevice) {
  for (const char* name : {"third", "0.3"}) {
    ASSERT_TRUE(Load(name).ok());
    EXPECT_EQ(answer_.task(), "tiny");
    EXPECT_EQ(answer_.name(), "third");
    EXPECT_EQ(answer_.state(), v1::VARIANT_STATE_LOADED);
    EXPECT_EQ(answer_.device(), "left, right");
    ASSERT_EQ(answer_.devices_size(), 2);
    EXPECT_TRUE(answer_.devices(1).pinned());
  }
}

TEST_F(ManagingVariants, LoadsOntoOneDeviceWhereItIsNamed) {
  ASSERT_TRUE(Load("original", "right").ok());
  EXPECT_EQ(answer_.device(), "right");
  EXPECT_EQ(answer_.devices(0).device(), "left");
  EXPECT_EQ(answer_.devices(0).state(), v1::VARIANT_STATE_AVAILABLE);
  EXPECT_FALSE(answer_.devices(0).pinned());
  EXPECT_EQ(answer_.devices(1).state(), v1::VARIANT_STATE_LOADED);
}

TEST_F(ManagingVariants, UnloadsAndGivesTheHeapsMemoryBack) {
  ASSERT_TRUE(Load("third").ok());
  ASSERT_TRUE(WaitUntil([this] { return served().given_back() >= 1; })) << "of the idle server";
  const int before = served().given_back();
  ASSERT_TRUE(Unload("third", "left").ok());
  EXPECT_EQ(answer_.state(), v1::VARIANT_STATE_LOADED) << "on the other device";
  EXPECT_EQ(answer_.device(), "right");
  ASSERT_TRUE(Unload("third").ok());
  EXPECT_EQ(answer_.state(), v1::VARIANT_STATE_AVAILABLE);
  EXPECT_EQ(answer_.device(), "");
  EXPECT_EQ(served().memory().weight_bytes(), 0);
  EXPECT_GE(served().given_back(), before + 2);
}

TEST_F(ManagingVariants, LetsARequestEndWithALevelThatIsUnloadedMeanwhile) {
  SegmentConversation running(served().channel());
  running.SendHeader({});
  running.SendFile(SmallCt().Bytes());
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  ASSERT_TRUE(Unload("original").ok());
  EXPECT_EQ(answer_.state(), v1::VARIANT_STATE_AVAILABLE);
  EXPECT_GT(served().memory().weight_bytes(), 0) << "the request has it";
  held_->gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_TRUE(served().BecomesIdle());
  EXPECT_TRUE(WaitUntil([this] { return served().memory().weight_bytes() == 0; }));
  EXPECT_TRUE(Segment(served().channel(), SmallCt().Bytes()).status.ok()) << "and the next one has it loaded again";
}

TEST_F(ManagingVariants, NamesWhatIsNotThere) {
  ExpectRefusal(Load("third", "", "heart"), "NOT_FOUND", "task = heart: must be one of tiny");
  ExpectRefusal(Load("fourth"), "NOT_FOUND", "level = fourth: must be one of original, third (0.3)");
  ExpectRefusal(Load("third", "middle"), "NOT_FOUND", "device = middle: must be one of left, right");
  ExpectRefusal(Unload("third", "middle"), "NOT_FOUND", "device = middle: must be one of left, right");
  ExpectRefusal(Load("auto"), "INVALID_ARGUMENT", "name = auto: must be a level's name or number");
  ExpectRefusal(Unload(""), "INVALID_ARGUMENT", "name = : must be a level's name or number");
}

TEST_F(ManagingVariants, SaysWhyALevelCannotBeLoaded) {
  disk_.SpoilWeights("third");
  ExpectRefusal(Load("third"), "FAILED_PRECONDITION", "level = third: could not be loaded: safetensors: ");
  grpc::ClientContext context;
  v1::ListVariantsResponse list;
  ASSERT_TRUE(stub_->ListVariants(&context, {}, &list).ok());
  EXPECT_EQ(list.variants(1).state(), v1::VARIANT_STATE_FAILED);
  EXPECT_THAT(list.variants(1).error(), HasSubstr("pass the end of the file"));
  EXPECT_EQ(list.variants(1).devices(0).state(), v1::VARIANT_STATE_FAILED);
}

TEST_F(ManagingVariants, SaysWhereThereIsNoRoomForALevel) {
  options_.config.devices[0].memory_limit_bytes = 1;
  ASSERT_TRUE(Load("third").ok()) << "there is, on the other device";
  EXPECT_EQ(answer_.device(), "right");
  ExpectRefusal(Load("third", "left"), "RESOURCE_EXHAUSTED", "weights of this level: needs");
}

TEST_F(ManagingVariants, AreToldOfEveryChangeAfterAllThereIs) {
  served();
  grpc::ClientContext context;
  const auto reader = stub_->WatchVariants(&context, {});
  v1::WatchVariantsResponse told;
  for (const char* name : {"original", "third"}) {
    ASSERT_TRUE(reader->Read(&told));
    EXPECT_EQ(told.variant().name(), name);
    EXPECT_EQ(told.variant().state(), v1::VARIANT_STATE_AVAILABLE);
  }
  ASSERT_TRUE(Load("third", "left").ok());
  // What happens between two looks may be told in one: the last of it is what is true in the end.
  do {
    ASSERT_TRUE(reader->Read(&told));
    EXPECT_EQ(told.variant().name(), "third");
  } while (told.variant().state() != v1::VARIANT_STATE_LOADED || !told.variant().devices(0).pinned());
  context.TryCancel();
  while (reader->Read(&told)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::CANCELLED);
}

TEST_F(ManagingVariants, LetsManyWatchButNotWithoutEnd) {
  served();
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchVariantsResponse>>> readers;
  v1::WatchVariantsResponse told;
  const auto watch = [&] {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(stub_->WatchVariants(contexts.back().get(), {}));
    return readers.back()->Read(&told);
  };
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(watch()) << i;
  EXPECT_FALSE(watch());
  EXPECT_EQ(readers.back()->Finish().error_code(), grpc::RESOURCE_EXHAUSTED);
  readers.pop_back();
  for (const auto& context : contexts) context->TryCancel();
  for (const auto& reader : readers) {
    while (reader->Read(&told)) {
    }
    reader->Finish();
  }
  EXPECT_TRUE(WaitUntil(watch)) << "there is room once others have gone";
}

}  // namespace
}  // namespace tuckerseg
