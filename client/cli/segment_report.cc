#include "client/cli/segment_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "client/cli/result_warnings.h"
#include "client/cli/statistics_json.h"
#include "client/lib/contract_words.h"
#include "engine/text_table.h"

namespace tuckerseg {
namespace {

using Json = nlohmann::ordered_json;

double TotalSeconds(const v1::Summary& summary) {
  double total = 0;
  for (const auto& stage : summary.stages()) total += stage.seconds();
  return total;
}

/// The statistics of each structure by its value; empty where none were asked for.
std::map<uint32_t, v1::StructureStatistics> StatisticsByValue(const v1::Summary& summary) {
  std::map<uint32_t, v1::StructureStatistics> statistics;
  for (const auto& structure : summary.statistics()) statistics.emplace(structure.value(), structure);
  return statistics;
}

void PrintStructures(const v1::Summary& summary, std::ostream& out) {
  std::vector<v1::StructureVolume> volumes(summary.volumes().begin(), summary.volumes().end());
  std::stable_sort(volumes.begin(), volumes.end(), [](const auto& a, const auto& b) { return a.volume_ml() > b.volume_ml(); });
  const auto statistics = StatisticsByValue(summary);
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns{{"LABEL", Align::kRight}, {"STRUCTURE"}, {"ML", Align::kRight}, {"VOXELS", Align::kRight}};
  if (!statistics.empty()) columns.insert(columns.end(), {{"MEAN HU", Align::kRight}, {""}});
  TextTable table(columns, 0);
  bool border = false;
  for (const auto& volume : volumes) {
    std::vector<std::string> cells{std::to_string(volume.value()), volume.name(), Fixed(volume.volume_ml(), 1), std::to_string(volume.voxels())};
    if (!statistics.empty()) {
      const auto found = statistics.find(volume.value());
      const v1::StructureStatistics structure = found != statistics.end() ? found->second : v1::StructureStatistics();
      // Left out by the border rule: there is no mean to show.
      cells.push_back(structure.volume_mm3() == 0 ? "-" : Fixed(structure.mean_hu(), 1));
      cells.push_back(structure.touches_border() ? "*" : "");
      border = border || structure.touches_border();
    }
    table.Add(cells);
  }
  out << table.Text();
  if (border) out << "* touches the border of the volume: may be incomplete\n";
}

}  // namespace

void PrintReport(const SegmentReport& report, std::ostream& out) {
  if (report.summary.volumes().empty()) {
    out << "no structure was found\n";
  } else {
    PrintStructures(report.summary, out);
  }
  out << report.summary.volumes_size() << " of " << report.label_map.labels_size() << " structures found by level " << report.summary.variant() << " ("
      << NameOf(report.accepted.reason()) << ") on " << report.accepted.device() << "\n";
  for (const std::string& warning : WarningsOf(report.summary)) out << "warning: " << warning << "\n";
  if (!report.summary.quality_statement().empty()) out << "quality: " << report.summary.quality_statement() << "\n";
  out << "model " << report.summary.provenance().model() << " (" << report.summary.provenance().source() << ")\n";
  out << "server time " << Fixed(TotalSeconds(report.summary), 2) << " s:";
  for (const auto& stage : report.summary.stages()) out << " " << NameOf(stage.stage()) << " " << Fixed(stage.seconds(), 2);
  if (report.summary.network_seconds() > 0) out << " (networks " << Fixed(report.summary.network_seconds(), 2) << ")";
  out << "; peak memory " << Fixed(static_cast<double>(report.summary.peak_memory_bytes()) / 1048576.0, 0) << " MiB\n";
}

void PrintReportAsJson(const SegmentReport& report, std::ostream& out) {
  const v1::Summary& summary = report.summary;
  Json json{{"request_id", report.accepted.request_id()},
            {"variant", summary.variant()},
            {"variant_weights_sha256", summary.variant_weights_sha256()},
            {"reason", NameOf(report.accepted.reason())},
            {"device", report.accepted.device()},
            {"precision", summary.precision()},
            {"label_map", {{"bytes", report.label_map.bytes()}, {"sha256", report.label_map.sha256()},
                           {"shape", report.label_map.geometry().shape()}}},
            {"seconds", TotalSeconds(summary)},
            {"stages", Json::object()},
            {"network_seconds", summary.network_seconds()},
            {"crop_task", summary.crop_task()},
            {"peak_memory_bytes", summary.peak_memory_bytes()},
            {"quality", summary.quality_statement()},
            {"structures", Json::array()},
            {"part_overlap_voxels", summary.part_overlap_voxels()},
            {"provenance", {{"model", summary.provenance().model()}, {"task", summary.provenance().task()},
                            {"source", summary.provenance().source()}, {"licence", summary.provenance().licence()},
                            {"weights_sha256", summary.provenance().weights_sha256()}}}};
  AddCropAndRefinement(summary, json);
  for (const auto& stage : summary.stages()) json["stages"][NameOf(stage.stage())] = stage.seconds();
  for (const auto& volume : summary.volumes()) {
    json["structures"].push_back({{"name", volume.name()}, {"value", volume.value()}, {"voxels", volume.voxels()}, {"volume_ml", volume.volume_ml()}});
  }
  if (summary.statistics_size() > 0) json["statistics"] = Json::parse(StatisticsJson(summary));
  out << json.dump(1) << "\n";
}

}  // namespace tuckerseg
