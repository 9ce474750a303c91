/// A page of metrics in Prometheus' text format, as it was scraped.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/load/bucket_counts.h"

namespace tuckerseg::load {

class ScrapedPage {
 public:
  using Labels = std::map<std::string, std::string>;

  /// Errors: kInvalidArgument, naming the line, for what is no such page.
  explicit ScrapedPage(std::string_view text);

  /// Over all series of this name that have these labels, whatever others they have; nothing where there is none.
  std::optional<double> Sum(const std::string& name, const Labels& labels = {}) const;
  /// Of the histograms of this name (without `_bucket`) that have these labels, together; without buckets where there is none.
  BucketCounts Buckets(const std::string& name, const Labels& labels = {}) const;

 private:
  struct Series {
    Labels labels;
    double value = 0;
  };
  std::map<std::string, std::vector<Series>> series_;  // by name
};

}  // namespace tuckerseg::load
