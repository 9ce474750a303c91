#include "tests/load/loaded_server.h"

#include <algorithm>
#include <thread>

#include "engine/text_table.h"

namespace tuckerseg::load {
namespace {

int Threads() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

std::vector<VolumeFile> Drawn(const Workload& workload, const Say& say) {
  say("drawing " + std::to_string(workload.volumes.size()) + " phantoms");
  return MakeVolumeFiles(workload, Threads());
}

Unloaded AskIdle(Client& client, const Workload& workload, const std::vector<VolumeFile>& volumes, const Say& say) {
  say("asking the idle server for every volume at every level");
  Unloaded unloaded = MeasureUnloaded(client, workload, volumes);
  say("capacity: " + Fixed(unloaded.capacity.per_s, 3) + " requests a second at " + unloaded.capacity.level + ", " + Fixed(unloaded.capacity.original_per_s, 3) + " at original");
  return unloaded;
}

}  // namespace

LoadedServer::LoadedServer(const std::string& server, const std::string& metrics, const Workload& workload, const Say& say)
    : say_(say), client_(server), fetch_(FetchFrom(metrics)), volumes_(Drawn(workload, say)), unloaded_(AskIdle(client_, workload, volumes_, say)) {}

JudgedRun LoadedServer::Run(const Workload& workload) {
  say_(LevelOf(workload) + ": " + Fixed(workload.rate.PerSecond(unloaded_.capacity.per_s), 3) + " requests a second for " + Fixed(workload.duration_s, 0) + " s");
  return Judge(RunLoad(client_, fetch_, workload, volumes_, unloaded_), unloaded_);
}

}  // namespace tuckerseg::load
