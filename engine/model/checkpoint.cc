#include "engine/model/checkpoint.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/model/pickle_reader.h"
#include "engine/model/weight_store.h"
#include "engine/model/zip_reader.h"

namespace tuckerseg {
namespace {

constexpr int64_t kLongestAxis = int64_t{1} << 48;  // what safetensors take

using Kind = PickleValue::Kind;

[[noreturn]] void Refuse(const std::string& what) { throw Error(ErrorCode::kInvalidArgument, "checkpoint: " + what); }

struct StorageType {
  const char* name;
  TensorType type;
};
constexpr StorageType kStorageTypes[] = {
    {"torch FloatStorage", TensorType::kFloat32},      {"torch HalfStorage", TensorType::kFloat16},
    {"torch BFloat16Storage", TensorType::kBFloat16},  {"torch DoubleStorage", TensorType::kFloat64},
    {"torch LongStorage", TensorType::kInt64},         {"torch IntStorage", TensorType::kInt32},
    {"torch ShortStorage", TensorType::kInt16},        {"torch CharStorage", TensorType::kInt8},
    {"torch ByteStorage", TensorType::kUint8},         {"torch BoolStorage", TensorType::kBool}};

/// All that is read before a tensor's bytes: checked against the storage, so that reading cannot leave it.
struct TensorPlan {
  TensorType type;
  std::span<const std::byte> storage;
  int64_t offset;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
  int64_t count;
};

class CheckpointReader {
 public:
  explicit CheckpointReader(std::span<const std::byte> bytes) : archive_(bytes), prefix_(FindPrefix(archive_)) {
    document_ = PickleDocument::Parse(archive_.Read(prefix_ + "/data.pkl"));
    const std::string order_name = prefix_ + "/byteorder";
    if (archive_.Has(order_name)) {
      const auto order = archive_.Read(order_name);
      const std::string text(reinterpret_cast<const char*>(order.data()), order.size());
      if (text != "little") Refuse("byteorder: must be little");
    }
  }

  Checkpoint Read() {
    if (document_.root().kind != Kind::kDict) Refuse("must hold a dict, as nnU-Net's trainer saves it");
    Checkpoint checkpoint;
    checkpoint.trainer_name = Text(document_.root(), "trainer_name");
    checkpoint.configuration = Text(Need(document_.root(), "init_args"), "configuration");
    checkpoint.mirror_axes = MirrorAxes();
    const PickleValue& weights = Need(document_.root(), "network_weights");
    if (weights.kind != Kind::kDict) Refuse("network_weights: must be a dict");
    for (size_t i = 0; i + 1 < weights.items.size(); i += 2) {
      const PickleValue& key = document_.At(weights.items[i]);
      if (key.kind != Kind::kText || !IsName(key.text)) {
        Refuse("network_weights: every name must be text of 1 to 1024 printable ASCII characters");
      }
      std::string name = PlainName(key.text);
      if (IsDuplicate(name)) continue;
      CheckpointTensor tensor = ReadTensor(document_.At(weights.items[i + 1]), name);
      checkpoint.tensors.insert_or_assign(std::move(name), std::move(tensor));
    }
    return checkpoint;
  }

 private:
  static std::string FindPrefix(const ZipReader& archive) {
    for (const auto& [name, member] : archive.members()) {
      constexpr std::string_view kEnd = "/data.pkl";
      if (name.size() > kEnd.size() && name.ends_with(kEnd)) return name.substr(0, name.size() - kEnd.size());
    }
    throw Error(ErrorCode::kInvalidArgument, "checkpoint archive: has no member */data.pkl: must be a file of torch.save");
  }
  /// A path of Python attributes. A bound on its length also bounds what a name costs that a pickle uses again and again.
  static bool IsName(const std::string& text) {
    return !text.empty() && text.size() <= 1024 && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
  }
  /// torch.compile and distributed training wrap the network; nnU-Net unwraps it, other programs do not.
  static std::string PlainName(std::string name) {
    for (bool found = true; found;) {
      found = false;
      for (const std::string_view prefix : {"module.", "_orig_mod."}) {
        if (name.starts_with(prefix)) {
          name.erase(0, prefix.size());
          found = true;
        }
      }
    }
    return name;
  }
  static bool IsDuplicate(const std::string& name) {
    return name.starts_with("decoder.encoder.") || name.find(".all_modules.") != std::string::npos;
  }

  const PickleValue& Need(const PickleValue& dict, const std::string& key) const {
    const PickleValue* value = document_.Find(dict, key);
    if (value == nullptr) Refuse(key + ": missing; must be a checkpoint of nnU-Net v2");
    return *value;
  }
  std::string Text(const PickleValue& dict, const std::string& key) const {
    const PickleValue& value = Need(dict, key);
    if (value.kind != Kind::kText) Refuse(key + ": must be text");
    return value.text;
  }
  std::vector<int> MirrorAxes() const {
    const PickleValue* value = document_.Find(document_.root(), "inference_allowed_mirroring_axes");
    if (value == nullptr || value->kind == Kind::kNone) return {};
    if (value->kind != Kind::kTuple && value->kind != Kind::kList) Refuse("inference_allowed_mirroring_axes: must be a tuple or None");
    std::vector<int> axes;
    for (const uint32_t item : value->items) {
      const PickleValue& axis = document_.At(item);
      if (axis.kind != Kind::kInteger || axis.integer < 0 || axis.integer > 2) {
        Refuse("inference_allowed_mirroring_axes: every axis must be 0, 1 or 2");
      }
      axes.push_back(static_cast<int>(axis.integer));
    }
    std::sort(axes.begin(), axes.end());
    axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
    return axes;
  }

  std::vector<int64_t> Sizes(const PickleValue& value, const std::string& name) const {
    if (value.kind != Kind::kTuple || value.items.size() > 8) Refuse("tensor " + name + ": sizes must be a tuple of at most 8");
    std::vector<int64_t> sizes;
    for (const uint32_t item : value.items) {
      const PickleValue& size = document_.At(item);
      if (size.kind != Kind::kInteger || size.integer < 0) Refuse("tensor " + name + ": sizes and strides must not be negative");
      sizes.push_back(size.integer);
    }
    return sizes;
  }

  /// torch._utils._rebuild_tensor_v2(storage, offset, size, stride, ...), perhaps inside _rebuild_parameter(tensor, ...).
  TensorPlan Plan(const PickleValue& value, const std::string& name) {
    const PickleValue* call = &value;
    if (call->kind == Kind::kCall && call->text == "torch._utils _rebuild_parameter") {
      const PickleValue& arguments = document_.At(call->items[0]);
      if (!arguments.items.empty()) call = &document_.At(arguments.items[0]);
    }
    if (call->kind != Kind::kCall || call->text != "torch._utils _rebuild_tensor_v2") Refuse("tensor " + name + ": is no dense tensor");
    const PickleValue& arguments = document_.At(call->items[0]);
    if (arguments.items.size() < 4) Refuse("tensor " + name + ": has too few arguments");
    const PickleValue& offset = document_.At(arguments.items[1]);
    if (offset.kind != Kind::kInteger || offset.integer < 0) Refuse("tensor " + name + ": its offset must not be negative");
    TensorPlan plan{};
    ReadStorage(document_.At(arguments.items[0]), name, plan);
    plan.offset = offset.integer;
    plan.shape = Sizes(document_.At(arguments.items[2]), name);
    plan.strides = Sizes(document_.At(arguments.items[3]), name);
    CheckReach(plan, name);
    return plan;
  }

  /// ("storage", <class>, "<key>", "<location>", <element count>)
  void ReadStorage(const PickleValue& value, const std::string& name, TensorPlan& plan) {
    if (value.kind != Kind::kPersistent) Refuse("tensor " + name + ": has no storage");
    const PickleValue& id = document_.At(value.items[0]);
    if (id.kind != Kind::kTuple || id.items.size() < 3) Refuse("tensor " + name + ": its storage id is no tuple");
    const PickleValue& storage_class = document_.At(id.items[1]);
    const PickleValue& key = document_.At(id.items[2]);
    if (key.kind != Kind::kText) Refuse("tensor " + name + ": its storage has no key");
    for (const StorageType& type : kStorageTypes) {
      if (storage_class.kind == Kind::kGlobal && storage_class.text == type.name) {
        plan.type = type.type;
        plan.storage = Storage(key.text);
        return;
      }
    }
    Refuse("tensor " + name + ": storage of an unknown type");
  }

  [[noreturn]] static void BeyondStorage(const std::string& name) {
    throw Error(ErrorCode::kDataLoss, "checkpoint: tensor " + name + ": reaches beyond its storage");
  }

  /// Every sum below stays far from overflow: no term is larger than the storage.
  static void CheckReach(TensorPlan& plan, const std::string& name) {
    if (plan.strides.size() != plan.shape.size()) Refuse("tensor " + name + ": has sizes and strides of different number");
    const auto elements = static_cast<int64_t>(plan.storage.size() / BytesPerElement(plan.type));
    if (plan.offset > elements) BeyondStorage(name);
    plan.count = 1;
    int64_t last = plan.offset;
    for (size_t a = 0; a < plan.shape.size(); ++a) {
      // An axis of a tensor that is empty along another one is no number that could be written down again.
      if (plan.shape[a] > kLongestAxis) Refuse("tensor " + name + ": is larger than its storage");
      // Not even a stride of 0 (an expanded tensor) may make more elements than the file has: weights are never expanded.
      if (plan.shape[a] > 0 && plan.count > elements / plan.shape[a]) Refuse("tensor " + name + ": is larger than its storage");
      plan.count *= plan.shape[a];
      const int64_t steps = std::max<int64_t>(plan.shape[a] - 1, 0);
      if (steps == 0) plan.strides[a] = 0;  // never walked along, so it may be any number
      if (steps > 0 && plan.strides[a] > elements / steps) BeyondStorage(name);
      last += steps * plan.strides[a];
    }
    if (plan.count > 0 && last >= elements) BeyondStorage(name);
  }

  CheckpointTensor ReadTensor(const PickleValue& value, const std::string& name) {
    const TensorPlan plan = Plan(value, name);
    // Storages may be shared, so a small file could ask for any number of large tensors.
    total_elements_ += plan.count;
    if (total_elements_ > archive_.size()) Refuse("tensor " + name + ": with it the tensors are larger than the file");
    // Strided elements are gathered as bytes first; then all are converted at once.
    const size_t width = BytesPerElement(plan.type);
    std::vector<std::byte> bytes(static_cast<size_t>(plan.count) * width);
    std::vector<int64_t> index(plan.shape.size(), 0);
    int64_t at = plan.offset;
    for (int64_t i = 0; i < plan.count; ++i) {
      std::copy_n(plan.storage.begin() + at * static_cast<int64_t>(width), width, bytes.begin() + i * static_cast<int64_t>(width));
      for (size_t a = index.size(); a-- > 0;) {
        at += plan.strides[a];
        if (++index[a] < plan.shape[a]) break;
        at -= plan.strides[a] * plan.shape[a];
        index[a] = 0;
      }
    }
    return {plan.shape, ToFloat({plan.type, plan.shape, bytes})};
  }

  std::span<const std::byte> Storage(const std::string& key) {
    const auto [found, is_new] = storages_.try_emplace(key);
    if (!is_new) return found->second;
    found->second = archive_.Read(prefix_ + "/data/" + key);
    // Members may lie over one another, and each costs a checksum over all of its bytes.
    storage_bytes_ += static_cast<int64_t>(found->second.size());
    if (storage_bytes_ > archive_.size()) Refuse("its storages are larger than the file");
    return found->second;
  }

  ZipReader archive_;
  std::string prefix_;
  PickleDocument document_;
  std::map<std::string, std::span<const std::byte>> storages_;  // those whose checksum has been compared
  int64_t storage_bytes_ = 0;
  int64_t total_elements_ = 0;
};

}  // namespace

Checkpoint ReadCheckpoint(std::span<const std::byte> bytes) { return CheckpointReader(bytes).Read(); }

}  // namespace tuckerseg
