/// The program tuckerseg-server with a small model, as a process that a test may kill, starve and start again.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/bundle.h"
#include "engine/model/part_weights.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/server_process.h"

namespace tuckerseg {

/// A folder of bundles with one, task `tiny`: patches of 16^3, fast in every build.
class ModelFolder {
 public:
  ModelFolder() {
    Bundle bundle = TinyBundle(TinyUnet(2, 4), {16, 16, 16}, 3);
    bundle.model.provenance.weights_sha256 = PartWeightsSha256(bundle.weights);
    SaveBundle(bundle, this->bundle());
  }

  /// Where a test may put files of its own: it is no bundle.
  const std::filesystem::path& path() const { return folder_.path(); }
  std::filesystem::path bundle() const { return folder_.path() / "models" / "tiny"; }

  /// `config`: what the configuration file holds, beside WithoutDrainDelay(). Ports 0: any free ones.
  std::vector<std::string> Arguments(const std::string& config = "{}", int port = 0, int metrics_port = 0) const {
    return {"--models", folder_.path() / "models", "--listen", "127.0.0.1:" + std::to_string(port), "--metrics", "127.0.0.1:" + std::to_string(metrics_port),
            "--config", folder_.Write("config.json", WithoutDrainDelay(config))};
  }

 private:
  TemporaryDirectory folder_;
};

/// Serves from the constructor's end on, unless the test has failed by then.
class RunningServer {
 public:
  explicit RunningServer(const std::vector<std::string>& arguments) : process_(arguments) {
    const auto serving = process_.WaitForEvent("serving");
    if (!serving) {
      ADD_FAILURE() << process_.Errors();
      return;
    }
    port_ = serving->at("port");
    metrics_port_ = serving->at("metrics_port");
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  int metrics_port() const { return metrics_port_; }
  ServerProcess& process() { return process_; }

  /// Asks it to stop. Its exit status.
  int Stop() {
    process_.Signal(SIGTERM);
    return process_.WaitForEnd();
  }

 private:
  ServerProcess process_;
  int port_ = 0;
  int metrics_port_ = 0;
};

/// A cube of 1 mm voxels: of 40, 64 patches.
inline std::vector<std::byte> CubeCt(int64_t length) { return NiftiBuilder().Shape({length, length, length}).Spacing({1, 1, 1}).Gzip(); }

}  // namespace tuckerseg
