#include "tools/show.h"

#include <algorithm>
#include <iostream>

#include "engine/ascii/attention_glyphs.h"
#include "engine/ascii/blend/blend.h"
#include "engine/ascii/charset.h"
#include "engine/ascii/filter.h"
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

AsciiArt draw(const Options& o, const Painted& painted, const AsciiOptions& options) {
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

}  // namespace

std::filesystem::path show(Run& run, const Painted& painted, const Outputs& to,
                           const KeptText& text) {
  const Options& o = run.options;
  const Image& image = painted.image;
  const bool filtered = o.filter != "none";
  AsciiOptions options{.charset = charset_from(o.charset),
                       .boost = static_cast<float>(o.boost),
                       .fill = static_cast<float>(o.fill),
                       .invert = o.invert,
                       .colour = o.color};
  Image picture = image;
  if (o.filter == "blend") {
    const Timings::Span span(&run.timings, "ascii");
    picture = blend(image, {growing_words(run.words), options.charset}, o.blend);
  } else if (filtered) {
    const Timings::Span span(&run.timings, "ascii");
    options.columns = readable_columns(image.width, o.columns);
    picture = paint_ascii(draw(o, painted, options), image.width, image.height);
  }
  std::filesystem::path written;
  {
    const Timings::Span span(&run.timings, "png");
    written = write_picture(run, picture, to.picture, text);
  }
  if (filtered) tell_words(run, painted, options, written);
  options.columns = o.columns;
  if (!to.ascii.empty()) write_file_atomically(to.ascii, ascii_text(draw(o, painted, options)));
  if (!filtered || run.console.quiet() || o.json) return written;
  const Terminal& terminal = run.console.terminal();
  if (terminal.is_terminal) options.columns = std::min(o.columns, terminal.columns);
  run.console.print(
      ascii_text(draw(o, painted, options), o.color ? colour_of(terminal) : TerminalColour::none));
  return written;
}

}  // namespace yent
