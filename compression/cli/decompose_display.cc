#include "compression/cli/decompose_display.h"

#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "compression/decompose/rank_wish.h"
#include "engine/model/cost.h"
#include "engine/text_table.h"

namespace tuckerseg {
namespace {

struct LevelRow {
  std::string name;
  std::optional<double> level;
  double parameters = 0;
  double multiply_adds = 0;
  double bytes = 0;
  std::optional<double> seconds;
};

LevelRow RowOf(const std::string& name, std::optional<double> level, const Bundle& bundle, const LayerCost& seconds) {
  LevelRow row{.name = name, .level = level, .seconds = {}};
  row.parameters = static_cast<double>(ParameterCount(bundle.model));
  row.multiply_adds = static_cast<double>(TotalMultiplyAdds(bundle.model));
  for (const WeightStore& weights : bundle.weights) row.bytes += static_cast<double>(weights.TotalBytes());
  if (seconds) {
    const std::vector<Network> networks = NetworksOf(bundle.model);
    row.seconds = CostOf(networks, std::vector<LayerCost>(networks.size(), seconds));
  }
  return row;
}

/// The original first.
std::vector<LevelRow> RowsOf(const Bundle& bundle, const VariantFiles& files, const LayerCost& seconds) {
  std::vector<LevelRow> rows{RowOf(kOriginal, std::nullopt, bundle, seconds)};
  for (size_t i = 0; i < files.variant.levels.size(); ++i)
    rows.push_back(RowOf(files.variant.levels[i].name, files.variant.levels[i].level, BundleOf(bundle.model, files, i), seconds));
  return rows;
}

/// A line for each level that costs more than the original in something.
std::string Dearer(const std::vector<LevelRow>& rows) {
  std::string text;
  const LevelRow& whole = rows.front();
  for (const LevelRow& row : rows) {
    if (row.parameters > whole.parameters || row.multiply_adds > whole.multiply_adds) {
      text += row.name + ": costs more than the original: its ranks save nothing\n";
    } else if (row.bytes > whole.bytes) {
      text += row.name + ": takes more bytes than the original, whose weights are stored in fewer: see --half\n";
    }
  }
  return text;
}

}  // namespace

void ShowDecomposing(const std::string& what, size_t done, size_t total) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal) {
    std::fprintf(stderr, "\r%s: layer %zu of %zu\033[K%s", what.c_str(), done, total, done == total ? "\n" : "");
  } else if (done == total) {
    std::fprintf(stderr, "%s: %zu layers done\n", what.c_str(), total);
  }
}

std::string LevelsTable(const Bundle& bundle, const VariantFiles& files, const LayerCost& seconds) {
  using Align = TextTable::Align;
  const std::vector<LevelRow> rows = RowsOf(bundle, files, seconds);
  std::vector<TextTable::Column> columns{{"level"}};
  for (const char* quantity : {"parameters", "multiply-adds", "bytes"}) {
    columns.push_back({quantity, Align::kRight});
    columns.push_back({"share", Align::kRight});
  }
  if (seconds) {
    columns.push_back({"layers alone", Align::kRight});
    columns.push_back({"share", Align::kRight});
  }
  TextTable table(columns, 0);
  const LevelRow& whole = rows.front();
  for (const LevelRow& row : rows) {
    std::vector<std::string> cells{row.name, Fixed(row.parameters / 1e6, 4) + " M", Fixed(row.parameters / whole.parameters, 4), Fixed(row.multiply_adds / 1e9, 3) + " G",
                                   Fixed(row.multiply_adds / whole.multiply_adds, 4), Fixed(row.bytes / 1e6, 3) + " MB", Fixed(row.bytes / whole.bytes, 4)};
    if (row.seconds) {
      cells.push_back(Fixed(*row.seconds, 4) + " s");
      cells.push_back(Fixed(*row.seconds / *whole.seconds, 4));
    }
    table.Add(cells);
  }
  return table.Text() + Dearer(rows);
}

std::string LevelsJson(const Bundle& bundle, const VariantFiles& files, const LayerCost& seconds) {
  const std::vector<LevelRow> rows = RowsOf(bundle, files, seconds);
  nlohmann::ordered_json json{{"model", bundle.model.name}, {"method", files.variant.method}, {"grid", files.variant.grid}, {"levels", nlohmann::ordered_json::array()}};
  for (const LevelRow& row : rows) {
    nlohmann::ordered_json level{{"level", row.name}, {"number", nullptr}, {"parameters", static_cast<int64_t>(row.parameters)},
                                 {"multiply_adds_per_patch", static_cast<int64_t>(row.multiply_adds)}, {"weight_bytes", static_cast<int64_t>(row.bytes)}};
    if (row.level) level["number"] = *row.level;
    if (row.seconds) level["layers_alone_s"] = *row.seconds;
    json["levels"].push_back(std::move(level));
  }
  return json.dump(1) + "\n";
}

}  // namespace tuckerseg
