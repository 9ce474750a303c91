/// Levels that requests need, that are loaded by name, and that make room for others.
#include "server/variants/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "tests/engine/model/few_descriptors.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/variants/opened_catalogue.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST_F(CatalogueTest, LoadsALevelThatARequestNeeds) {
  Open();
  const LevelHold hold = Hold("a");
  EXPECT_EQ(State("a"), LevelState::kAvailable) << "its memory is reserved, no more";
  EXPECT_EQ(host_->weight_bytes(), Bytes("a"));
  EXPECT_FALSE(catalogue_->IsFinished(hold));
  catalogue_->Finish(hold);
  EXPECT_TRUE(catalogue_->IsFinished(hold));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_EQ(hold.own().model(), *Level("a").model);
}

TEST_F(CatalogueTest, FindsTheOriginalsThatARequestNeedsBesideItsLevel) {
  OpenAndLoad();
  const LevelHold hold = catalogue_->Hold({&Level("a"), view_->FindOriginal("tiny")}, 0);
  catalogue_->Finish(hold);
  EXPECT_EQ(hold.own().model(), *view_->Find("tiny").levels[1].model);
  ASSERT_NE(hold.Find("tiny"), nullptr);
  EXPECT_EQ(hold.Find("tiny")->model(), view_->Find("tiny").model());
  EXPECT_EQ(hold.Find("lung"), nullptr);
}

TEST_F(CatalogueTest, NeverTouchesTheDiskForALevelThatIsLoaded) {
  OpenAndLoad();
  std::filesystem::remove_all(disk_.bundle());
  for (const char* name : {"original", "a", "b"}) EXPECT_NO_THROW(Use(name)) << name;
}

TEST_F(CatalogueTest, UnloadsWhatWasUsedLeastRecentlyForALevelThatIsNeeded) {
  OpenAndLoad(Bytes("original") + Bytes("a"));
  Use("original");
  Use("a");
  Use("original");
  Use("b");
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  EXPECT_EQ(State("a"), LevelState::kAvailable);
  EXPECT_EQ(State("b"), LevelState::kLoaded);
  EXPECT_LE(host_->weight_bytes(), host_->limit_bytes());
}

TEST_F(CatalogueTest, KeepsOriginalsLongerThanLevelsThatNobodyHasAskedForEither) {
  OpenAndLoad(Bytes("original") + Bytes("a") + Bytes("b"));
  const MemoryReservation volume = host_->Reserve(1, "volume");
  EXPECT_EQ(State("b"), LevelState::kAvailable);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_EQ(State("original"), LevelState::kLoaded);
}

TEST_F(CatalogueTest, UnloadsAsMuchAsAVolumeNeeds) {
  OpenAndLoad();
  const MemoryReservation volume = host_->Reserve(kPlenty, "volume");
  for (const char* name : {"original", "a", "b"}) EXPECT_EQ(State(name), LevelState::kAvailable) << name;
  EXPECT_EQ(host_->weight_bytes(), 0);
  ExpectError(ErrorCode::kResourceExhausted, "weights of this level: needs", [&] { Hold("a"); });
}

TEST_F(CatalogueTest, UnloadsLevelsOfOtherDevicesForTheHostsMemory) {
  OpenAndLoad(2 * Bytes("original"), {{.name = "left"}, {.name = "right"}});
  catalogue_->Finish(Hold("a", 1));
  EXPECT_EQ(State("a", 1), LevelState::kLoaded);
  EXPECT_EQ(State("original", 0) == LevelState::kLoaded, State("original", 1) != LevelState::kLoaded) << "one of them has gone";
}

TEST_F(CatalogueTest, UnloadsNothingThatARequestHolds) {
  OpenAndLoad(Bytes("original"));
  {
    const LevelHold held = Hold("original");
    ExpectError(ErrorCode::kResourceExhausted, "weights of this level: needs", [&] { Hold("a"); });
    EXPECT_EQ(State("original"), LevelState::kLoaded);
  }
  EXPECT_NO_THROW(Use("a"));
}

TEST_F(CatalogueTest, UnloadsNothingThatWasLoadedByNameUntilItIsUnloadedByName) {
  OpenAndLoad(Bytes("original"));
  catalogue_->Load(Level("original"), 0);
  EXPECT_TRUE(Level("original").devices[0].pinned);
  EXPECT_THROW(Hold("a"), Error);
  catalogue_->Unload(Level("original"), 0);
  EXPECT_EQ(State("original"), LevelState::kAvailable);
  EXPECT_FALSE(Level("original").devices[0].pinned);
  EXPECT_NO_THROW(Use("a"));
}

TEST_F(CatalogueTest, SendsNobodyToWaitForTheMemoryOfWhatWasLoadedByName) {
  const auto retry_after = [this] {
    try {
      Hold("a");
      ADD_FAILURE() << "there is no room";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
      return error.retry_after_s();
    }
    return std::optional<double>();
  };
  for (const int64_t device_bytes : {Bytes("original"), kPlenty}) {  // the memory of the device, and that of the host alone
    OpenAndLoad(Bytes("original"), {{.memory_limit_bytes = device_bytes}});
    {
      const LevelHold held = Hold("original");
      EXPECT_TRUE(retry_after()) << "until the request has ended";
    }
    catalogue_->Load(Level("original"), 0);
    EXPECT_FALSE(retry_after());
    EXPECT_EQ(LimitRefusing([this] { Hold("a"); }), (ByteLimit{.needed_bytes = Bytes("a"), .limit_bytes = 0}));
    view_.reset();
    catalogue_.reset();
  }
}

TEST_F(CatalogueTest, LoadsByNameOnEveryDeviceUnlessOneIsNamed) {
  Open(kPlenty, {{.name = "left"}, {.name = "right"}});
  catalogue_->Load(Level("a"), 1);
  EXPECT_EQ(State("a", 0), LevelState::kAvailable);
  EXPECT_EQ(State("a", 1), LevelState::kLoaded);
  catalogue_->Load(Level("b"), {});
  EXPECT_EQ(State("b", 0), LevelState::kLoaded);
  EXPECT_EQ(State("b", 1), LevelState::kLoaded);
  catalogue_->Unload(Level("b"), {});
  EXPECT_EQ(State("b", 0), LevelState::kAvailable);
  EXPECT_EQ(State("b", 1), LevelState::kAvailable);
}

TEST_F(CatalogueTest, LoadsByNameWhatFitsOnOneOfTheDevices) {
  Open(kPlenty, {{.name = "small", .memory_limit_bytes = 1}, {.name = "large"}});
  EXPECT_NO_THROW(catalogue_->Load(Level("a"), {}));
  EXPECT_EQ(State("a", 1), LevelState::kLoaded);
  ExpectError(ErrorCode::kResourceExhausted, "weights of this level: needs", [&] { catalogue_->Load(Level("a"), 0); });
}

TEST_F(CatalogueTest, TriesALevelAgainByNameThatCouldNotBeLoaded) {
  const std::filesystem::path weights = disk_.variant("a") / "weights.safetensors";
  std::filesystem::rename(weights, disk_.variant("a") / "elsewhere");
  OpenAndLoad();
  ASSERT_EQ(State("a"), LevelState::kFailed);
  ExpectError(ErrorCode::kFailedPrecondition, "level = a: could not be loaded: weights: cannot be opened", [&] { catalogue_->Load(Level("a"), 0); });
  EXPECT_FALSE(Level("a").devices[0].pinned);
  std::filesystem::rename(disk_.variant("a") / "elsewhere", weights);
  catalogue_->Load(Level("a"), 0);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_EQ(Level("a").error, "");
}

TEST_F(CatalogueTest, TriesALevelAgainForTheNextRequestThatCouldNotBeReadForAWhile) {
  Open();
  const LevelHold hold = Hold("a");
  {
    const FewDescriptors none(0);
    ExpectError(ErrorCode::kUnavailable, "level = a: could not be loaded: ", [&] { catalogue_->Finish(hold); });
  }
  EXPECT_EQ(State("a"), LevelState::kAvailable) << "its files will not change: only a request can find out";
  EXPECT_NO_THROW(Use("a"));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
}

TEST_F(CatalogueTest, LeavesALevelFailedThatIsUnloadedByName) {
  disk_.SpoilWeights("a");
  OpenAndLoad();
  ASSERT_EQ(State("a"), LevelState::kFailed);
  catalogue_->Unload(Level("a"), 0);
  EXPECT_EQ(State("a"), LevelState::kFailed);
  EXPECT_FALSE(Level("a").ready()) << "its files are as they were";
  EXPECT_THAT(catalogue_->RoomFor({&Level("a")}, 0).error, HasSubstr("pass the end of the file"));
}

TEST_F(CatalogueTest, GivesTheMemoryOfAnUnloadedLevelBackOnceNoRequestUsesIt) {
  OpenAndLoad();
  const int64_t all = host_->weight_bytes();
  {
    const LevelHold held = Hold("a");
    catalogue_->Unload(Level("a"), 0);
    EXPECT_EQ(State("a"), LevelState::kAvailable);
    EXPECT_EQ(host_->weight_bytes(), all);
    catalogue_->Finish(held);
    EXPECT_EQ(held.own().model(), *Level("a").model) << "the request ends with it";
  }
  EXPECT_EQ(host_->weight_bytes(), all - Bytes("a"));
}

TEST_F(CatalogueTest, LoadsALevelAnewForRequestsAfterItWasUnloaded) {
  OpenAndLoad();
  catalogue_->Unload(Level("a"), 0);
  EXPECT_NO_THROW(Use("a"));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_FALSE(Level("a").devices[0].pinned);
}

TEST_F(CatalogueTest, HoldsNothingAfterAHundredLoadsAndUnloads) {
  Open();
  for (int i = 0; i < 100; ++i) {
    catalogue_->Load(Level("a"), 0);
    catalogue_->Unload(Level("a"), 0);
  }
  EXPECT_EQ(host_->weight_bytes(), 0);
  EXPECT_EQ(devices_->at(0).memory().weight_bytes(), 0);
}

TEST_F(CatalogueTest, LoadsALevelOnceForSeveralRequests) {
  std::atomic<int> made = 0;
  factory_ = [&made](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    ++made;
    std::this_thread::sleep_for(milliseconds(20));  // for the others to come
    return PlainExecutorFactory()(graph, weights, prefix);
  };
  Open();
  const LevelHold hold = Hold("a");
  std::vector<std::jthread> requests;
  for (int i = 0; i < 4; ++i) requests.emplace_back([&] { catalogue_->Finish(hold); });
  requests.clear();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
}

TEST_F(CatalogueTest, TriesALevelThatCannotBeLoadedOnceForSeveralRequestsAndAgainByName) {
  int tries = 0;
  warm_up_ = [&tries](Segmenter&) -> double {
    ++tries;
    throw Error(ErrorCode::kInternal, "a patch: no kernel for it");
  };
  Open();
  const LevelHold first = Hold("a");
  const LevelHold second = Hold("a");
  const std::string reason = "level = a: could not be loaded: a patch: no kernel for it";
  for (const LevelHold* hold : {&first, &second}) ExpectError(ErrorCode::kFailedPrecondition, reason, [&] { catalogue_->Finish(*hold); });
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(State("a"), LevelState::kFailed);
  ExpectError(ErrorCode::kFailedPrecondition, reason, [&] { catalogue_->Load(Level("a"), 0); });
  EXPECT_EQ(tries, 2);
}

TEST_F(CatalogueTest, TriesALevelThatTheDeviceHadNoMemoryForAgainForEachRequest) {
  bool has_memory = false;
  warm_up_ = [&has_memory](Segmenter&) -> double {
    if (!has_memory) throw Error(ErrorCode::kResourceExhausted, "the device has no memory left for a patch");
    return 0.25;
  };
  Open();
  const LevelHold first = Hold("a");
  const LevelHold second = Hold("a");
  ExpectError(ErrorCode::kResourceExhausted, "the device has no memory left for a patch", [&] { catalogue_->Finish(first); });
  has_memory = true;
  EXPECT_NO_THROW(catalogue_->Finish(second));
  EXPECT_TRUE(catalogue_->IsFinished(second));
}

TEST_F(CatalogueTest, LetsRequestsGoOnWhileALevelIsLoaded) {
  std::promise<void> go_on;
  const std::shared_future<void> may_go_on = go_on.get_future().share();
  std::atomic<bool> hold_up = false;
  factory_ = [&](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    if (hold_up) may_go_on.wait();
    return PlainExecutorFactory()(graph, weights, prefix);
  };
  OpenAndLoad();
  catalogue_->Unload(Level("a"), 0);
  hold_up = true;
  const LevelHold needed = Hold("a");
  std::jthread loading([&] { catalogue_->Finish(needed); });
  EXPECT_TRUE(WaitUntil([&] { return State("a") == LevelState::kLoading; }));
  EXPECT_NO_THROW(Use("b")) << "which is loaded";
  catalogue_->Unload(Level("a"), 0);
  EXPECT_EQ(State("a"), LevelState::kAvailable) << "it can be unloaded by name even now";
  go_on.set_value();
  loading.join();
  EXPECT_EQ(needed.own().model(), *Level("a").model) << "whoever waited for it has it";
  EXPECT_EQ(State("a"), LevelState::kAvailable);
}

TEST_F(CatalogueTest, ForetellsWhatALevelTakesWhereItIsNotThere) {
  OpenAndLoad();
  catalogue_->Unload(Level("a"), 0);
  const LevelRoom missing = catalogue_->RoomFor({&Level("a")}, 0);
  EXPECT_EQ(missing.missing_bytes, Bytes("a"));
  EXPECT_GT(missing.load_s, 0);
  EXPECT_EQ(missing.leaving_bytes, Bytes("original") + Bytes("b")) << "if it must be";
  EXPECT_EQ(missing.leaving_on_host_bytes, missing.leaving_bytes);
  EXPECT_EQ(missing.lasting_bytes, 0);
  Use("a");
  const LevelRoom there = catalogue_->RoomFor({&Level("a")}, 0);
  EXPECT_EQ(there.missing_bytes, 0);
  EXPECT_EQ(there.load_s, 0);
  EXPECT_EQ(there.lasting_bytes, Bytes("a")) << "it must stay for this request";
}

TEST_F(CatalogueTest, MakesNoRoomOfWhatIsHeldOrPinned) {
  OpenAndLoad();
  const LevelHold held = Hold("original");
  catalogue_->Load(Level("b"), 0);
  const LevelRoom room = catalogue_->RoomFor({&Level("a")}, 0);
  EXPECT_EQ(room.leaving_bytes, 0);
  EXPECT_EQ(room.lasting_bytes, Bytes("a") + Bytes("b")) << "the original stays no longer than the request that holds it";
}

TEST_F(CatalogueTest, TellsWhyALevelCannotBeLoadedOnADevice) {
  disk_.SpoilWeights("a");
  OpenAndLoad();
  EXPECT_THAT(catalogue_->RoomFor({&Level("a")}, 0).error, HasSubstr("pass the end of the file"));
  EXPECT_EQ(catalogue_->RoomFor({&Level("b")}, 0).error, "");
}

TEST_F(CatalogueTest, TellsThoseThatWaitOfEveryChange) {
  Open();
  const int64_t seen = catalogue_->version();
  EXPECT_EQ(catalogue_->WaitForChange(seen, milliseconds(1)), seen) << "nothing has changed";
  std::future<int64_t> next = std::async(std::launch::async, [&] { return catalogue_->WaitForChange(seen, kLimit); });
  Use("a");
  EXPECT_GT(next.get(), seen);
}

TEST_F(CatalogueTest, StopsTheQueuesWhoseWorkLoadsLevelsBeforeItGoes) {
  Catalogue& catalogue = Open();
  std::atomic<bool> begun = false;
  std::atomic<bool> loaded = false;
  devices_->at(0).queue().Submit({}, [&](const std::stop_token& stop, DeviceGate&) {
    begun = true;
    while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
    const auto view = catalogue.View();  // it is still there
    catalogue.Finish(catalogue.Hold({&view->Find("").original()}, 0));
    loaded = true;
  });
  ASSERT_TRUE(WaitUntil([&] { return begun.load(); }));
  catalogue_.reset();
  EXPECT_TRUE(loaded);
  ExpectError(ErrorCode::kUnavailable, "the server is stopping", [&] { devices_->at(0).queue().Submit({}, [](const std::stop_token&, DeviceGate&) {}); });
}

}  // namespace
}  // namespace tuckerseg
