// Pictures in memory: PNG, JPEG and ASCII art of the C API.
#include "engine/api/images.h"

#include "engine/ascii/charset.h"
#include "engine/ascii/filter.h"
#include "engine/ascii/terminal.h"

namespace {

using namespace yent;
using namespace yent::api;

AsciiOptions options_of(const yent_ascii_params& p) {
  if (p.columns < 1 || p.columns > 2000) {
    throw usage_error("columns is {}, expected 1 to 2000", p.columns);
  }
  if (!(p.boost >= 0 && p.boost <= 1000) || !(p.fill >= 0 && p.fill <= 1)) {
    throw usage_error("boost is {} and fill {}, expected 0 to 1000 and 0 to 1", p.boost, p.fill);
  }
  return {.columns = p.columns,
          .charset = charset_from(p.charset ? p.charset : "techno"),
          .boost = static_cast<float>(p.boost),
          .fill = static_cast<float>(p.fill),
          .invert = p.invert != 0,
          .colour = p.colour != 0};
}

TerminalColour escapes_of(const char* name) {
  const std::string wanted = name ? name : "none";
  if (wanted == "none") return TerminalColour::none;
  if (wanted == "256") return TerminalColour::indexed;
  if (wanted == "true") return TerminalColour::truecolour;
  throw usage_error("escapes is {}, expected none, 256 or true", wanted);
}

}  // namespace

namespace yent::api {

Image image_of(const yent_image& given) {
  constexpr int64_t max_pixels = 64'000'000;
  if (!given.rgb || given.width < 1 || given.height < 1 ||
      int64_t{given.width} * given.height > max_pixels) {
    throw usage_error("a picture of {}x{} is given, expected pixels, at most {}", given.width,
                      given.height, max_pixels);
  }
  Image image(given.width, given.height);
  std::copy_n(given.rgb, image.rgb.size(), image.rgb.begin());
  return image;
}

yent_image new_image(const Image& image) {
  return {new_bytes(image.rgb.data(), image.rgb.size()), image.width, image.height};
}

}  // namespace yent::api

yent_status yent_encode_png(yent_image image, const char* infotext, uint8_t** bytes, size_t* size) {
  return guard([&] {
    required(bytes, "bytes") = nullptr;
    required(size, "size") = 0;
    std::vector<std::pair<std::string, std::string>> chunks;
    if (infotext) chunks.emplace_back("parameters", infotext);
    const std::vector<uint8_t> png = encode_png(image_of(image), chunks);
    *bytes = new_bytes(png.data(), png.size());
    *size = png.size();
  });
}

yent_status yent_decode_image(const uint8_t* bytes, size_t size, yent_image* image) {
  return guard([&] {
    required(image, "image") = {};
    required(bytes, "bytes");
    *image = new_image(decode_image({bytes, size}, "the picture given"));
  });
}

void yent_ascii_params_init(yent_ascii_params* params, size_t struct_size) {
  init_params(params, struct_size,
              {.struct_size = 0,
               .columns = 100,
               .charset = "techno",
               .boost = 2.8,
               .fill = 0.5,
               .invert = 0,
               .colour = 1,
               .escapes = "none"});
}

yent_status yent_ascii_text(yent_image image, const yent_ascii_params* params, char** text) {
  return guard([&] {
    required(text, "text") = nullptr;
    const yent_ascii_params p = taken(params, yent_ascii_params_init);
    *text = new_text(ascii_text(draw_ascii(image_of(image), options_of(p)), escapes_of(p.escapes)));
  });
}

yent_status yent_ascii_image(yent_image image, const yent_ascii_params* params, yent_image* drawn) {
  return guard([&] {
    required(drawn, "drawn") = {};
    AsciiOptions options = options_of(taken(params, yent_ascii_params_init));
    options.columns = readable_columns(image.width, options.columns);
    *drawn =
        new_image(paint_ascii(draw_ascii(image_of(image), options), image.width, image.height));
  });
}
