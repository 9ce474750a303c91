#include "engine/execute/torch/torch_band.h"

#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/execute/torch/torch_errors.h"

namespace tuckerseg {
namespace {

constexpr auto kWhat = "the sums of patches";

at::Tensor OnHost(std::span<const float> values, at::IntArrayRef sizes) {
  // from_blob wants a mutable pointer; what is made of it is copied to the device.
  return at::from_blob(const_cast<float*>(values.data()), sizes, at::kFloat);
}

/// The smallest and the largest of `values`, as two numbers on the device. A NaN is both.
at::Tensor Bounds(const at::Tensor& values) {
  const auto [least, most] = at::aminmax(values);
  return at::stack({least, most});
}

/// `bounds`: those of some rows, one after another. Comes to the host, and so waits for the device.
void RefuseOutside(float most, const at::Tensor& bounds) {
  if (!bounds.abs().le(most).all().item<bool>()) throw Error(ErrorCode::kInternal, "the network gave logits that are not finite");
}

}  // namespace

TorchBand::TorchBand(const PatchBandShape& shape, std::span<const float> image, std::span<const float> importance, at::Device device)
    : shape_(shape), device_(device) {
  WithTorchErrors(kWhat, [&] {
    const c10::InferenceMode no_gradients;
    const at::TensorOptions on_device = at::TensorOptions().dtype(at::kFloat).device(device);
    image_ = at::zeros(shape.padded, on_device);
    at::Tensor inside = image_;
    for (size_t a = 0; a < 3; ++a) inside = inside.narrow(static_cast<int64_t>(a), shape.padding[a], shape.image[a]);
    inside.copy_(OnHost(image, shape.image));
    importance_ = OnHost(importance, {shape.patch[0], 1, shape.patch[1], shape.patch[2]}).to(device, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
    sums_ = at::zeros({shape.patch[0], shape.channels, shape.padded[1], shape.padded[2]}, on_device);
    weights_ = at::zeros({shape.patch[0], 1, shape.padded[1], shape.padded[2]}, on_device);
  });
}

TorchBand::~TorchBand() {
  try {
    if (last_call_) last_call_->synchronize();
  } catch (...) {  // what went wrong there has been told, or is told to whoever uses the device next
  }
}

template <typename Visit>
void TorchBand::VisitRows(const at::Tensor& tensor, int64_t begin, int64_t end, const Visit& visit) const {
  const int64_t thickness = shape_.patch[0];
  for (int64_t row = begin; row < end;) {
    const int64_t place = row % thickness;
    const int64_t rows = std::min(end - row, thickness - place);
    visit(tensor.narrow(0, place, rows), row - begin);
    row += rows;
  }
}

at::Tensor TorchBand::Patch(const Size3& origin) const {
  at::Tensor patch = image_;
  for (size_t a = 0; a < 3; ++a) patch = patch.narrow(static_cast<int64_t>(a), origin[a], shape_.patch[a]);
  return patch.unsqueeze(0).unsqueeze(0);
}

void TorchBand::Add(const at::Tensor& values, const Size3& origin, int64_t first_channel, bool first_fold) {
  // Product and sum apart, each rounded: as the host does, whose compiler is told not to join them.
  const at::Tensor weighted = values.squeeze(0).transpose(0, 1).mul_(importance_);
  const auto add = [&](const at::Tensor& band, int64_t channel, const at::Tensor& added) {
    VisitRows(band, origin[0], origin[0] + shape_.patch[0], [&](const at::Tensor& rows, int64_t first) {
      rows.narrow(1, channel, added.size(1)).narrow(2, origin[1], shape_.patch[1]).narrow(3, origin[2], shape_.patch[2]).add_(added.narrow(0, first, rows.size(0)));
    });
  };
  add(sums_, first_channel, weighted);
  if (first_fold) add(weights_, 0, importance_);
}

void TorchBand::EndCall() {
  if (device_.is_cpu()) return;
  c10::Event added(device_.type());
  added.record(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
  if (last_call_) last_call_->synchronize();
  last_call_ = std::move(added);
}

void TorchBand::Wait() {
  WithTorchErrors(kWhat, [&] {
    if (last_call_) last_call_->synchronize();
  });
}

/// [channel, line, voxel] of the image.
at::Tensor TorchBand::MeansOfRow(int64_t row) const {
  const auto inside = [&](const at::Tensor& band) {
    return band.select(0, (row + shape_.padding[0]) % shape_.patch[0]).narrow(1, shape_.padding[1], shape_.image[1]).narrow(2, shape_.padding[2], shape_.image[2]);
  };
  const at::Tensor inverse = inside(weights_).mul(static_cast<double>(shape_.averaged)).reciprocal_();
  return inside(sums_).mul(inverse);
}

void TorchBand::Means(int64_t row, float most, std::span<float> means) {
  WithTorchErrors(kWhat, [&] {
    const c10::InferenceMode no_gradients;
    const at::Tensor on_device = MeansOfRow(row);
    const at::Tensor bounds = Bounds(on_device);
    OnHost(means, on_device.sizes()).copy_(on_device);
    RefuseOutside(most, bounds);
  });
}

void TorchBand::Largest(int64_t begin, int64_t end, const BandHead* head, float most, std::span<uint16_t> largest) {
  WithTorchErrors(kWhat, [&] {
    const c10::InferenceMode no_gradients;
    at::Tensor weights;
    at::Tensor bias;
    if (head != nullptr) {
      weights = OnHost(head->weights, {head->classes, shape_.channels}).to(device_, at::kFloat, false, /*copy=*/true);
      bias = OnHost(head->bias, {head->classes, 1}).to(device_, at::kFloat, false, /*copy=*/true);
    }
    const int64_t plane = shape_.image[1] * shape_.image[2];
    // LibTorch has no argmax of uint16: int16's bits are the same.
    const at::Tensor found = at::empty({end - begin, plane}, at::TensorOptions().dtype(at::kShort).device(device_));
    std::vector<at::Tensor> bounds;
    for (int64_t row = begin; row < end; ++row) {
      const at::Tensor means = MeansOfRow(row).reshape({shape_.channels, plane});
      bounds.push_back(Bounds(means));
      found.select(0, row - begin).copy_((head != nullptr ? at::addmm(bias, weights, means) : means).argmax(0));
    }
    RefuseOutside(most, at::stack(bounds));
    at::from_blob(largest.data(), found.sizes(), at::kShort).copy_(found);
  });
}

void TorchBand::Forget(int64_t row) {
  WithTorchErrors(kWhat, [&] {
    const c10::InferenceMode no_gradients;
    const int64_t end = std::min(row, first_row_ + shape_.patch[0]);  // the band holds no more
    for (const at::Tensor* band : {&sums_, &weights_})
      VisitRows(*band, first_row_, end, [](at::Tensor rows, int64_t /*first*/) { rows.zero_(); });
    first_row_ = row;
  });
}

}  // namespace tuckerseg
