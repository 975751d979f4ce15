// Pictures from a prompt, and pictures that are changed.
#include <algorithm>

#include "loaders/image/opacity.h"
#include "tools/command_line/number.h"
#include "tools/server/http/multipart.h"
#include "tools/server/limits.h"
#include "tools/server/routes/job_fields.h"
#include "tools/server/routes/openai/openai_routes.h"

namespace yent::server {
namespace {

void add_size(const Fields& body, Json& wish) {
  const std::string size = body.text("size", "auto");
  if (size == "auto") return;
  const size_t x = size.find('x');
  const auto width = natural_number(size.substr(0, x));
  const auto height = x == size.npos ? std::nullopt : natural_number(size.substr(x + 1));
  constexpr uint64_t most = 1 << 20;
  if (!width || !height || *width % 8 || *height % 8 || *width > most || *height > most ||
      *width == 0 || *height == 0) {
    throw HttpError(Fault::bad_request,
                    fmt::format("size is {}, expected WIDTHxHEIGHT of multiples of 8, or auto",
                                Json(size).dump()),
                    "size");
  }
  wish["width"] = *width;
  wish["height"] = *height;
}

// The parts of a form as fields, which are checked, and files.
struct EditForm {
  Fields fields;
  std::string image, mask;
};

EditForm read_form(const std::string& bytes, std::string_view type,
                   const std::vector<Field>& fields) {
  EditForm form;
  Pairs texts;
  for (const FormPart& part : parse_form(bytes, type)) {
    const bool is_image = part.name == "image" || part.name == "image[]";
    if (is_image && !form.image.empty()) {
      throw HttpError(Fault::bad_request, "there is more than one image, expected one", "image");
    }
    if (is_image || part.name == "mask") {
      (is_image ? form.image : form.mask) = std::string(part.content);
      continue;
    }
    // Those of a query may be unknown, those of a form not.
    check_known(part.name, fields);
    texts.emplace_back(part.name, std::string(part.content));
  }
  if (form.image.empty()) throw HttpError(Fault::bad_request, "image is missing", "image");
  texts.emplace_back("image", "file");
  form.fields = checked_query(texts, fields);
  return form;
}

// White where the file is transparent: that is repainted. Nothing where it is nowhere.
std::optional<Image> mask_of(const std::string& file, const char* name) {
  auto opacity = decode_opacity(bytes_of(file), name);
  if (!opacity) return std::nullopt;
  bool any = false;
  for (uint8_t& value : opacity->rgb) {
    value = value < 128 ? 255 : 0;
    any = any || value;
  }
  return any ? std::move(opacity) : std::nullopt;
}

std::optional<Image> mask_of(const EditForm& form) {
  if (form.mask.empty()) return mask_of(form.image, "image");
  auto mask = mask_of(form.mask, "mask");
  if (mask) return mask;
  throw HttpError(Fault::bad_request,
                  "mask has no transparent pixel: what is transparent is repainted", "mask");
}

struct Edit {
  JobSpec spec;
  std::shared_ptr<const RepaintPlan> plan = {};
};

// On a side thread: pictures are decoded.
Edit edit_of(const EditForm& form, const Server& server) {
  const int64_t most = server.config.limits.image_pixels;
  check_image_size(form.image, "image", most);
  if (!form.mask.empty()) check_image_size(form.mask, "mask", most);
  const Image picture = decode_image(bytes_of(form.image), "image");
  const std::optional<Image> mask = mask_of(form);
  if (mask && form.fields.text("response_format") == "url") {
    throw HttpError(Fault::bad_request, "response_format is url, expected b64_json with a mask",
                    "response_format");
  }
  Json wish = openai_wish(form.fields);
  if (!wish.contains("width")) {
    wish["width"] = std::max(8, picture.width / 8 * 8);
    wish["height"] = std::max(8, picture.height / 8 * 8);
  }
  // What was transparent need not have a colour that makes sense.
  wish["strength"] = form.fields.number("strength", mask ? 1 : 0.75);
  Edit edit{image_job(wish, server)};
  PaintWish& painting = edit.spec.painting;
  painting.picture = std::make_shared<const std::string>(form.image);
  if (!mask) return edit;
  auto plan = std::make_shared<RepaintPlan>(
      plan_repaint(picture, *mask, {.blur = 0, .keeps_start = true, .around_mask = false},
                   painting.spec.width, painting.spec.height));
  painting.picture = png_file(plan->picture);
  painting.mask = png_file(plan->mask);
  edit.plan = std::move(plan);
  return edit;
}

}  // namespace

Json openai_wish(const Fields& body) {
  Json wish = own_wish(body);
  for (const char* name : {"model", "seed", "steps", "negative_prompt", "cfg_scale", "sampler",
                           "scheduler", "grammar", "loras"}) {
    if (body.has(name)) wish[name] = body.json(name);
  }
  if (body.has("n")) wish["count"] = body.json("n");
  add_size(body, wish);
  return wish;
}

void generate_images(const std::shared_ptr<Call>& call) {
  answer_with_images(call, image_job(openai_wish(call->body), call->server), "image_generation");
}

void edit_image(const std::shared_ptr<Call>& call) {
  const auto edit = std::make_shared<Edit>();
  const std::string type(call->request().header("content-type"));
  call->server.aside(
      call,
      [call, edit, type] {
        EditForm form = read_form(call->bytes, type, call->route.body);
        *edit = edit_of(form, call->server);
        call->body = std::move(form.fields);
        call->bytes = {};
      },
      [call, edit] { answer_with_images(call, std::move(edit->spec), "image_edit", edit->plan); });
}

}  // namespace yent::server
