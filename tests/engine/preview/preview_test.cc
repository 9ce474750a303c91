/// The picture as a file: its size, what is where, and inputs that could break the drawing.
#include "engine/preview/preview.h"

#include <cairo/cairo.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <random>
#include <thread>

#include "tests/engine/preview/labelled_volume.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// A PNG file's pixels.
class Picture {
 public:
  explicit Picture(const std::vector<std::byte>& png) {
    EXPECT_EQ(png.at(1), std::byte{'P'});
    EXPECT_LT(png.size(), kPreviewMaxBytes);
    std::span<const std::byte> rest(png);
    const auto read = [](void* closure, unsigned char* data, unsigned int size) {
      auto& bytes = *static_cast<std::span<const std::byte>*>(closure);
      if (bytes.size() < size) return CAIRO_STATUS_READ_ERROR;
      std::memcpy(data, bytes.data(), size);
      bytes = bytes.subspan(size);
      return CAIRO_STATUS_SUCCESS;
    };
    surface_.reset(cairo_image_surface_create_from_png_stream(read, &rest));
    EXPECT_EQ(cairo_surface_status(surface_.get()), CAIRO_STATUS_SUCCESS);
    EXPECT_LE(width(), kPreviewMaxWidth);
    EXPECT_GT(width(), 0);
  }

  int width() const { return cairo_image_surface_get_width(surface_.get()); }
  int height() const { return cairo_image_surface_get_height(surface_.get()); }
  uint32_t At(int x, int y) const {
    const unsigned char* row = cairo_image_surface_get_data(surface_.get()) + static_cast<ptrdiff_t>(y) * cairo_image_surface_get_stride(surface_.get());
    return reinterpret_cast<const uint32_t*>(row)[x] & 0xFFFFFFU;
  }
  /// The mean position of pixels of a colour in a part of the picture (shares of width and height), as shares of that part.
  std::array<double, 2> MeanOf(uint32_t colour, std::array<double, 2> across, std::array<double, 2> down) const {
    double x_sum = 0, y_sum = 0, count = 0;
    for (int y = static_cast<int>(down[0] * height()); y < static_cast<int>(down[1] * height()); ++y)
      for (int x = static_cast<int>(across[0] * width()); x < static_cast<int>(across[1] * width()); ++x) {
        if (At(x, y) != colour) continue;
        x_sum += (x / static_cast<double>(width()) - across[0]) / (across[1] - across[0]);
        y_sum += (y / static_cast<double>(height()) - down[0]) / (down[1] - down[0]);
        ++count;
      }
    EXPECT_GT(count, 0);
    return {x_sum / count, y_sum / count};
  }

 private:
  struct Destroy {
    void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  };
  std::unique_ptr<cairo_surface_t, Destroy> surface_;
};

constexpr uint32_t kRed = 0xFF0000;
const std::vector<Label> kNames{{.value = 1, .name = "red", .rgb = {{255, 0, 0}}}};

std::vector<std::byte> Render(const LabelledVolume& volume) { return RenderPreview(volume.ct, volume.labels, kNames); }

TEST(RenderPreview, IsAPngOfBoundedSize) {
  const auto png = Render(LabelledVolume({60, 60, 60}).Box(1, {20, 20, 20}, {40, 40, 40}));
  const std::vector<std::byte> signature{std::byte{0x89}, std::byte{'P'}, std::byte{'N'}, std::byte{'G'}};
  EXPECT_TRUE(std::equal(signature.begin(), signature.end(), png.begin()));
  const Picture picture(png);
  EXPECT_GT(picture.width(), 1000);
  EXPECT_LT(picture.height(), 1200);
}

TEST(RenderPreview, PutsAStructureInThePatientsRightUpperFrontCornerAtThePicturesUpperLeft) {
  // Planes of a cube are equally wide, so each has a third of the picture; the legend's colour is below them.
  const Picture picture(Render(LabelledVolume({60, 60, 60}).Box(1, {45, 45, 45}, {54, 54, 54})));
  for (int plane = 0; plane < 3; ++plane) {
    const auto [x, y] = picture.MeanOf(kRed, {plane / 3.0, (plane + 1) / 3.0}, {0, 0.85});
    EXPECT_LT(x, 0.35) << plane;
    EXPECT_LT(y, 0.45) << plane;
  }
}

TEST(RenderPreview, PutsAStructureInThePatientsLeftLowerBackCornerAtThePicturesLowerRight) {
  const Picture picture(Render(LabelledVolume({60, 60, 60}).Box(1, {5, 5, 5}, {14, 14, 14})));
  for (int plane = 0; plane < 3; ++plane) {
    const auto [x, y] = picture.MeanOf(kRed, {plane / 3.0, (plane + 1) / 3.0}, {0, 0.85});
    EXPECT_GT(x, 0.65) << plane;
    EXPECT_GT(y, 0.6) << plane;
  }
}

TEST(RenderPreview, DrawsTheSamePictureForEveryOrderOfTheFilesAxes) {
  const Affine lps{{{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}}, {19, 29, 0}};
  EXPECT_EQ(Render(LabelledVolume({20, 30, 40}).Box(1, {2, 3, 4}, {5, 9, 30})),
            Render(LabelledVolume({20, 30, 40}, lps).Box(1, {14, 20, 4}, {17, 26, 30})));
}

TEST(RenderPreview, GivesTheSameBytesForTheSameInput) {
  const auto volume = LabelledVolume({40, 30, 20}).Box(1, {5, 5, 5}, {15, 20, 10}).Box(2, {16, 5, 5}, {30, 9, 19});
  EXPECT_EQ(Render(volume), Render(volume));
}

TEST(RenderPreview, MayBeCalledFromSeveralThreads) {
  const auto volume = LabelledVolume({40, 30, 20}).Box(1, {5, 5, 5}, {15, 20, 10});
  const auto expected = Render(volume);
  std::atomic<int> equal = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { equal += Render(volume) == expected ? 1 : 0; });
  threads.clear();
  EXPECT_EQ(equal, 4);
}

TEST(RenderPreview, KeepsTheProportionsOfAnAnisotropicVolume) {
  // 100 mm along each axis: a cube's picture, for the outlines of a structure that fills it.
  const Picture cube(Render(LabelledVolume({50, 50, 50}, RasAffine({2, 2, 2}))));
  const Picture flat(Render(LabelledVolume({100, 100, 20}, RasAffine({1, 1, 5}))));
  EXPECT_NEAR(cube.width(), flat.width(), 2) << "spacings are float32";
  EXPECT_NEAR(cube.height(), flat.height(), 2);
}

TEST(RenderPreview, DrawsVolumesOfAnyShape) {
  for (const Index3& shape : {Index3{1, 1, 1}, {5, 1, 1}, {1, 5, 1}, {64, 64, 1}, {1, 64, 64}, {4096, 1, 1}, {1, 1, 4096}, {2, 2, 1000}})
    for (const Spacing3& spacing : {Spacing3{1, 1, 1}, {0.01, 0.01, 50}, {50, 50, 0.01}}) {
      SCOPED_TRACE(testing::PrintToString(shape) + testing::PrintToString(spacing));
      LabelledVolume volume(shape, RasAffine(spacing));
      Picture{Render(volume)};
      volume.Box(1, {0, 0, 0}, {0, 0, 0});
      Picture{Render(volume)};
    }
}

TEST(RenderPreview, DrawsAnObliqueVolume) {
  const double c = std::cos(0.4), s = std::sin(0.4);
  const Affine oblique{{{{c, -s, 0}, {s, c, 0}, {0, 0, 2}}}, {1, 2, 3}};
  const Picture picture(Render(LabelledVolume({60, 60, 30}, oblique).Box(1, {45, 45, 22}, {54, 54, 27})));
  const auto [x, y] = picture.MeanOf(kRed, {1 / 3.0, 2 / 3.0}, {0, 0.85});
  EXPECT_LT(x, 0.35);
  EXPECT_LT(y, 0.45);
}

TEST(RenderPreview, StaysBelowItsBytesForNoise) {
  std::mt19937 random(5);
  LabelledVolume volume({700, 700, 2});
  for (std::byte& byte : volume.ct.voxels) byte = static_cast<std::byte>(random());
  for (uint16_t& label : volume.labels.labels) label = static_cast<uint16_t>(random() % 3);
  Picture{Render(volume)};
}

TEST(RenderPreview, LooksDifferentWhereNothingWasFound) {
  EXPECT_NE(Render(LabelledVolume({20, 20, 20})), Render(LabelledVolume({20, 20, 20}).Box(1, {0, 0, 0}, {0, 0, 0})));
}

TEST(RenderPreview, DrawsNamesOfAnyBytesAndLength) {
  const auto volume = LabelledVolume({20, 20, 20}).Box(1, {5, 5, 5}, {9, 9, 9});
  for (const std::string& name : {std::string("\xFF\xFE\x80"), std::string("Nieren\xC3\xA4ste"), std::string(10'000, 'w'), std::string("a\nb\tc"), std::string()}) {
    Picture{RenderPreview(volume.ct, volume.labels, std::vector<Label>{{.value = 1, .name = name}})};
  }
}

TEST(RenderPreview, RefusesALabelMapOfAnotherShape) {
  const LabelledVolume volume({4, 4, 4});
  ExpectError(ErrorCode::kInvalidArgument, "label map", [&] { RenderPreview(volume.ct, LabelledVolume({4, 4, 3}).labels, {}); });
  LabelledVolume cut({4, 4, 4});
  cut.ct.voxels.pop_back();
  ExpectError(ErrorCode::kInvalidArgument, "voxels = 127 bytes", [&] { RenderPreview(cut.ct, cut.labels, {}); });
}

}  // namespace
}  // namespace tuckerseg
