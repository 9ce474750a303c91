/// A picture in memory that cairo draws on; needs no display.
#pragma once

#include <cairo/cairo.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/preview/colours.h"

namespace tuckerseg {

/// Where something is drawn: pixels, y down.
struct PixelBox {
  double x = 0, y = 0, width = 0, height = 0;
};

class Canvas {
 public:
  /// `zoom`: the picture's size over that of the coordinates that are drawn in. Errors: kInternal.
  Canvas(double width, double height, double zoom, const Rgb& background);

  cairo_t* context() const { return context_.get(); }

  void SetColour(const Rgb& colour, double alpha = 1) const;
  /// Text whose line of writing begins at (x, y); `align`: the share of its width that lies left of x. Any character outside ASCII
  /// is shown as `?`: names come from models, and cairo refuses what is not UTF-8. With `halo`, readable on any background.
  void Write(const std::string& text, double x, double y, double size, double align = 0, bool halo = false) const;
  double WidthOf(const std::string& text, double size) const;
  /// Draws samples (0xAARRGGBB, colours multiplied by alpha; `width` * `height`, rows from the top) into the box, interpolated.
  void DrawSamples(std::span<const uint32_t> argb, int width, int height, const PixelBox& box) const;

  /// The picture as a PNG file. Errors: kInternal if anything that was drawn before has failed.
  std::vector<std::byte> Png() const;

 private:
  template <auto Destroy>
  struct Deleter {
    template <typename T>
    void operator()(T* thing) const {
      Destroy(thing);
    }
  };
  using Surface = std::unique_ptr<cairo_surface_t, Deleter<cairo_surface_destroy>>;
  using Context = std::unique_ptr<cairo_t, Deleter<cairo_destroy>>;

  Surface surface_;
  Context context_;
};

}  // namespace tuckerseg
