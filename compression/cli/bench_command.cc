#include "compression/cli/bench_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "compression/bench/card_latency.h"
#include "compression/bench/form_networks.h"
#include "compression/bench/latency_report.h"
#include "compression/bench/patch_latency.h"
#include "compression/bench/random_network.h"
#include "compression/bench/torch/on_device_executor.h"
#include "compression/bench/torch/torch_device.h"
#include "compression/bench/volume_latency.h"
#include "compression/cases/case_files.h"
#include "compression/cli/bench_display.h"
#include "engine/cli/option_checks.h"
#include "compression/forms/model_form.h"
#include "engine/error.h"
#include "engine/execute/slow_precision.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/freed_memory.h"
#include "engine/model/variant.h"
#include "engine/segment/other_models.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

struct BenchArguments {
  fs::path bundle;
  std::vector<std::string> variants;
  std::string architecture;
  std::vector<std::string> levels{"original", "0.5", "0.3", "0.1"};
  int64_t grid = 1;
  std::string device = "cpu";
  std::string precision = "fp32";
  std::string executor = "torch";
  int threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::vector<int64_t> patch;
  int repeat = 5;
  fs::path volume;
  bool no_card = false;
  bool on_device = false;
  bool json = false;
  bool quiet = false;
};

std::optional<Size3> PatchOf(const BenchArguments& arguments) {
  if (arguments.patch.empty()) return std::nullopt;
  return Size3{arguments.patch[0], arguments.patch[1], arguments.patch[2]};
}

/// Refuses what is a name but not there yet.
ExecutorFactory FactoryOf(const BenchArguments& arguments) {
  if (arguments.executor != "torch") {
    throw Error(ErrorCode::kInvalidArgument, "--executor = " + arguments.executor + ": there is none yet: must be torch");
  }
  const std::optional<Precision> precision = PrecisionNamed(arguments.precision);
  if (!precision) {
    throw Error(ErrorCode::kInvalidArgument, "--precision = " + arguments.precision + ": no executor has it yet: must be fp32, bf16 or fp16");
  }
  const auto make = arguments.on_device ? OnDeviceExecutorFactory : TorchExecutorFactory;
  ExecutorFactory factory = make(arguments.device, arguments.threads, *precision);
  RefuseSlowPrecision("--precision", arguments.device, arguments.precision);
  return factory;
}

/// For the table alone.
std::optional<double> PeakFlops(const BenchArguments& arguments) {
  if (arguments.json) return std::nullopt;
  return MeasureMatrixProduct(arguments.device, *PrecisionNamed(arguments.precision));
}

LatencyReport Measure(const BenchArguments& arguments, const ExecutorFactory& factory, const std::vector<VariantNetworks>& variants) {
  const std::optional<double> peak_before = PeakFlops(arguments);
  const BenchDisplay display(arguments.quiet);
  const std::unique_ptr<PeakMemory> memory = PeakMemoryOf(arguments.device);
  const std::vector<PatchTime> latencies = MeasurePatches(
      variants, factory, *memory, arguments.repeat,
      [&](const std::string& variant, int64_t done, int64_t total) { display.Show(variant, done, total); });
  LatencyReport report{.setting = {DeviceWithModel(arguments.device), arguments.executor, arguments.precision, arguments.threads},
                       .on_device = arguments.on_device};
  for (size_t i = 0; i < variants.size(); ++i) {
    report.variants.push_back({variants[i].name, variants[i].networks.front().patch, variants[i].MultiplyAdds(), latencies[i], {}});
  }
  report.peak_flops = std::max(peak_before, PeakFlops(arguments));  // before and after: one of them may have met something else at work
  return report;
}

void Show(const BenchArguments& arguments, const LatencyReport& report) {
  std::fputs((arguments.json ? EncodeReport(report) : ReportTable(report)).c_str(), stdout);
}

void BenchArchitecture(const BenchArguments& arguments, const ExecutorFactory& factory) {
  Show(arguments, Measure(arguments, factory, RandomVariants(arguments.architecture, arguments.levels, arguments.grid, PatchOf(arguments))));
}

/// All there is unless variants are named; then the original only where it is named too.
std::vector<ModelForm> FormsOf(const BenchArguments& arguments) {
  const std::vector<std::string>& wanted = arguments.variants;
  if (wanted.empty() || wanted == std::vector<std::string>{"all"}) return LoadAllForms(arguments.bundle);
  std::vector<ModelForm> forms = LoadForms(arguments.bundle, wanted);
  if (std::find(wanted.begin(), wanted.end(), kOriginal) == wanted.end()) forms.erase(forms.begin());
  return forms;
}

/// Cards that cannot be written to are refused before the measuring, not after.
void CheckCards(const std::vector<ModelForm>& forms) {
  for (const ModelForm& form : forms) {
    ReadCardsOf(form.directory, form.weights_sha256);
    if (access(form.directory.c_str(), W_OK) != 0) {
      throw Error(ErrorCode::kInvalidArgument, "variant " + form.name + ": its card cannot be written: must be a writable folder, or use --no-card");
    }
  }
}

void MeasureVolumes(const BenchArguments& arguments, const ExecutorFactory& factory, const std::vector<ModelForm>& forms, const Volume& volume,
                    LatencyReport& report) {
  const std::unique_ptr<PeakMemory> memory = PeakMemoryOf(arguments.device);
  for (size_t i = 0; i < forms.size(); ++i) report.variants[i].volume = MeasureVolume(forms[i].bundle, factory, volume, arguments.threads, *memory);
}

void WriteLatencies(const std::vector<ModelForm>& forms, const LatencyReport& report) {
  for (size_t i = 0; i < forms.size(); ++i) {
    const VariantReport& measured = report.variants[i];
    WriteLatency(forms[i].directory, FreshCard(forms[i]), LatencyOf(report.setting, measured), VolumeLatencyOf(report.setting, measured));
  }
}

void BenchBundle(const BenchArguments& arguments, const ExecutorFactory& factory) {
  const std::vector<ModelForm> forms = FormsOf(arguments);
  if (!arguments.no_card) CheckCards(forms);
  std::optional<Volume> volume;
  if (!arguments.volume.empty()) {
    RefuseOtherModels(forms.front().bundle.model, "--volume");
    volume = ReadVolume(arguments.volume, "--volume");
  }
  std::vector<VariantNetworks> networks;
  for (const ModelForm& form : forms) networks.push_back(NetworksOf(form, PatchOf(arguments)));
  LatencyReport report = Measure(arguments, factory, networks);
  if (volume) MeasureVolumes(arguments, factory, forms, *volume, report);
  if (!arguments.no_card) WriteLatencies(forms, report);
  Show(arguments, report);
}

void Run(const BenchArguments& arguments) {
  if (arguments.bundle.empty() == arguments.architecture.empty()) throw CLI::RequiredError("either BUNDLE or --arch");
  if (arguments.on_device && arguments.architecture.empty() && !arguments.no_card) {
    throw CLI::RequiredError("--no-card, since --on-device measures what no card holds,");
  }
  const ExecutorFactory factory = FactoryOf(arguments);
  KeepFreedMemory();  // as the server does, whose times are to be foretold
  arguments.architecture.empty() ? BenchBundle(arguments, factory) : BenchArchitecture(arguments, factory);
}

void AddNetworkOptions(CLI::App& command, BenchArguments& arguments) {
  command.add_option("bundle", arguments.bundle, "Bundle; what is measured is written into its cards");
  CLI::Option* architecture = command.add_option("--arch", arguments.architecture,
                                                 "Instead of a bundle: a network of the paper with random weights, 1.5mm or 3mm");
  command.add_option("--variants", arguments.variants, "What to measure, a,b,...: original, names of variants of the bundle or of their levels, directories of variants; default: all")
      ->delimiter(',')->allow_extra_args(false)->excludes(architecture);  // what follows may be the bundle
  command.add_option("--levels", arguments.levels, "With --arch, a,b,...: original, and factors of the paper's rank rule")
      ->delimiter(',')->allow_extra_args(false)->needs(architecture)->capture_default_str();
  command.add_option("--grid", arguments.grid, "With --arch: ranks are rounded up to multiples of it")
      ->needs(architecture)->check(WholeNumberFrom(1))->capture_default_str();
  CLI::Option* on_device = command.add_flag("--on-device", arguments.on_device, "Time the network alone: the patch lies on the device, its logits stay there");
  command.add_option("--volume", arguments.volume, "Also segment this CT (NIfTI) once with each variant: its time and memory")
      ->excludes(architecture)->excludes(on_device);
  command.add_flag("--no-card", arguments.no_card, "Measure only: leave the cards as they are");
}

void AddRunOptions(CLI::App& command, BenchArguments& arguments) {
  command.add_option("--device", arguments.device, "cpu or cuda:N")->capture_default_str();
  command.add_option("--precision", arguments.precision, "fp32, bf16 or fp16")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16", "int8"}))->capture_default_str();
  command.add_option("--executor", arguments.executor, "torch")->check(CLI::IsMember({"torch", "cpu"}))->capture_default_str();
  command.add_option("--threads", arguments.threads, "Threads; default: one for each processor")->check(WholeNumberFrom(1));
  command.add_option("--patch", arguments.patch, "D,H,W: voxels along the network's axes; default: the model's own")->delimiter(',')->expected(3);
  command.add_option("--repeat", arguments.repeat, "Timed runs of each variant")->check(WholeNumberFrom(1))->capture_default_str();
  command.add_flag("--json", arguments.json, "Print what was measured as JSON");
  command.add_flag("--quiet", arguments.quiet, "No progress");
}

}  // namespace

void AddBenchCommand(CLI::App& app) {
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App* command = app.add_subcommand("bench", "Measure how long variants take for a patch and for a whole volume, and how much memory; into their cards");
  AddNetworkOptions(*command, *arguments);
  AddRunOptions(*command, *arguments);
  command->callback([arguments] { Run(*arguments); });
}

}  // namespace tuckerseg
