#include "engine/preview/canvas.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "engine/error.h"

namespace tuckerseg {
namespace {

void Check(cairo_status_t status) {
  if (status == CAIRO_STATUS_SUCCESS) return;
  if (status == CAIRO_STATUS_NO_MEMORY) throw std::bad_alloc();
  throw Error(ErrorCode::kInternal, std::string("preview: cannot be drawn: ") + cairo_status_to_string(status));
}

int Pixels(double length) { return std::max(1, static_cast<int>(std::floor(length))); }

std::string Drawable(const std::string& text) {
  std::string drawable;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xC0) continue;  // the rest of a character that has its `?`
    drawable += byte >= 0x20 && byte < 0x7F ? c : '?';
  }
  return drawable;
}

cairo_status_t Append(void* bytes, const unsigned char* data, unsigned int size) noexcept {
  try {
    const auto begin = reinterpret_cast<const std::byte*>(data);
    auto& all = *static_cast<std::vector<std::byte>*>(bytes);
    all.insert(all.end(), begin, begin + size);
    return CAIRO_STATUS_SUCCESS;
  } catch (const std::bad_alloc&) {
    return CAIRO_STATUS_NO_MEMORY;
  }
}

}  // namespace

Canvas::Canvas(double width, double height, double zoom, const Rgb& background)
    : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, Pixels(width * zoom), Pixels(height * zoom))),
      context_(cairo_create(surface_.get())) {
  Check(cairo_status(context_.get()));
  SetColour(background);
  cairo_paint(context());
  cairo_scale(context(), zoom, zoom);
  cairo_select_font_face(context(), "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  // Grey antialiasing and no hinting: the same glyphs at every zoom, and no colour fringes.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_set_font_options(context(), options);
  cairo_font_options_destroy(options);
}

void Canvas::SetColour(const Rgb& colour, double alpha) const {
  cairo_set_source_rgba(context(), colour[0] / 255.0, colour[1] / 255.0, colour[2] / 255.0, alpha);
}

double Canvas::WidthOf(const std::string& text, double size) const {
  cairo_text_extents_t extents;
  cairo_set_font_size(context(), size);
  cairo_text_extents(context(), Drawable(text).c_str(), &extents);
  return extents.x_advance;
}

void Canvas::Write(const std::string& text, double x, double y, double size, double align, bool halo) const {
  const double left = x - (align == 0 ? 0 : align * WidthOf(text, size));
  cairo_set_font_size(context(), size);
  if (halo) {
    cairo_save(context());
    cairo_move_to(context(), left, y);
    cairo_text_path(context(), Drawable(text).c_str());
    SetColour({0, 0, 0}, 0.8);
    cairo_set_line_join(context(), CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_width(context(), 3);
    cairo_stroke(context());
    cairo_restore(context());
  }
  cairo_move_to(context(), left, y);
  cairo_show_text(context(), Drawable(text).c_str());
}

void Canvas::DrawSamples(std::span<const uint32_t> argb, int width, int height, const PixelBox& box) const {
  const Surface image(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height));
  Check(cairo_surface_status(image.get()));
  cairo_surface_flush(image.get());
  unsigned char* const pixels = cairo_image_surface_get_data(image.get());
  const int stride = cairo_image_surface_get_stride(image.get());
  for (int v = 0; v < height; ++v) {
    const auto row = argb.subspan(static_cast<size_t>(v) * static_cast<size_t>(width), static_cast<size_t>(width));
    std::memcpy(pixels + static_cast<ptrdiff_t>(v) * stride, row.data(), row.size_bytes());
  }
  cairo_surface_mark_dirty(image.get());
  cairo_save(context());
  cairo_rectangle(context(), box.x, box.y, box.width, box.height);
  cairo_clip(context());
  cairo_translate(context(), box.x, box.y);
  cairo_scale(context(), box.width / width, box.height / height);
  cairo_set_source_surface(context(), image.get(), 0, 0);
  // Averages where samples are denser than pixels, interpolates where they are not; beyond the last sample it goes on as it is.
  cairo_pattern_set_filter(cairo_get_source(context()), CAIRO_FILTER_GOOD);
  cairo_pattern_set_extend(cairo_get_source(context()), CAIRO_EXTEND_PAD);
  cairo_paint(context());
  cairo_restore(context());
}

std::vector<std::byte> Canvas::Png() const {
  Check(cairo_status(context()));
  std::vector<std::byte> png;
  Check(cairo_surface_write_to_png_stream(surface_.get(), Append, &png));
  return png;
}

}  // namespace tuckerseg
