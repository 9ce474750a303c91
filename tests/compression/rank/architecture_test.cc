/// The paper's table, to the last digit that it shows (spec: M parameters, share removed, G multiply-adds of one patch).
#include "compression/rank/architecture.h"

#include <gmock/gmock.h>

#include <cstdio>

#include "compression/rank/level.h"
#include "compression/rank/rewrite.h"
#include "engine/model/cost.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

std::string Digits(const char* format, double number) {
  char text[32];
  std::snprintf(text, sizeof(text), format, number);
  return text;
}

struct Row {
  double factor;  ///< 0: the original
  const char* parameters;
  const char* removed;
  const char* multiply_adds;
};

void ExpectTable(const std::string& architecture, const std::vector<Row>& rows) {
  const Network network = PaperNetwork(architecture);
  const auto original = static_cast<double>(ParameterCount(network.graph));
  for (const Row& row : rows) {
    SCOPED_TRACE(architecture + " at " + std::to_string(row.factor));
    const LayerGraph graph = row.factor > 0 ? WithRanks(network.graph, PaperRanks(network.graph, row.factor)) : network.graph;
    const auto parameters = static_cast<double>(ParameterCount(graph));
    EXPECT_EQ(Digits("%.4f", parameters / 1e6), row.parameters);
    EXPECT_EQ(Digits("%.2f", 100 * (1 - parameters / original)), row.removed);
    EXPECT_EQ(Digits("%.3f", static_cast<double>(TotalMultiplyAdds(graph, network.patch)) / 1e9), row.multiply_adds);
  }
}

TEST(PaperNetwork, HasTheTablesCountsAt1500Micrometres) {
  ExpectTable("1.5mm", {{0, "31.1948", "0.00", "478.775"},
                        {0.9, "27.9246", "10.48", "442.214"},
                        {0.7, "17.3581", "44.36", "279.698"},
                        {0.5, "9.2447", "70.36", "147.374"},
                        {0.4, "6.1832", "80.18", "101.307"},
                        {0.3, "3.6986", "88.14", "63.230"},
                        {0.2, "1.8545", "94.06", "36.029"},
                        {0.1, "0.6278", "97.99", "23.934"},
                        {0.05, "0.2579", "99.17", "22.219"}});
}

TEST(PaperNetwork, HasTheTablesCountsAt3Millimetres) {
  ExpectTable("3mm", {{0, "16.5505", "0.00", "367.778"},
                      {0.9, "14.8760", "10.12", "358.602"},
                      {0.7, "9.2578", "44.06", "229.534"},
                      {0.5, "4.9216", "70.26", "123.590"},
                      {0.4, "3.3096", "80.00", "86.327"},
                      {0.3, "1.9816", "88.03", "54.925"},
                      {0.2, "1.0012", "93.95", "31.797"},
                      {0.1, "0.3454", "97.91", "20.254"},
                      {0.05, "0.1514", "99.09", "18.178"}});
}

TEST(PaperNetwork, IsASegmentationNetworkWhoseStridesDivideItsPatch) {
  for (const char* name : {"1.5mm", "3mm"}) {
    const Network network = PaperNetwork(name);
    EXPECT_TRUE(network.graph.KeepsResolution());
    for (size_t a = 0; a < 3; ++a) EXPECT_EQ(network.patch[a] % network.graph.PatchDivisor()[a], 0);
  }
  EXPECT_EQ(PaperNetwork("1.5mm").graph.OutChannels(), 25);
  EXPECT_EQ(PaperNetwork("3mm").graph.OutChannels(), 118);
}

TEST(PaperNetwork, RefusesOtherNames) {
  ExpectError(ErrorCode::kInvalidArgument, "architecture = 2mm: must be 1.5mm or 3mm", [] { PaperNetwork("2mm"); });
}

}  // namespace
}  // namespace tuckerseg
