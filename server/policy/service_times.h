/// How long a request's work will take on one device: foretold from cards and warm-ups, corrected by what this server measures.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace tuckerseg {

/// One level of one model.
struct LevelKey {
  std::string task;
  std::string level;
  auto operator<=>(const LevelKey&) const = default;
};

/// What a volume asks of a level: patches of all parts and folds, and voxels that are read, resampled and written.
struct ServiceSize {
  int64_t patches = 0;
  int64_t voxels = 0;
};

/// Times of one device. Work is foretold as patches times the seconds of one, plus voxels times the seconds of what is done around the network.
/// Thread-safe.
class ServiceTimes {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = std::function<Clock::time_point()>;

  explicit ServiceTimes(Now now = Clock::now) : now_(std::move(now)) {}

  /// What a warm-up says of a patch: it holds until the first request has been measured. `patch_s` > 0.
  void Expect(const LevelKey& key, double patch_s);

  /// Another network has come under this name: nothing is known of it, nor of what is done around it where nothing is known of another level of its task.
  void Forget(const LevelKey& key);

  /// A request that has run: seconds in the network, and around it. Newer ones count more: a quarter of the difference is taken over each time, so that a machine that
  /// becomes slower is noticed within a few requests and one odd request changes little. A level of the task that, as warm-ups compare the two, should take far less
  /// than what was measured of it comes down slowly: else one odd request could keep it from being chosen, and so from being measured, for ever. Likewise what nobody has measured for five
  /// minutes, and is more than its warm-up has said, loses half of that each further five: a machine that was slow for a while must not refuse every promise for ever.
  /// What is done around the network counts by how many voxels it was done for: of a small volume it is nearly all of a fixed amount, which must not be foretold for each voxel of a large one.
  void Learn(const LevelKey& key, const ServiceSize& size, double network_s, double around_s);

  /// A level of which nothing is known is foretold as its card has it (`by_card`: seconds of a patch), else as the slowest that is known of its task; with none known,
  /// as kUnknownPatchSeconds each patch: rather refused than late.
  double Foretell(const LevelKey& key, const ServiceSize& size, std::optional<double> by_card = {}) const;

  /// What a patch of the level is expected to take here; nothing where nothing is known of it.
  std::optional<double> KnownPatchSeconds(const LevelKey& key) const;

  static constexpr double kUnknownPatchSeconds = 5;
  static constexpr double kUnknownVoxelSeconds = 200e-9;
  /// A volume of fewer voxels counts as one of so many: what is done around its networks is a fixed amount.
  static constexpr double kPriorVoxels = 1e6;

 private:
  struct Estimate {
    double seconds = 0;
    bool measured = false;   ///< of requests
    double expected_s = 0;   ///< by a warm-up; 0: there was none
    Clock::time_point taken_at{};
    double At(Clock::time_point now) const;
    void Take(double newest, Clock::time_point now);
  };
  /// Sums of what was done around networks, the older ones faded.
  struct VoxelSums {
    double seconds = kPriorVoxels * kUnknownVoxelSeconds;
    double voxels = kPriorVoxels;
    bool measured = false;
    Clock::time_point taken_at{};
    double At(Clock::time_point now) const;  // seconds of one
    void Take(double newest_s, double newest_voxels, Clock::time_point now);
  };
  double PatchSeconds(const LevelKey& key, std::optional<double> by_card) const;
  /// What a patch of `level` has taken just now brings down what is far too long of others.
  void Compare(const LevelKey& level, double patch_s);

  const Now now_;
  mutable std::mutex mutex_;
  std::map<LevelKey, Estimate> patches_;
  std::map<std::string, VoxelSums> voxels_;  // by task: levels differ in the network alone
};

}  // namespace tuckerseg
