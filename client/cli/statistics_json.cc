#include "client/cli/statistics_json.h"

#include <nlohmann/json.hpp>

namespace tuckerseg {

std::string StatisticsJson(const v1::Summary& summary) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& structure : summary.statistics()) {
    json[structure.name()] = {{"volume", structure.volume_mm3()},
                              {"intensity", structure.mean_hu()},
                              {"voxels", structure.voxels()},
                              {"touches_border", structure.touches_border()}};
  }
  return json.dump(4);
}

}  // namespace tuckerseg
