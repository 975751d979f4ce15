#include "tools/show.h"

#include <algorithm>
#include <iostream>

#include "engine/ascii/attention_glyphs.h"
#include "engine/ascii/blend/blend.h"
#include "engine/ascii/charset.h"
#include "engine/ascii/font.h"
#include "engine/ascii/terminal.h"
#include "kernels/error.h"
#include "loaders/image/jpeg_text.h"
#include "loaders/io/output_file.h"
#include "tools/outputs.h"

namespace yent {
namespace {

std::vector<uint8_t> encode(Run& run, const Image& picture, const std::filesystem::path& path,
                            const KeptText& text) {
  if (!is_jpeg_name(path)) {
    std::vector<std::pair<std::string, std::string>> chunks{{"parameters", text.infotext}};
    if (!text.recipe.empty()) chunks.emplace_back("yent", text.recipe);
    return encode_png(picture, chunks);
  }
  const bool fits = fits_jpeg(text.infotext);
  std::vector<uint8_t> jpeg = fits ? encode_jpeg(picture, text.infotext) : encode_jpeg(picture);
  if (!fits || (!text.recipe.empty() && !add_jpeg_comment(jpeg, text.recipe))) {
    run.console.warn(fmt::format("{}: the settings are left out, {} bytes are too many for a JPEG",
                                 path.string(), text.infotext.size() + text.recipe.size()));
  }
  return jpeg;
}

std::filesystem::path write_picture(Run& run, const Image& picture,
                                    const std::filesystem::path& path, const KeptText& text) {
  const std::vector<uint8_t> bytes = encode(run, picture, path, text);
  if (path.empty()) return write_new_file("", unnamed_picture, next_picture_number(), bytes);
  if (path != "-") {
    write_file_atomically(path, bytes);
    return path;
  }
  std::cout.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
  std::cout.flush();
  if (!std::cout) throw run_error("the picture cannot be written to standard output");
  return path;
}

AsciiArt art_of(const Options& o, const Painted& painted, const AsciiOptions& options) {
  if (o.glyphs != "attention") return draw_ascii(painted.image, options);
  return draw_by_attention(painted.image, options, painted.attention).art;
}

// How much of every word stands in the upper quartile of its attention: with -v, and in the report.
void tell_words(Run& run, const Painted& painted, const AsciiOptions& options,
                const std::filesystem::path& picture) {
  if (run.options.glyphs != "attention") return;
  for (const PlacedWord& word :
       draw_by_attention(painted.image, options, painted.attention).words) {
    run.console.note(
        fmt::format("{}: {} of {} letters stand in the upper quartile of its attention", word.word,
                    word.inside, word.glyphs));
    Json placed;
    placed["output"] = picture.string();
    placed["word"] = word.word;
    placed["glyphs"] = word.glyphs;
    placed["inside"] = word.inside;
    run.report["attention"].push_back(placed);
  }
}

// The options of the art that becomes a picture.
AsciiOptions picture_options(const Options& o, const Image& image) {
  AsciiOptions options = ascii_options(o);
  if (o.ascii_scale == 0) options.columns = readable_columns(image.width, o.columns);
  return options;
}

Image filtered(const Run& run, const Painted& painted) {
  const Options& o = run.options;
  const Image& image = painted.image;
  if (o.filter == "blend") {
    const std::u32string levels = charset_from(o.charset.value_or("techno"));
    return blend(image, {growing_words(run.words), levels}, o.blend);
  }
  const AsciiArt art = art_of(o, painted, picture_options(o, image));
  return o.ascii_scale > 0 ? paint_ascii(art, o.ascii_scale)
                           : paint_ascii(art, image.width, image.height);
}

ColourUse colour_use(const Options& o) {
  if (!o.color || o.color_when == "never") return ColourUse::never;
  return o.color_when == "always" ? ColourUse::always : ColourUse::automatic;
}

std::u32string charset_of(const Options& o) {
  if (!o.charset && o.glyphs == "shape") return printable_ascii();
  return charset_from(o.charset.value_or("techno"));
}

// The art as the terminal shows it: whole, with the text above it and the name below.
void draw(Run& run, const Painted& painted, const std::filesystem::path& name) {
  const auto art = [&](const Terminal& terminal) {
    const TerminalColour colour = colour_of(terminal, colour_use(run.options));
    AsciiOptions options = ascii_options(run.options);
    options.colour = colour != TerminalColour::none;
    if (terminal.is_terminal) {
      const int rows = run.console.text_rows() + text_rows(name.string(), terminal.columns);
      options.columns = fitting_columns(options.columns, terminal, rows, painted.image.width,
                                        painted.image.height);
    }
    return ascii_text(art_of(run.options, painted, options), colour);
  };
  const Terminal* recorded = run.console.recorded();
  const std::string here = art(run.console.terminal());
  run.console.draw(here, recorded ? art(*recorded) : here);
}

}  // namespace

AsciiOptions ascii_options(const Options& o) {
  return {.columns = o.columns,
          .charset = charset_of(o),
          .glyphs = o.glyphs == "shape" ? GlyphChoice::shape : GlyphChoice::level,
          .boost = static_cast<float>(o.boost),
          .fill = static_cast<float>(o.fill),
          .invert = o.invert,
          .colour = o.color};
}

void check_ascii_size(const Options& o, int width, int height) {
  const int64_t rows = ascii_rows(o.columns, width, height);
  if (o.filter != "ascii" || o.ascii_scale == 0) return;
  const int64_t across = int64_t{glyph_width} * o.ascii_scale * o.columns;
  const int64_t down = int64_t{glyph_height} * o.ascii_scale * rows;
  constexpr int64_t most_pixels = 64'000'000, longest_side = 65'535;  // a JPEG's
  if (across * down <= most_pixels && std::max(across, down) <= longest_side) return;
  throw usage_error(
      "--columns {} with --ascii-scale {} makes a picture of {}x{}, expected at most {} pixels and "
      "{} a side; --ascii-scale raw keeps {}x{}",
      o.columns, o.ascii_scale, across, down, most_pixels, longest_side, width, height);
}

std::filesystem::path show(Run& run, const Painted& painted, const Outputs& to,
                           const KeptText& text) {
  const Options& o = run.options;
  Image picture = painted.image;
  if (o.filter != "none") {
    const Timings::Span span(&run.timings, "ascii");
    picture = filtered(run, painted);
  }
  std::filesystem::path written;
  {
    const Timings::Span span(&run.timings, "png");
    written = write_picture(run, picture, to.picture, text);
  }
  if (o.filter != "none") tell_words(run, painted, picture_options(o, painted.image), written);
  AsciiOptions options = ascii_options(o);
  if (!to.html.empty()) {
    const std::string title = text.infotext.substr(0, text.infotext.find('\n'));
    write_file_atomically(to.html, ascii_html(art_of(o, painted, options), title));
  }
  options.colour = false;
  if (!to.ascii.empty()) write_file_atomically(to.ascii, ascii_text(art_of(o, painted, options)));
  if (o.filter != "none" && !run.console.quiet() && !o.json) draw(run, painted, written);
  return written;
}

}  // namespace yent
