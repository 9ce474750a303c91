#include "engine/phantom/cli/phantom_command.h"

#include <array>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "engine/model/task_catalog.h"
#include "engine/phantom/cli/phantom_files.h"

namespace tuckerseg {
namespace {

struct PhantomArguments {
  PhantomOptions options;
  std::vector<double> spacing{3};
  std::vector<int64_t> shape;
  std::string phase, output, labels, data_set;
  int count = 0;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  bool quiet = false, json = false;
};

const std::map<std::string, ContrastPhase>& Phases() {
  static const std::map<std::string, ContrastPhase> phases{{"none", ContrastPhase::kNone},
                                                           {"arterial", ContrastPhase::kArterial},
                                                           {"portal-venous", ContrastPhase::kPortalVenous}};
  return phases;
}

const char* NameOf(ContrastPhase phase) {
  for (const auto& [name, value] : Phases())
    if (value == phase) return name.c_str();
  return "";
}

/// One phantom as JSON: its grid and what is in it, structures in ascending order of their values.
nlohmann::ordered_json Report(uint64_t seed, const Phantom& made, std::span<const Label> labels) {
  std::vector<int64_t> voxels(65536);
  for (const uint16_t label : made.labels.labels) ++voxels[label];
  const Spacing3& spacing = made.ct.geometry.header_spacing_mm;
  const double voxel_mm3 = spacing[0] * spacing[1] * spacing[2];
  nlohmann::ordered_json structures = nlohmann::ordered_json::array();
  for (const Label& label : labels) {
    const int64_t count = voxels[static_cast<size_t>(label.value)];
    if (count == 0) continue;
    structures.push_back({{"name", label.name},
                          {"value", label.value},
                          {"voxels", count},
                          {"mm3", static_cast<double>(count) * voxel_mm3}});
  }
  return {{"seed", seed},
          {"phase", NameOf(made.phase)},
          {"shape", made.ct.geometry.shape},
          {"spacing_mm", spacing},
          {"structures", structures}};
}

void PrintText(const nlohmann::ordered_json& report) {
  const auto& shape = report.at("shape");
  std::cout << "seed " << report.at("seed") << ": " << shape[0] << " x " << shape[1] << " x " << shape[2]
            << " voxels, phase " << report.at("phase").get<std::string>() << ", "
            << report.at("structures").size() << " structures" << std::endl;
}

void RequireOneForm(const PhantomArguments& arguments) {
  const bool set = !arguments.data_set.empty();
  if (set == !arguments.output.empty())
    throw CLI::ValidationError("--output or --data-set", "one of them must be given, not both");
  if (set != (arguments.count > 0))
    throw CLI::ValidationError("--count", "must be given with --data-set, at least 1, and only there");
  if (set && !arguments.labels.empty())
    throw CLI::ValidationError("--labels", "must be left out with --data-set, which has its own");
}

PhantomOptions OptionsOf(const PhantomArguments& arguments) {
  PhantomOptions options = arguments.options;
  if (arguments.spacing.size() != 1 && arguments.spacing.size() != 3)
    throw CLI::ValidationError("--spacing", "must be one number or three");
  for (size_t axis = 0; axis < 3; ++axis)
    options.spacing_mm[axis] = arguments.spacing[axis % arguments.spacing.size()];
  if (!arguments.shape.empty())
    options.shape = Index3{arguments.shape[0], arguments.shape[1], arguments.shape[2]};
  if (!arguments.phase.empty()) options.phase = Phases().at(arguments.phase);
  return options;
}

void Run(const PhantomArguments& arguments) {
  RequireOneForm(arguments);
  const PhantomOptions options = OptionsOf(arguments);
  const TaskCatalog catalog;
  const std::vector<Label>& labels = catalog.Find("total").labels;
  nlohmann::ordered_json reports = nlohmann::ordered_json::array();
  const auto done = [&](uint64_t seed, const Phantom& made) {
    const nlohmann::ordered_json report = Report(seed, made, labels);
    if (arguments.json)
      reports.push_back(report);
    else if (!arguments.quiet)
      PrintText(report);
  };
  if (arguments.data_set.empty()) {
    const Phantom made = MakePhantom(options, arguments.threads);
    // Labels first: whoever waits for the CT finds both.
    if (!arguments.labels.empty()) WriteLabelFile(made, labels, arguments.labels);
    WriteCtFile(made, arguments.output);
    done(options.seed, made);
  } else {
    WriteDataSet(options, arguments.count, arguments.threads, labels, arguments.data_set, done);
  }
  if (arguments.json) std::cout << (arguments.data_set.empty() ? reports[0] : reports).dump(1) << "\n";
}

}  // namespace

void SetUpPhantomCommand(CLI::App& app) {
  const auto arguments = std::make_shared<PhantomArguments>();
  PhantomOptions& options = arguments->options;
  app.add_option("-o,--output", arguments->output, "CT to write (.nii or .nii.gz)");
  app.add_option("--labels", arguments->labels, "Label map to write (.nii or .nii.gz)");
  app.add_option("--seed", options.seed, "Which patient, phase, scan and noise; default 0");
  app.add_option("--spacing", arguments->spacing, "Millimetres along all axes, or along i,j,k; default 3")
      ->delimiter(',')
      ->expected(1, 3);
  app.add_option("--structures", options.structures,
                 "Only the N largest and plainest structures; default: all");
  app.add_option("--orientation", options.orientation, "Where i, j, k lead, e.g. LPS; default RAS");
  app.add_option("--oblique", options.oblique_degrees, "Degrees by which the grid is turned; default 0");
  app.add_option("--phase", arguments->phase,
                 "Contrast phase: none, arterial or portal-venous; default: drawn by seed")
      ->check(CLI::IsMember({"none", "arterial", "portal-venous"}));
  app.add_option("--shape", arguments->shape,
                 "Voxels I,J,K, centred on the patient; default: what the scan needs")
      ->delimiter(',')
      ->expected(3);
  app.add_option("--threads", arguments->threads,
                 "Threads; default: one for each processor. They change no voxel");
  app.add_option("--data-set", arguments->data_set,
                 "Folder to write COUNT phantoms to, in nnU-Net's raw layout");
  app.add_option("--count", arguments->count, "Phantoms in the data set, with the seeds from SEED on");
  app.add_flag("--quiet", arguments->quiet, "Print nothing but errors");
  app.add_flag("--json", arguments->json, "Print the structures, with voxels and mm3, as JSON");
  app.callback([arguments] { Run(*arguments); });
}

}  // namespace tuckerseg
