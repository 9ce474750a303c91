#include "engine/model/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <string>

#include "engine/error.h"
#include "engine/model/json_fields.h"

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian and taken as they are");

namespace tuckerseg {
namespace {

constexpr uint64_t kMaxHeaderBytes = uint64_t{64} << 20;
constexpr size_t kAlignment = 64;

struct TypeName {
  const char* name;
  TensorType type;
};
constexpr std::array<TypeName, 10> kTypes{{{"F64", TensorType::kFloat64},
                                           {"F32", TensorType::kFloat32},
                                           {"F16", TensorType::kFloat16},
                                           {"BF16", TensorType::kBFloat16},
                                           {"I64", TensorType::kInt64},
                                           {"I32", TensorType::kInt32},
                                           {"I16", TensorType::kInt16},
                                           {"I8", TensorType::kInt8},
                                           {"U8", TensorType::kUint8},
                                           {"BOOL", TensorType::kBool}}};

[[noreturn]] void Damaged(const std::string& what) { throw Error(ErrorCode::kDataLoss, "safetensors: " + what); }

TensorType TypeOf(const std::string& name, const std::string& tensor) {
  for (const TypeName& type : kTypes)
    if (name == type.name) return type.type;
  Damaged("tensor " + tensor + ": dtype " + name + ": must be one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL");
}

struct Entry {
  std::string name;
  TensorView view;
  uint64_t begin;
  uint64_t end;
};

Entry ReadEntry(const std::string& name, const JsonField& field, std::span<const std::byte> data) {
  Entry entry;
  entry.name = name;
  entry.view.type = TypeOf(field.At("dtype").Text(), name);
  constexpr int64_t kLargest = int64_t{1} << 48;
  uint64_t bytes = BytesPerElement(entry.view.type);
  entry.view.shape = field.At("shape").Each([](const JsonField& f) { return f.Integer(0, kLargest); });
  // An empty tensor may be as large as it likes along its other axes.
  if (std::find(entry.view.shape.begin(), entry.view.shape.end(), 0) != entry.view.shape.end()) bytes = 0;
  for (const int64_t size : entry.view.shape) {
    if (size > 0 && bytes > data.size() / static_cast<uint64_t>(size)) Damaged("tensor " + name + ": shape passes the end of the file");
    bytes *= static_cast<uint64_t>(size);
  }
  const auto offsets = field.At("data_offsets");
  if (offsets.Size() != 2) Damaged("tensor " + name + ": data_offsets must be two numbers");
  entry.begin = static_cast<uint64_t>(offsets.At(size_t{0}).Integer(0, kLargest));
  entry.end = static_cast<uint64_t>(offsets.At(1).Integer(0, kLargest));
  if (entry.begin > entry.end || entry.end > data.size()) Damaged("tensor " + name + ": data_offsets pass the end of the file");
  if (entry.end - entry.begin != bytes) Damaged("tensor " + name + ": data_offsets contradict shape and dtype");
  entry.view.bytes = data.subspan(entry.begin, bytes);
  return entry;
}

}  // namespace

WeightStore ParseSafetensors(std::span<const std::byte> bytes, std::shared_ptr<const void> keeper) {
  uint64_t header_bytes = 0;
  if (bytes.size() < sizeof(header_bytes)) Damaged("shorter than the length of its header");
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - sizeof(header_bytes)) {
    Damaged("header length = " + std::to_string(header_bytes) + ": must lie within the file and be at most 64 MiB");
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof(header_bytes), header_bytes);
  const std::span<const std::byte> data = bytes.subspan(sizeof(header_bytes) + header_bytes);

  std::vector<Entry> entries;
  try {
    const Json header = ParseJson(text, "header");
    const JsonField root(header, "header");
    if (!header.is_object()) root.Refuse("must be an object");
    for (const auto& [name, value] : header.items()) {
      if (name != "__metadata__") entries.push_back(ReadEntry(name, JsonField(value, name), data));
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kDataLoss) throw;
    Damaged(error.what());
  }
  std::vector<const Entry*> ordered;
  for (const Entry& entry : entries) ordered.push_back(&entry);
  std::sort(ordered.begin(), ordered.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  uint64_t end = 0;
  for (const Entry* entry : ordered) {
    if (entry->begin < end) Damaged("tensor " + entry->name + ": overlaps another tensor");
    if (entry->begin > end) Damaged("tensor " + entry->name + ": a gap lies before it");
    end = entry->end;
  }
  if (data.size() != end) Damaged("bytes that belong to no tensor follow the last one");
  WeightStore store;
  for (Entry& entry : entries) store.AddView(entry.name, std::move(entry.view), keeper);
  return store;
}

std::vector<std::byte> EncodeSafetensors(const WeightStore& weights) {
  // Offsets first; a padding tensor is not needed: sizes of floating-point weights keep 4-byte alignment, and the header is
  // padded with blanks so that the data begin on a cache line.
  Json header = Json::object();
  uint64_t offset = 0;
  for (const auto& [name, tensor] : weights.tensors()) {
    const auto type = std::find_if(kTypes.begin(), kTypes.end(), [wanted = tensor.type](const TypeName& t) { return t.type == wanted; });
    header[name] = {{"dtype", type->name}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump();
  while ((sizeof(uint64_t) + text.size()) % kAlignment != 0) text += ' ';
  std::vector<std::byte> bytes(sizeof(uint64_t) + text.size() + offset);
  const uint64_t header_bytes = text.size();
  std::memcpy(bytes.data(), &header_bytes, sizeof(header_bytes));
  std::memcpy(bytes.data() + sizeof(header_bytes), text.data(), text.size());
  std::byte* data = bytes.data() + sizeof(header_bytes) + text.size();
  for (const auto& [name, tensor] : weights.tensors()) data = std::copy(tensor.bytes.begin(), tensor.bytes.end(), data);
  return bytes;
}

void WriteSafetensors(const std::filesystem::path& path, const WeightStore& weights) {
  const std::vector<std::byte> bytes = EncodeSafetensors(weights);
  const std::filesystem::path temporary = path.string() + ".tmp";
  const auto fail = [&temporary](const char* why) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw Error(ErrorCode::kInternal, why);
  };
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) fail("weights: cannot be written; is there room on the disk?");
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) fail("weights: cannot be put in place");
}

}  // namespace tuckerseg
