#include "client/cli/ct_geometry.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "engine/error.h"
#include "engine/volume/nifti_reader.h"

namespace tuckerseg {
namespace {

/// A piece of gzip may hold a thousand times its size, of which only the header is wanted.
constexpr size_t kPiece = 1024;

/// Reads until the header is there, or cannot be read.
class HeaderWatch {
 public:
  explicit HeaderWatch(const std::function<void(const Geometry&)>& tell) : tell_(tell), reader_(std::in_place, VolumeLimits{}, GeometryPolicy::kPreferSform) {}

  void Take(std::span<const std::byte> bytes) {
    while (reader_ && !bytes.empty()) {
      const size_t size = std::min(bytes.size(), kPiece);
      Feed(bytes.first(size));
      bytes = bytes.subspan(size);
    }
  }

 private:
  void Feed(std::span<const std::byte> piece) {
    try {
      reader_->Feed(piece);
    } catch (const Error&) {
      reader_.reset();
      return;
    }
    if (reader_->header() == nullptr) return;
    const Geometry geometry = reader_->header()->geometry;
    reader_.reset();
    tell_(geometry);
  }

  const std::function<void(const Geometry&)>& tell_;
  std::optional<NiftiReader> reader_;  // until the header is there
};

}  // namespace

ByteProducer TellingGeometry(ByteProducer volume, std::function<void(const Geometry&)> tell) {
  return [volume = std::move(volume), tell = std::move(tell)](const ByteSink& sink) {
    HeaderWatch watch(tell);
    volume([&](std::span<const std::byte> bytes) {
      watch.Take(bytes);
      sink(bytes);
    });
  };
}

}  // namespace tuckerseg
