#include "tests/load/load_report.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <sstream>
#include <utility>

#include "engine/text_table.h"

namespace tuckerseg::load {
namespace {

using Align = TextTable::Align;

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

std::string OrDash(const std::optional<double>& value, int decimals) { return value ? Fixed(*value, decimals) : "-"; }

std::string OrNan(const std::optional<double>& value, int decimals) { return value ? Fixed(*value, decimals) : "NaN"; }

std::string PercentOrDash(const std::optional<double>& share) { return share ? Fixed(100 * *share, 1) + " %" : "-"; }

Json CountsJson(const std::map<std::string, int64_t>& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

std::optional<double> LatencyAt(const LoadRun& run, double share) {
  std::vector<double> latencies = Latencies(run.records);
  return latencies.empty() ? std::nullopt : std::optional(Percentile(std::move(latencies), share));
}

const char* NameOf(Ruling ruling) {
  switch (ruling) {
    case Ruling::kKept: return "kept";
    case Ruling::kBroken: return "broken";
    case Ruling::kNotJudged: return "not judged";
  }
  return "";
}

const char* NameOf(ClientKind client) {
  switch (client) {
    case ClientKind::kPlain: return "plain";
    case ClientKind::kSendsSlowly: return "sends slowly";
    case ClientKind::kReadsSlowly: return "reads slowly";
    case ClientKind::kVanishes: return "vanishes";
  }
  return "";
}

/// Levels are compared by what all volumes take together.
double UnloadedSeconds(const std::string& level, const AnswerBook& book, std::span<const VolumeFile> volumes) {
  double seconds = 0;
  for (const VolumeFile& volume : volumes)
    if (const UnloadedAnswer* answer = book.Find(volume.name, level)) seconds += answer->seconds;
  return seconds;
}

Json SamplesJson(const Scrapes& scrapes) {
  Json samples = Json::array();
  for (const ServerSample& sample : scrapes.samples) {
    samples.push_back(Json{{"at_s", sample.at_s}, {"resident_bytes", sample.resident_bytes}, {"waiting", sample.waiting}, {"running", sample.running}});
  }
  return samples;
}

}  // namespace

std::string LevelOf(const Workload& workload) {
  const std::string& first = workload.levels.front().level;
  const bool same = std::all_of(workload.levels.begin(), workload.levels.end(), [&](const LevelWish& wish) { return wish.level == first; });
  return same ? first : "mixed";
}

JudgedRun Judge(LoadRun run, const Unloaded& unloaded) {
  JudgedRun judged{.level = LevelOf(run.workload), .run = std::move(run)};
  judged.tally = TallyOf(judged.run.records, judged.run.workload, unloaded.book, unloaded.levels);
  judged.findings = JudgeRun(judged.run, judged.tally);
  return judged;
}

Json ServerJson(const Unloaded& unloaded, std::span<const VolumeFile> volumes) {
  Json levels = Json::array();
  for (const ListedLevel& level : unloaded.levels) {
    Json answers = Json::object();
    for (const VolumeFile& volume : volumes) {
      const UnloadedAnswer* answer = unloaded.book.Find(volume.name, level.name);
      if (answer != nullptr) answers[volume.name] = Json{{"seconds", answer->seconds}, {"sha256", answer->sha256}};
    }
    levels.push_back(Json{{"level", level.name}, {"quality", OrNull(level.quality)}, {"unloaded", std::move(answers)}});
  }
  return Json{{"task", unloaded.task}, {"capacity_per_s", unloaded.capacity.per_s}, {"capacity_level", unloaded.capacity.level}, {"original_per_s", unloaded.capacity.original_per_s}, {"levels", std::move(levels)}};
}

Json FindingsJson(std::span<const Finding> findings) {
  Json json = Json::array();
  for (const Finding& finding : findings) {
    json.push_back(Json{{"promise", finding.promise}, {"ruling", NameOf(finding.ruling)}, {"measured", finding.measured}, {"promised", finding.promised}});
  }
  return json;
}

Json RunJson(const JudgedRun& judged) {
  const Tally& tally = judged.tally;
  Json json{{"level", judged.level},
            {"factor", judged.run.factor},
            {"rate_per_s", judged.run.rate_per_s},
            {"duration_s", judged.run.workload.duration_s},
            {"seed", judged.run.workload.seed}};
  json["requests"] = Json{{"planned", tally.planned},
                          {"sent", tally.sent},
                          {"admitted", tally.admitted},
                          {"answered", tally.answered},
                          {"in_time", tally.in_time},
                          {"in_time_share", OrNull(tally.in_time_share())},
                          {"admitted_deadlines", tally.admitted_deadlines},
                          {"kept_deadlines", tally.kept_deadlines},
                          {"kept_share", OrNull(tally.kept_share())},
                          {"wrong", tally.wrong},
                          {"refused", tally.refused},
                          {"codes", CountsJson(tally.codes)},
                          {"levels", CountsJson(tally.levels)},
                          {"reasons", CountsJson(tally.reasons)}};
  json["mean_quality"] = OrNull(tally.mean_quality);
  json["latency_s"] = Json{{"p50", OrNull(LatencyAt(judged.run, 0.50))}, {"p95", OrNull(LatencyAt(judged.run, 0.95))}, {"p99", OrNull(LatencyAt(judged.run, 0.99))}};
  json["findings"] = FindingsJson(judged.findings);
  json["samples"] = SamplesJson(judged.run.scrapes);
  return json;
}

std::string ServerText(const Unloaded& unloaded, std::span<const VolumeFile> volumes) {
  const double original_s = UnloadedSeconds(kOriginal, unloaded.book, volumes);
  TextTable table({{"level"}, {"quality", Align::kRight}, {"all volumes, unloaded", Align::kRight}, {"of the original", Align::kRight}});
  for (const ListedLevel& level : unloaded.levels) {
    const double seconds = UnloadedSeconds(level.name, unloaded.book, volumes);
    table.Add({level.name, OrDash(level.quality, 4), Fixed(seconds, 3) + " s", original_s > 0 ? Fixed(100 * seconds / original_s, 0) + " %" : "-"});
  }
  return table.Text() + "capacity: " + Fixed(unloaded.capacity.per_s, 3) + " requests a second, one after another at " + unloaded.capacity.level + "; " +
         Fixed(unloaded.capacity.original_per_s, 3) + " at original\n";
}

std::string RunsText(std::span<const JudgedRun> runs) {
  TextTable table({{"level"}, {"load", Align::kRight}, {"requests", Align::kRight}, {"answered", Align::kRight}, {"in time", Align::kRight}, {"admitted deadlines kept", Align::kRight},
                   {"mean quality", Align::kRight}, {"p50 s", Align::kRight}, {"p95 s", Align::kRight}, {"p99 s", Align::kRight}});
  for (const JudgedRun& judged : runs) {
    const Tally& tally = judged.tally;
    table.Add({judged.level, Fixed(judged.run.factor, 2) + " x", std::to_string(tally.planned), std::to_string(tally.answered), PercentOrDash(tally.in_time_share()),
               PercentOrDash(tally.kept_share()), OrDash(tally.mean_quality, 4), OrDash(LatencyAt(judged.run, 0.50), 2), OrDash(LatencyAt(judged.run, 0.95), 2),
               OrDash(LatencyAt(judged.run, 0.99), 2)});
  }
  return table.Text();
}

std::string FindingsText(std::span<const Finding> findings) {
  TextTable table({{"promise"}, {"ruling"}, {"measured"}, {"promised"}});
  for (const Finding& finding : findings) {
    table.Add({finding.promise, finding.ruling == Ruling::kBroken ? "BROKEN" : NameOf(finding.ruling), finding.measured, finding.promised});
  }
  return table.Text();
}

std::string RunsCsv(std::span<const JudgedRun> runs) {
  std::string text = "level,factor,rate_per_s,in_time_share,kept_share,mean_quality,p50_s,p95_s,p99_s\n";
  for (const JudgedRun& judged : runs) {
    const Tally& tally = judged.tally;
    text += judged.level + "," + Fixed(judged.run.factor, 4) + "," + Fixed(judged.run.rate_per_s, 4) + "," + OrNan(tally.in_time_share(), 4) + "," + OrNan(tally.kept_share(), 4) + "," +
            OrNan(tally.mean_quality, 4) + "," + OrNan(LatencyAt(judged.run, 0.50), 3) + "," + OrNan(LatencyAt(judged.run, 0.95), 3) + "," + OrNan(LatencyAt(judged.run, 0.99), 3) + "\n";
  }
  return text;
}

std::string RequestsCsv(const LoadRun& run) {
  std::ostringstream text;
  text << "due_s,sent_s,ended_s,volume,asked,client,priority,deadline_s,code,level,reason,in_time,foretold_s,retry_after_s,sha256\n";
  for (const RequestRecord& record : run.records) {
    const PlannedRequest& planned = record.planned;
    text << Fixed(planned.at_s, 4) << "," << Fixed(record.sent_s, 4) << "," << Fixed(record.ended_s, 4) << "," << run.workload.volumes[planned.volume].name << ","
         << run.workload.levels[planned.level].level << "," << NameOf(planned.client) << "," << planned.priority << "," << OrNan(planned.deadline_s, 4) << "," << record.code << ","
         << record.level << "," << record.reason << "," << record.in_time() << "," << OrNan(record.foretold_s, 4) << "," << OrNan(record.retry_after_s, 3) << "," << record.sha256 << "\n";
  }
  return text.str();
}

}  // namespace tuckerseg::load
