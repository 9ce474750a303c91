#include "tests/load/scraped_page.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "engine/error.h"

namespace tuckerseg::load {
namespace {

/// NAME{LABEL="VALUE",...} NUMBER [TIME]
class SeriesLine {
 public:
  SeriesLine(std::string_view text, size_t number) : rest_(text), number_(number) {}

  std::string Name() {
    const size_t end = std::min(rest_.find_first_of("{ "), rest_.size());
    if (end == 0) Refuse();
    return Take(end);
  }
  ScrapedPage::Labels Labels() {
    ScrapedPage::Labels labels;
    if (!Skip('{')) return labels;
    while (!Skip('}')) {
      const std::string name = Take(std::min(rest_.find('='), rest_.size()));
      if (!Skip('=') || !Skip('"')) Refuse();
      labels[name] = Quoted();
      Skip(',');  // Prometheus takes one behind the last label, too
    }
    return labels;
  }
  double Value() {
    if (!Skip(' ')) Refuse();
    const std::string text = Take(std::min(rest_.find(' '), rest_.size()));
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);  // knows NaN, +Inf and -Inf as Prometheus writes them
    if (text.empty() || *end != '\0') Refuse();
    return value;
  }

 private:
  [[noreturn]] void Refuse() const {
    throw Error(ErrorCode::kInvalidArgument, "metrics, line " + std::to_string(number_) + ": must be NAME{LABEL=\"VALUE\",...} NUMBER");
  }
  std::string Take(size_t count) {
    const std::string taken(rest_.substr(0, count));
    rest_.remove_prefix(count);
    return taken;
  }
  bool Skip(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Up to the closing quote, which is taken too.
  std::string Quoted() {
    std::string text;
    while (!Skip('"')) {
      const bool escaped = Skip('\\');
      if (rest_.empty()) Refuse();
      const char next = rest_.front();
      rest_.remove_prefix(1);
      text += escaped && next == 'n' ? '\n' : next;
    }
    return text;
  }

  std::string_view rest_;
  const size_t number_;
};

bool Has(const ScrapedPage::Labels& labels, const ScrapedPage::Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = labels.find(label.first);
    return found != labels.end() && found->second == label.second;
  });
}

}  // namespace

ScrapedPage::ScrapedPage(std::string_view text) {
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    SeriesLine parts(line, number);
    const std::string name = parts.Name();
    Labels labels = parts.Labels();
    series_[name].push_back({std::move(labels), parts.Value()});
  }
}

std::optional<double> ScrapedPage::Sum(const std::string& name, const Labels& labels) const {
  const auto found = series_.find(name);
  if (found == series_.end()) return {};
  std::optional<double> sum;
  for (const Series& series : found->second)
    if (Has(series.labels, labels)) sum = sum.value_or(0) + series.value;
  return sum;
}

BucketCounts ScrapedPage::Buckets(const std::string& name, const Labels& labels) const {
  std::map<double, double> cumulative;  // by the bucket's end
  const auto found = series_.find(name + "_bucket");
  if (found != series_.end()) {
    for (const Series& series : found->second) {
      const auto end = series.labels.find("le");
      if (end == series.labels.end() || !Has(series.labels, labels)) continue;
      cumulative[std::strtod(end->second.c_str(), nullptr)] += series.value;
    }
  }
  BucketCounts buckets;
  double below = 0;
  for (const auto& [end, count] : cumulative) {
    buckets.ends.push_back(end);
    buckets.counts.push_back(count - below);
    below = count;
  }
  return buckets;
}

}  // namespace tuckerseg::load
