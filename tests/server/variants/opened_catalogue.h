/// A catalogue of a small model on disk, for tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "server/policy/asked_level.h"
#include "server/variants/catalogue.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {

inline constexpr int64_t kPlenty = int64_t{1} << 30;

/// A model with two levels, `a` and `b`, each cheaper than the original.
class CatalogueTest : public testing::Test {
 protected:
  CatalogueTest() {
    disk_.Add("a", {{"a", 0.5, true, 2}}, 2);
    disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  }

  /// On one device, or on those of `settings`.
  Catalogue& Open(int64_t host_bytes = kPlenty, const std::vector<DeviceSettings>& settings = std::vector<DeviceSettings>(1)) {
    host_.emplace(host_bytes);
    devices_.emplace();
    for (const DeviceSettings& device : settings) devices_->Add(device, {factory_}, host_bytes);
    CatalogueOptions options{.directory = disk_.models(), .warm_up = warm_up_, .warm_up_bytes = [bytes = warm_up_bytes_](const Model&) { return bytes; }, .reading_bytes = [bytes = reading_bytes_](const LevelFiles&) { return bytes; }};
    catalogue_.emplace(std::move(options), *devices_, *host_, metrics_);
    return *catalogue_;
  }
  Catalogue& OpenAndLoad(int64_t host_bytes = kPlenty, const std::vector<DeviceSettings>& settings = std::vector<DeviceSettings>(1)) {
    Open(host_bytes, settings).LoadWhatFits();
    return *catalogue_;
  }

  /// As things are now; stays until the next call.
  const ServedLevel& Level(const std::string& name) {
    view_ = catalogue_->View();
    return FindMeantLevel(name, view_->Find("").levels);
  }
  LevelState State(const std::string& name, size_t device = 0) { return Level(name).devices.at(device).state; }
  LevelHold Hold(const std::string& name, size_t device = 0) { return catalogue_->Hold({&Level(name)}, device); }
  int64_t Bytes(const std::string& name) {
    for (const DescribedLevel& described : DescribeBundle(disk_.bundle(), false).levels)
      if (described.level.name == name) return described.level.weight_bytes;
    ADD_FAILURE() << name;
    return 0;
  }
  /// A request that uses the level and is over.
  void Use(const std::string& name) { catalogue_->Finish(Hold(name)); }

  const ModelOnDisk disk_{TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1)};
  ExecutorFactory factory_ = PlainExecutorFactory();
  std::function<double(Segmenter&)> warm_up_ = [](Segmenter&) { return 0.25; };
  int64_t warm_up_bytes_ = 0;
  int64_t reading_bytes_ = 0;
  Metrics metrics_{"test", {"cpu"}};
  std::optional<MemoryBudget> host_;
  std::optional<Devices> devices_;
  std::optional<Catalogue> catalogue_;
  std::shared_ptr<const CatalogueView> view_;  // last: it must not outlive the devices
};

}  // namespace tuckerseg
