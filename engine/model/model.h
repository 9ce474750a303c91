/// What a model is, apart from its weights: what is done to a volume before its networks, and what their channels mean.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/layer_graph.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// Millimetres along three axes.
using Spacing3d = std::array<double, 3>;

/// nnU-Net's readers: they differ in the spacing they take and in whether they reorient (nnunet-inference section 3.1).
enum class ImageReader { kSimpleItk, kNibabel, kNibabelReorient };

enum class NormalizationScheme { kCt, kZScore, kNone, kRescaleTo01, kRgbTo01 };

struct Normalization {
  NormalizationScheme scheme = NormalizationScheme::kCt;
  double lower = 0, upper = 0, mean = 0, std_dev = 1;  ///< kCt: clip to [lower, upper], then (x - mean) / std_dev
  bool use_mask = false;                               ///< kZScore: statistics and change only inside the nonzero mask
  bool operator==(const Normalization&) const = default;
};

enum class ResamplingKind {
  kDefault,         ///< resample_data_or_seg_to_shape
  kTorchTrilinear,  ///< resample_torch_fornnunet, resample_torch_simple
  kNone,            ///< no_resampling_hack
};

struct Resampling {
  ResamplingKind kind = ResamplingKind::kDefault;
  int order = 3;
  int order_z = 0;
  std::optional<bool> force_separate_z;
  bool operator==(const Resampling&) const = default;
};

/// A label of the finished label map, as viewers and PACS name it.
struct Label {
  int64_t value = 0;
  std::string name;
  std::optional<std::array<uint8_t, 3>> rgb;
  std::string snomed_code;     ///< SCT code of the structure's type; empty where TotalSegmentator has none
  std::string snomed_meaning;  ///< its meaning in words
  std::string snomed_modifier; ///< SCT code of the laterality; empty for none
  bool operator==(const Label&) const = default;
};

/// One network of a task with all that belongs to running it. Axes: the network's own, after transpose_forward.
struct ModelPart {
  std::string name;                     ///< directory parts/NAME; e.g. "organs", or "network" for a task of one
  LayerGraph graph;
  std::vector<std::string> folds;       ///< "0", "1", ... or "all"; tensors are named fold_<fold>.<layer>.<tensor>
  Size3 patch_size{};
  Spacing3d spacing_mm{};
  std::array<int, 3> transpose_forward{0, 1, 2};
  ImageReader reader = ImageReader::kSimpleItk;
  std::vector<Normalization> normalization;  ///< one for each input channel
  Resampling data_resampling;
  Resampling logits_resampling;
  std::vector<int> mirror_axes;         ///< test-time mirroring; empty for none
  /// Without regions: argmax, and channel c is label `channel_labels[c]` of the finished map (0 = background).
  /// With regions: sigmoid > 0.5 in this order, later ones overwrite; channel c gives `channel_labels[c]`.
  bool regions = false;
  std::vector<int64_t> channel_labels;
  bool operator==(const ModelPart&) const = default;
};

/// Before all else the volume is cropped to structures that another, rougher model finds (totalsegmentator-pipeline section 3).
struct CropRule {
  std::string task;                     ///< of the rough model; e.g. "total_fastest"
  std::string robust_task;              ///< of the finer one that a request may ask for instead; may be the same
  std::vector<std::string> structures;  ///< of the rough model's; empty: those that a request asks for, where it asks for some
  double margin_mm = 20;                ///< around the structures' box, along each axis of the file
  bool operator==(const CropRule&) const = default;
};

enum class CleaningKind {
  kKeepLargest,     ///< of a label, the largest component
  kDropSmall,       ///< of a label, components of at most `volume_mm3` become background
  kOrderVertebrae,  ///< all labels: renumbered along the spine, then dilated (section 9.1)
};

/// One step of what is done to the label map at the model's spacing (section 9).
struct CleaningStep {
  CleaningKind kind = CleaningKind::kKeepLargest;
  int64_t label = 0;      ///< 0 for kOrderVertebrae
  double volume_mm3 = 0;  ///< kDropSmall only
  bool operator==(const CleaningStep&) const = default;
};

/// On the input's grid: labels farther than `distance_mm` from structures that the crop's model found become background.
struct NearRule {
  std::vector<std::string> structures;
  double distance_mm = 0;
  bool operator==(const NearRule&) const = default;
};

/// On the input's grid: labels are dilated by `distance_mm`, then kept only where another task's label map holds `structure`.
struct RefineRule {
  std::string task;
  std::string structure;
  double distance_mm = 0;
  bool operator==(const RefineRule&) const = default;
};

/// What happens around the networks.
struct Pipeline {
  /// True: TotalSegmentator's way (closest canonical, resample to `spacing_mm`, integers, nnU-Net, back by order 0).
  /// False: nnU-Net's own predictor on the file as it is.
  bool totalsegmentator = false;
  std::optional<Spacing3d> spacing_mm;  ///< x, y, z of the canonical image; none: the networks resample themselves
  int resampling_order = 1;
  double tile_step = 0.5;               ///< share of the patch by which it moves
  std::optional<CropRule> crop;
  std::vector<CleaningStep> cleaning;   ///< in this order
  std::optional<NearRule> keep_near;
  std::optional<RefineRule> refine;
  /// Statistics are measured on the model's grid (TotalSegmentator's 3 mm modes) instead of the input's (section 12).
  bool statistics_at_model_spacing = false;
  bool operator==(const Pipeline&) const = default;
};

/// Where a model comes from; shown to users, never read by the engine.
struct Provenance {
  std::string source;         ///< e.g. "nnU-Net v2 result folder Dataset297_TotalSegmentator_total_3mm_1559subj"
  std::string trainer;
  std::string configuration;
  std::string licence;        ///< empty if the source does not say
  bool non_commercial = false;  ///< the licence forbids commercial use, or asks for a key that is free for other use only
  std::string weights_sha256; ///< over the weights files of the parts, in order
  bool phantoms = false;      ///< trained on phantoms alone: a model that says nothing of patients
  bool operator==(const Provenance&) const = default;
};

struct Model {
  std::string name;  ///< unique on a server; a directory name: letters, digits, '_', '-', '.'
  std::string task;  ///< key of TotalSegmentator's tasks ("total_fast"), or the data set's name
  Pipeline pipeline;
  std::vector<ModelPart> parts;  ///< run in order; non-zero labels of later parts overwrite
  std::vector<Label> labels;     ///< ascending by value, without background
  Provenance provenance;
  bool operator==(const Model&) const = default;
};

}  // namespace tuckerseg
