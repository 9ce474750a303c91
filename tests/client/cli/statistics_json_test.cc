#include "client/cli/statistics_json.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(StatisticsJson, IsWhatTotalSegmentatorWritesAndTwoKeysMore) {
  v1::Summary summary;
  v1::StructureStatistics& spleen = *summary.add_statistics();
  spleen.set_name("spleen");
  spleen.set_voxels(4572);
  spleen.set_volume_mm3(123456);
  spleen.set_mean_hu(98.76543);
  spleen.set_touches_border(true);
  summary.add_statistics()->set_name("kidney_right");
  EXPECT_EQ(StatisticsJson(summary),
            "{\n"
            "    \"spleen\": {\n"
            "        \"volume\": 123456.0,\n"
            "        \"intensity\": 98.76543,\n"
            "        \"voxels\": 4572,\n"
            "        \"touches_border\": true\n"
            "    },\n"
            "    \"kidney_right\": {\n"
            "        \"volume\": 0.0,\n"
            "        \"intensity\": 0.0,\n"
            "        \"voxels\": 0,\n"
            "        \"touches_border\": false\n"
            "    }\n"
            "}");
}

}  // namespace
}  // namespace tuckerseg
