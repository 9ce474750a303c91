/// A catalogue whose directory a test changes while it serves.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "engine/segment/memory_plan.h"
#include "server/policy/asked_level.h"
#include "server/schedule/idle_heap.h"
#include "server/variants/catalogue.h"
#include "tests/engine/model/few_descriptors.h"
#include "tests/engine/segment/random_volume.h"
#include "tests/server/variants/tiny_variants.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {

/// It serves one bundle with the level `a`, all loaded onto one device.
class CatalogueRescan : public testing::Test {
 protected:
  CatalogueRescan() {
    disk_.AddDrawing(1, "a", {{"a", 0.5, true, 2}}, 2);
    devices_.Add({}, {PlainExecutorFactory()}, int64_t{1} << 30);
    CatalogueOptions options{.directory = disk_.models(), .warm_up = [this](Segmenter&) { return warm_up_(); }};
    options.warm_up_bytes = [this](const Model& model) {
      if (lacks_memory_.exchange(false)) throw std::bad_alloc();
      return PatchBytes(model);
    };
    options.describe = [this](const std::filesystem::path& directory, bool allow_non_commercial) {
      if (const std::function<void()> before = std::exchange(before_description_, {})) before();
      std::optional<FewDescriptors> none;
      if (lacks_descriptors_) none.emplace(0);
      DescribedBundle bundle = DescribeBundle(directory, allow_non_commercial);
      if (lacks_variants_) {
        bundle.levels.resize(1);
        bundle.unread = "no descriptor";
      }
      return bundle;
    };
    options_ = options;
    catalogue_.emplace(std::move(options), devices_, host_, metrics_);
    catalogue_->LoadWhatFits();
  }
  /// As a server that starts.
  void StartAnew() {
    view_.reset();
    catalogue_.reset();
    catalogue_.emplace(options_, devices_, host_, metrics_);
  }

  /// Two looks, as a change must be still for one, and what they lead to. False: nothing has changed.
  bool Look() {
    const bool first = catalogue_->Rescan();
    const bool changed = catalogue_->Rescan() || first;
    catalogue_->LoadWhatFits();
    return changed;
  }
  /// Clocks of file systems are coarse: files that were written just now may bear the time of those before.
  static void Date(const std::filesystem::path& file, int seconds) { std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(seconds)); }
  /// Other weights for the level `a`, which draw other labels, in a directory of their own.
  void ReplaceA() {
    std::filesystem::remove_all(disk_.variant("a"));
    disk_.AddDrawing(2, "a", {{"a", 0.5, true, 2}}, 7);
    Date(disk_.variant("a") / "weights.safetensors", 10);
  }

  const ServedLevel& Level(const std::string& name) {
    view_ = catalogue_->View();
    return FindMeantLevel(name, view_->Find("tiny").levels);
  }
  LevelState State(const std::string& name) { return Level(name).devices.at(0).state; }
  std::vector<std::string> Names() {
    view_ = catalogue_->View();
    std::vector<std::string> names;
    for (const auto& [task, model] : view_->models)
      for (const ServedLevel& level : model.levels) names.push_back(task + " " + level.name);
    return names;
  }
  /// What the level draws now.
  std::vector<uint16_t> LabelsOf(const LevelHold& hold) {
    catalogue_->Finish(hold);
    return hold.own().Segment(RandomVolume({9, 9, 9}, 1), {}).label_map.labels;
  }
  std::vector<uint16_t> LabelsOf(const std::string& name) { return LabelsOf(catalogue_->Hold({&Level(name)}, 0)); }

  /// `a` is loaded by name, and while it is warmed up, as that comes to `patch_s`, its files are replaced and two looks have seen that.
  void LoadAWhileItIsReplaced(double patch_s) {
    catalogue_->Unload(Level("a"), 0);
    const ServedLevel old = Level("a");
    std::promise<void> go_on;
    std::atomic<bool> is_warmed_up = false;
    warm_up_ = [&, may_go_on = go_on.get_future().share()] {
      is_warmed_up = true;
      may_go_on.wait();
      return patch_s;
    };
    std::jthread loading([&] { catalogue_->Load(old, 0); });
    EXPECT_TRUE(WaitUntil([&] { return is_warmed_up.load(); }));
    ReplaceA();
    EXPECT_FALSE(catalogue_->Rescan());
    EXPECT_TRUE(catalogue_->Rescan());
    go_on.set_value();
    loading.join();
    warm_up_ = [] { return 0.25; };
  }

  const ModelOnDisk disk_{TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1)};
  std::function<double()> warm_up_ = [] { return 0.25; };
  std::function<void()> before_description_;  // of a bundle that a look has found changed, once
  Metrics metrics_{"test", {"cpu"}};
  std::atomic<bool> lacks_memory_ = false;  // the server itself, once
  MemoryBudget host_{int64_t{1} << 30};
  IdleHeap heap_;
  Devices devices_;
  bool lacks_descriptors_ = false;      // while bundles are described
  bool lacks_variants_ = false;         // a description, as their directory could not be listed
  CatalogueOptions options_;
  std::optional<Catalogue> catalogue_;
  std::shared_ptr<const CatalogueView> view_;  // last: it must not outlive the devices
};

}  // namespace tuckerseg
