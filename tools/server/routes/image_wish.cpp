#include "tools/server/routes/image_wish.h"

#include <algorithm>

#include "tools/server/routes/job_fields.h"

namespace yent::server {
namespace {

const std::vector<std::string> kOwn = {"policy", "policy_text", "bits", "columns", "charset"};

}  // namespace

std::vector<Field> some_painting_fields(const RequestLimits& limits,
                                        const std::vector<std::string>& names) {
  std::vector<Field> fields;
  for (Field& field : painting_fields(limits)) {
    if (std::ranges::find(names, field.name) != names.end()) fields.push_back(std::move(field));
  }
  return fields;
}

std::vector<Field> own_fields(const RequestLimits& limits) {
  std::vector<Field> fields = some_painting_fields(limits, kOwn);
  fields.push_back(
      flag_field("react", "the prompt is said to Yent, who paints his answer (false)"));
  fields.push_back(flag_field("ascii", "the picture is drawn in characters (false)"));
  fields.push_back(text_field("yent_style", "a style of GET /options").up_to(200));
  return fields;
}

Json own_wish(const Fields& body) {
  Json wish = Json::object();
  const bool reacts = body.flag("react");
  wish["kind"] = reacts ? "react" : "paint";
  wish[reacts ? "input" : "prompt"] = body.text("prompt");
  for (const std::string& name : kOwn) {
    if (body.has(name.c_str())) wish[name] = body.json(name.c_str());
  }
  if (body.has("yent_style")) wish["style"] = body.json("yent_style");
  if (body.flag("ascii")) wish["filter"] = "ascii";
  return wish;
}

JobSpec image_job(const Json& wish, const Server& server) {
  return job_spec(Fields(wish), server.shelf, server.config.limits);
}

std::vector<FinishedPicture> finished_pictures(const Job& job) {
  std::vector<FinishedPicture> all;
  for (size_t i = 0; i < std::min(job.pictures.size(), job.files.size()); ++i) {
    all.push_back({job.pictures[i], job.files[i]});
  }
  return all;
}

std::string finished_file(const FinishedPicture& picture, const RepaintPlan* plan) {
  if (!plan) return *picture.png;
  const auto file = bytes_of(*picture.png);
  const Image whole = put_back(*plan, decode_image(file, "the picture"));
  const std::vector<uint8_t> png = encode_png(whole, decode_png_text(file, "the picture"));
  return {png.begin(), png.end()};
}

std::span<const uint8_t> bytes_of(const std::string& file) {
  return {reinterpret_cast<const uint8_t*>(file.data()), file.size()};
}

std::shared_ptr<const std::string> png_file(const Image& image) {
  const std::vector<uint8_t> png = encode_png(image);
  return std::make_shared<const std::string>(png.begin(), png.end());
}

}  // namespace yent::server
