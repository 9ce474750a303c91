/// `tuckerseg segment`: a CT in, a label map out.
#include <google/protobuf/util/time_util.h>

#include <iostream>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/ct_source.h"
#include "client/cli/progress_display.h"
#include "client/cli/random_key.h"
#include "client/cli/segment_outputs.h"
#include "client/cli/segment_report.h"
#include "client/lib/client.h"
#include "engine/cli/option_checks.h"
#include "engine/cli/quantity.h"

namespace tuckerseg {
namespace {

struct SegmentArguments {
  CommonArguments common;
  std::string ct;
  OutputPaths outputs;
  bool exclude_incomplete = false;
  std::string task;
  std::string level = "auto";
  double min_quality = 0;
  std::string max_latency;
  std::string max_memory;
  std::vector<std::string> structures;
  std::string crop = "auto";
  bool force_split = false;
  double remove_small_blobs_mm3 = 0;
  int priority = 0;
  std::string deadline;
  std::string idempotency_key;  // empty: one of our own making
};

const std::map<std::string, v1::Crop> kCrops{{"auto", v1::CROP_UNSPECIFIED}, {"none", v1::CROP_NONE}, {"rough", v1::CROP_ROUGH},
                                             {"robust", v1::CROP_ROBUST}, {"body", v1::CROP_BODY}};

std::string CheckedKey(const std::string& key) {
  return key.empty() || key.size() > 128 ? "must have 1 to 128 characters" : "";
}

/// `ends`: those that a file's name may have.
CLI::Validator NameThatEndsIn(const std::string& ends, const std::vector<std::string>& list) {
  return CLI::Validator(
      [ends, list](std::string& text) {
        for (const std::string& end : list)
          if (text.ends_with(end)) return std::string();
        return "must end in " + ends;
      },
      "");
}

void FillLevel(const SegmentArguments& arguments, v1::LevelChoice& level) {
  if (arguments.level != "auto") {
    level.set_name(arguments.level);
    return;
  }
  v1::AutomaticLevel& automatic = *level.mutable_automatic();
  automatic.set_min_quality(arguments.min_quality);
  if (!arguments.max_memory.empty()) automatic.set_max_memory_bytes(ParseBytes(arguments.max_memory));
  if (!arguments.max_latency.empty()) {
    *automatic.mutable_max_latency() = google::protobuf::util::TimeUtil::MillisecondsToDuration(ParseDuration(arguments.max_latency).count());
  }
}

void FillProcessing(const SegmentArguments& arguments, v1::ProcessingOptions& processing) {
  processing.set_crop(kCrops.at(arguments.crop));
  processing.set_force_split(arguments.force_split);
  processing.set_remove_small_blobs_mm3(arguments.remove_small_blobs_mm3);
}

void Segment(const SegmentArguments& arguments) {
  SegmentOutputs outputs(arguments.outputs, arguments.ct);
  ProgressDisplay display(ProgressDisplay::StyleForStandardError(arguments.common.quiet), std::cerr);
  const CtSource ct = OpenCt(arguments.ct);

  v1::SegmentHeader header;
  header.set_task(arguments.task);
  FillLevel(arguments, *header.mutable_level());
  for (const std::string& structure : arguments.structures) header.add_structures(CLI::detail::trim_copy(structure));
  FillProcessing(arguments, *header.mutable_processing());
  outputs.Ask(*header.mutable_output());
  header.mutable_output()->set_exclude_incomplete(arguments.exclude_incomplete);
  header.set_priority(arguments.priority);
  header.set_idempotency_key(arguments.idempotency_key.empty() ? RandomKey() : arguments.idempotency_key);
  header.set_total_bytes(ct.total_bytes);
  header.set_sha256(ct.sha256);

  SegmentReport report;
  SegmentEvents events;
  events.sent = [&](int64_t bytes) { display.Sent(bytes, static_cast<int64_t>(ct.total_bytes)); };
  events.accepted = [&](const v1::Accepted& accepted) { display.Accepted(report.accepted = accepted); };
  events.progress = [&](const v1::Progress& progress) { display.Progress(progress); };
  events.label_map_header = [&](const v1::LabelMapHeader& label_map_header) { report.label_map = label_map_header; };
  outputs.Listen(events);
  events.again = [&, drop = std::move(events.again)](int attempt) {
    drop(attempt);
    display.Again(attempt);
  };
  CallLimits limits;
  if (!ct.repeatable) limits.most_attempts = 1;
  if (!arguments.deadline.empty()) limits.deadline = ParseDuration(arguments.deadline);

  report.summary = Connect(arguments.common).Segment(header, ct.produce, events, limits);
  display.Clear();
  outputs.Write(report.label_map, report.summary);
  arguments.common.json ? PrintReportAsJson(report, std::cout) : PrintReport(report, std::cout);
}

void AddOutputOptions(CLI::App& command, SegmentArguments& arguments) {
  OutputPaths& outputs = arguments.outputs;
  command.add_option("-o,--output", outputs.label_map, "Label map to write: .nii.gz or .nii; may be left out with --split-dir")
      ->check(NameThatEndsIn(".nii.gz or .nii", {".nii.gz", ".nii"}));
  command.add_option("--split-dir", outputs.split_dir, "Folder for one file a structure, STRUCTURE.nii.gz, 0 and 1; made if missing");
  CLI::Option* statistics =
      command.add_option("--statistics", outputs.statistics, "JSON to write: volume (mm3) and mean intensity (HU) by structure");
  command.add_flag("--statistics-exclude-incomplete", arguments.exclude_incomplete,
                   "Volume and intensity 0 for structures that touch the volume's border, as TotalSegmentator does")
      ->needs(statistics);
  command.add_option("--preview", outputs.preview, "Picture to write: .png, three planes with the structures' outlines")
      ->check(NameThatEndsIn(".png", {".png"}));
}

void AddProcessingOptions(CLI::App& command, SegmentArguments& arguments) {
  command.add_option("--structures", arguments.structures, "Structures to keep, e.g. liver,spleen; default: all. Networks that know none of them do not run")
      ->delimiter(',');
  command.add_option("--crop", arguments.crop,
                     "Look only where a rougher model finds the structures. auto: as the task says, and to --structures where the server has "
                     "such a model; none; rough; robust: slower, misses less; body. What may be missing for it is told in a warning")
      ->check(CLI::IsMember(kCrops))->capture_default_str();
  command.add_flag("--force-split", arguments.force_split, "Predict three overlapping parts along the body, as TotalSegmentator's option does");
  command.add_option("--remove-small-blobs", arguments.remove_small_blobs_mm3, "Components of a structure up to this volume (mm3) become background")
      ->check(NumberIn(0, 1e9));
}

}  // namespace

void AddSegmentCommand(CLI::App& app) {
  const auto arguments = std::make_shared<SegmentArguments>();
  CLI::App* command = app.add_subcommand("segment", "Segment a CT: NIfTI or DICOM in, a label map out; statistics and a picture, if wanted");
  AddCommonOptions(*command, arguments->common);
  command->add_option("CT", arguments->ct, "CT: .nii, .nii.gz, a folder or file of DICOM, or - for NIfTI on standard input")->required();
  AddOutputOptions(*command, *arguments);
  command->add_option("--task", arguments->task, "Task, e.g. total_fast; default: the server's only one, or total");
  command->add_option("--level", arguments->level, "auto, original, or a level's name or number, e.g. 0.3 (`tuckerseg levels` lists them)")->capture_default_str();
  command->add_option("--min-quality", arguments->min_quality, "For auto: least mean Dice against the original, 0 to 1")
      ->check(NumberIn(0, 1));
  command->add_option("--max-latency", arguments->max_latency, "For auto: longest time to the label map, e.g. 30s")->check(ParsedBy(ParseDuration));
  command->add_option("--max-memory", arguments->max_memory, "For auto: most memory for the segmentation, e.g. 4GiB")->check(ParsedBy(ParseBytes));
  AddProcessingOptions(*command, *arguments);
  command->add_option("--priority", arguments->priority, "Place in the queue, -10 to 10; higher goes first")->check(CLI::Range(-10, 10));
  command->add_option("--deadline", arguments->deadline, "Give up after this time, e.g. 5m; a bare number is seconds")->check(ParsedBy(ParseDuration));
  command->add_option("--idempotency-key", arguments->idempotency_key,
                      "Name of this request: sent again under it, with the same CT and options, it is answered without being worked again. "
                      "Default: a random one, under which the request is sent again if the connection breaks")
      ->check(CLI::Validator(CheckedKey, ""));
  command->callback([arguments] {
    if (arguments->outputs.label_map.empty() && arguments->outputs.split_dir.empty()) throw CLI::RequiredError("--output or --split-dir");
    const bool conditions = arguments->min_quality > 0 || !arguments->max_latency.empty() || !arguments->max_memory.empty();
    if (conditions && arguments->level != "auto") {
      throw CLI::ValidationError("--level = " + arguments->level, "must be auto where --min-quality, --max-latency or --max-memory is given");
    }
    Segment(*arguments);
  });
}

}  // namespace tuckerseg
