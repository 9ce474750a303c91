/// `tuckerseg compare`: how far levels agree on one CT, and how long each takes.
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/compare_outputs.h"
#include "client/cli/compare_report.h"
#include "client/cli/ct_geometry.h"
#include "client/cli/ct_source.h"
#include "client/cli/progress_display.h"
#include "client/cli/reference_map.h"
#include "client/lib/client.h"
#include "engine/cli/option_checks.h"
#include "engine/cli/quantity.h"

namespace tuckerseg {
namespace {

struct CompareArguments {
  CommonArguments common;
  std::string ct;
  std::vector<std::string> levels;
  std::string output;
  std::string reference;
  std::string task;
  int priority = 0;
  std::string deadline;
};

v1::CompareHeader HeaderOf(const CompareArguments& arguments, const CtSource& ct) {
  v1::CompareHeader header;
  header.set_task(arguments.task);
  for (const std::string& level : arguments.levels) header.add_levels(CLI::detail::trim_copy(level));
  header.set_label_maps(!arguments.output.empty() || !arguments.reference.empty());
  header.set_priority(arguments.priority);
  header.set_total_bytes(ct.total_bytes);
  header.set_sha256(ct.sha256);
  return header;
}

/// What becomes of each level as it comes. One label map's file is held at a time.
class LevelsTaken {
 public:
  explicit LevelsTaken(const CompareArguments& arguments) {
    if (!arguments.reference.empty()) reference_.emplace(arguments.reference);
    if (!arguments.output.empty()) outputs_.emplace(arguments.output, arguments.ct, arguments.reference);
  }

  /// `volume`, refused while it is sent where it does not lie on the reference's grid: not after minutes of work.
  ByteProducer Checked(ByteProducer volume) const {
    if (!reference_) return volume;
    return TellingGeometry(std::move(volume), [this](const Geometry& geometry) { reference_->CheckGrid(geometry); });
  }

  void Listen(CompareEvents& events) {
    events.accepted = [this](const v1::Accepted& accepted) {
      report_.request_id = accepted.request_id();
      if (outputs_) outputs_->Check(accepted.variant());
    };
    events.result = [this](const v1::LevelResult& result) { report_.levels.push_back({result, {}}); };
    events.label_map_header = [this](const v1::LabelMapHeader& header) { labels_.assign(header.labels().begin(), header.labels().end()); };
    events.label_map = [this](std::span<const std::byte> bytes) { label_map_.insert(label_map_.end(), bytes.begin(), bytes.end()); };
    events.label_map_end = [this](const v1::LevelResult& result) {
      if (reference_) report_.levels.back().reference = reference_->AgreementOf(label_map_, labels_);
      if (outputs_) outputs_->Write(result.variant(), label_map_);
      label_map_.clear();
    };
  }

  const CompareReport& report() const { return report_; }

 private:
  std::optional<ReferenceMap> reference_;
  std::optional<CompareOutputs> outputs_;
  std::vector<v1::Label> labels_;     // of the label map that comes
  std::vector<std::byte> label_map_;  // what has come of it
  CompareReport report_;
};

void Compare(const CompareArguments& arguments) {
  LevelsTaken levels(arguments);
  ProgressDisplay display(ProgressDisplay::StyleForStandardError(arguments.common.quiet), std::cerr);
  const CtSource ct = OpenCt(arguments.ct);
  CompareEvents events;
  levels.Listen(events);
  events.sent = [&](int64_t bytes) { display.Sent(bytes, static_cast<int64_t>(ct.total_bytes)); };
  events.progress = [&](const v1::Progress& progress) { display.Progress(progress); };
  events.accepted = [&, check = std::move(events.accepted)](const v1::Accepted& accepted) {
    check(accepted);
    display.Accepted(accepted);
  };
  CallLimits limits;
  if (!arguments.deadline.empty()) limits.deadline = ParseDuration(arguments.deadline);

  Connect(arguments.common).Compare(HeaderOf(arguments, ct), levels.Checked(ct.produce), events, limits);
  display.Clear();
  arguments.common.json ? PrintComparisonAsJson(levels.report(), std::cout) : PrintComparison(levels.report(), std::cout);
}

}  // namespace

void AddCompareCommand(CLI::App& app) {
  const auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command = app.add_subcommand("compare", "Segment a CT at several levels: how far they agree with the first one, and how long each takes");
  AddCommonOptions(*command, arguments->common);
  command->add_option("CT", arguments->ct, "CT: .nii, .nii.gz, a folder or file of DICOM, or - for NIfTI on standard input")->required();
  command->add_option("--levels", arguments->levels,
                      "Two or more, e.g. original,0.3: names or numbers (`tuckerseg levels` lists them). The others are compared with the first")
      ->delimiter(',')->allow_extra_args(false)->required();
  command->add_option("-o,--output", arguments->output, "Folder for one label map a level, LEVEL.nii.gz; made if missing");
  command->add_option("--reference", arguments->reference, "Label map of this CT, .nii or .nii.gz, whose values are the task's: the Dice of each level to it, too");
  command->add_option("--task", arguments->task, "Task, e.g. total_fast; default: the server's only one, or total");
  command->add_option("--priority", arguments->priority, "Place in the queue, -10 to 10; higher goes first")->check(CLI::Range(-10, 10));
  command->add_option("--deadline", arguments->deadline, "Give up after this time for all levels, e.g. 5m; a bare number is seconds")
      ->check(ParsedBy(ParseDuration));
  command->callback([arguments] {
    if (arguments->levels.size() < 2) throw CLI::ValidationError("--levels", "must be two or more, with commas between them");
    Compare(*arguments);
  });
}

}  // namespace tuckerseg
