// The routes of AUTOMATIC1111's API over a socket, with the toy models; and the requests that
// programs send, in their order.
#include <doctest/doctest.h>

#include "engine/diffusion/samplers/sampler_table.h"
#include "loaders/image/image.h"
#include "loaders/io/base64.h"
#include "tests/server/client.h"
#include "tools/server/repaint.h"
#include "tools/server/routes/a1111/a1111_fields.h"
#include "tools/server/routes/a1111/a1111_routes.h"
#include "tools/server/routes/http_error.h"
#include "tools/server/routes/image_wish.h"

using namespace yent;
using namespace yent::test;
using namespace yent::server;

namespace {

const std::string kApi = "/sdapi/v1/";

// A small request with these members.
Json with(const std::string& members) {
  Json body = parse_json("{" + members + "}", "the test");
  for (const auto& [name, value] :
       {std::pair("width", 32), {"height", 32}, {"steps", 1}, {"seed", 7}}) {
    if (!body.contains(name)) body[name] = value;
  }
  return body;
}

Json painted(const TestServer& server, const std::string& members, const char* route = "txt2img") {
  const test::Answer answer = server.post(kApi + route, with(members).dump());
  INFO(answer.body);
  REQUIRE(answer.status == 200);
  return answer.json();
}

Image first_of(const Json& answer) {
  REQUIRE(answer["images"].size() > 0);
  const auto file = from_base64(*answer["images"][0].text());
  REQUIRE(file);
  return decode_image(bytes_of(*file), "the answer");
}

Json info_of(const Json& answer) { return parse_json(*answer["info"].text(), "info"); }

Image one_colour(int width, int height, uint8_t red, uint8_t green, uint8_t blue) {
  Image image(width, height);
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    image.rgb[i] = red, image.rgb[i + 1] = green, image.rgb[i + 2] = blue;
  }
  return image;
}

std::string base64_of(const Image& image) { return to_base64(*png_file(image)); }

// White in columns [from, to).
Image stripe(int width, int height, int from, int to) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = from; x < to; ++x) std::fill_n(image.pixel(x, y), 3, 255);
  }
  return image;
}

std::string refusal(const std::vector<Field>& fields, const char* name, const Json& value) {
  Json body = Json::object();
  body[name] = value;
  try {
    check_fields(body, fields);
  } catch (const HttpError& error) {
    return error.what();
  }
  return "";
}

// What webuiapi 0.9 sends with every request.
const char* kWebuiapi = R"("enable_hr":false,"hr_scale":2,"hr_upscaler":"Latent",
  "hr_second_pass_steps":0,"hr_resize_x":0,"hr_resize_y":0,"hr_checkpoint_name":null,
  "hr_sampler_name":null,"hr_scheduler":null,"hr_prompt":"","hr_negative_prompt":"",
  "denoising_strength":0.7,"firstphase_width":0,"firstphase_height":0,"prompt":"a cat",
  "styles":[],"subseed":-1,"subseed_strength":0.0,"seed_resize_from_h":0,"seed_resize_from_w":0,
  "batch_size":1,"n_iter":1,"cfg_scale":7.0,"restore_faces":false,"tiling":false,
  "do_not_save_samples":false,"do_not_save_grid":false,"negative_prompt":"","eta":1.0,
  "s_churn":0,"s_tmax":0,"s_tmin":0,"s_noise":1,"override_settings":{},
  "override_settings_restore_afterwards":true,"script_args":[],"script_name":null,
  "send_images":true,"save_images":false,"alwayson_scripts":{},"sampler_name":"Euler a",
  "sampler_index":"Euler a","scheduler":"automatic")";

}  // namespace

TEST_CASE("a1111: values that ask for nothing are accepted, others refused by name") {
  struct Row {
    const char *name, *accepted, *refused;  // lists in JSON
  };
  // clang-format off
  const std::vector<Row> rows = {
      {"styles",               "[[]]",                   R"([["a"], "a"])"},
      {"subseed",              "[-1, 7]",                "[]"},
      {"subseed_strength",     "[0, 0.0]",               "[0.5, true]"},
      {"seed_resize_from_w",   "[-1, 0]",                "[512]"},
      {"restore_faces",        "[false]",                "[true]"},
      {"tiling",               "[false]",                "[true]"},
      {"s_churn",              "[0]",                    "[1]"},
      {"s_noise",              "[1, 1.0]",               "[0.9]"},
      {"s_tmax",               "[0, 999]",               "[]"},
      {"enable_hr",            "[false]",                "[true]"},
      {"hr_upscaler",          R"(["Latent", ""])",      "[]"},
      {"refiner_checkpoint",   R"(["", "None"])",        R"(["sdxl"])"},
      {"script_name",          R"(["", "None"])",        R"(["x/y plot"])"},
      {"alwayson_scripts",     "[{}]",                   R"([{"ADetailer": {"args": []}}])"},
      {"infotext",             R"([""])",                R"(["a\nSteps: 1"])"},
      {"save_images",          "[true, false]",          "[]"},
      {"resize_mode",          "[0]",                    "[1, 2, 3]"},
      {"initial_noise_multiplier", "[1]",                "[0.5]"},
      {"include_init_images",  "[false]",                "[true]"},
  };
  // clang-format on
  const RequestLimits limits;
  std::vector<Field> fields = img2img_fields(limits);
  for (Field& field : fields) field.required = false;
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(refusal(fields, row.name, Json()) == "");
    for (const Json& value : parse_json(row.accepted, "")) {
      CHECK(refusal(fields, row.name, value) == "");
    }
    for (const Json& value : parse_json(row.refused, "")) {
      CHECK(refusal(fields, row.name, value).find(row.name) == 0);
    }
  }
  CHECK(refusal(fields, "override_settings", parse_json(R"({"sd_vae":"x.pt"})", ""))
            .find("override_settings.sd_vae") == 0);
}

TEST_CASE("a1111: every sampler has AUTOMATIC1111's name, and is found by it") {
  for (const Sampler& sampler : sampler_table()) {
    CAPTURE(sampler.name);
    const TitledSampler* titled = titled_sampler(sampler.name);
    REQUIRE(titled);
    CHECK(&find_sampler(titled->title).sampler == &sampler);
  }
  CHECK(titled_samplers().size() == sampler_table().size());
}

TEST_CASE("a1111: txt2img with all that webuiapi sends; the picture knows its settings") {
  const TestServer server;
  const Json answer = painted(server, kWebuiapi);
  const Image image = first_of(answer);
  CHECK(image.width == 32);
  const Json info = info_of(answer);
  CHECK(info["seed"] == Json(7));
  CHECK(info["all_seeds"] == parse_json("[7]", ""));
  CHECK(info["infotexts"][0].text()->find("Seed: 7") != std::string::npos);
  CHECK(answer["parameters"]["prompt"] == Json("a cat"));
  Json body = Json::object();
  body["image"] = "data:image/png;base64," + *answer["images"][0].text();
  const Json told = server.post(kApi + "png-info", body.dump()).json();
  CHECK(told["info"] == info["infotexts"][0]);
  CHECK(told["parameters"]["Prompt"] == Json("a cat"));
  CHECK(told["parameters"]["Seed"] == Json("7"));
  CHECK(told["parameters"]["Sampler"].text() != nullptr);
  // The same again; and several, one seed after the other.
  CHECK(painted(server, kWebuiapi)["images"] == answer["images"]);
  const Json several = painted(server, R"("prompt":"a","batch_size":2,"n_iter":2)");
  CHECK(several["images"].size() == 4);
  CHECK(info_of(several)["all_seeds"] == parse_json("[7,8,9,10]", ""));
  CHECK(painted(server, R"("prompt":"a","send_images":false)")["images"].size() == 0);
  // The seed is random where it is -1, and weights count.
  CHECK(info_of(server.post(kApi + "txt2img", R"({"width":32,"height":32,"steps":1,"seed":-1})")
                    .json())["seed"]
            .natural()
            .has_value());
  CHECK(first_of(painted(server, R"x("prompt":"a (cat:1.4)")x")).rgb !=
        first_of(painted(server, R"("prompt":"a cat")")).rgb);
}

TEST_CASE("a1111: the scheduler of the sampler, eta, and what does not go") {
  const TestServer server;
  const auto schedule = [&](const std::string& more) {
    const Json info = info_of(painted(server, R"("prompt":"a","sampler_name":"DPM++ 2M")" + more));
    return info["infotexts"][0].text()->find("Schedule type: Karras") != std::string::npos;
  };
  CHECK(schedule(""));
  CHECK(schedule(R"(,"scheduler":"Automatic")"));
  CHECK(schedule(R"(,"scheduler":"Karras")"));
  CHECK_FALSE(schedule(R"(,"scheduler":"Normal")"));
  const auto sentence = [&](const std::string& members) {
    const test::Answer answer = server.post(kApi + "txt2img", with(members).dump());
    CHECK(answer.status == 400);
    CHECK(answer.json()["error"].text() != nullptr);
    return *answer.json()["detail"].text();
  };
  CHECK(sentence(R"("sampler_name":"Euler a","eta":0.5)").find("eta is 0.5") == 0);
  CHECK(sentence(R"("sampler_name":"DDIM","eta":2)").find("eta is 2") == 0);
  // DDIM's is any, and does something; 0 is what it has without one.
  const auto pixels = [&](const std::string& eta) {
    return first_of(painted(server, R"("prompt":"a","steps":4,"sampler_name":"DDIM")" + eta)).rgb;
  };
  const auto none = pixels("");
  CHECK(pixels(R"(,"eta":0)") == none);
  CHECK(pixels(R"(,"eta":1)") != none);
  CHECK(pixels(R"(,"eta":0.5)") != pixels(R"(,"eta":1)"));
  CHECK(info_of(painted(server, R"("prompt":"a","sampler_name":"DDIM","eta":1)"))["infotexts"][0]
            .text()
            ->find("Eta DDIM: 1") != std::string::npos);
  CHECK(sentence(R"("sampler_name":"Euler z")").find("Euler z") != std::string::npos);
  CHECK(sentence(R"("batch_size":8,"n_iter":8)").find("n_iter") != std::string::npos);
  CHECK(sentence(R"("prompt":"<lora:none:1>")").find("LoRA none") != std::string::npos);
  CHECK(sentence(R"("prompt":"[a:b:0.5]")") != "");
  CHECK(sentence(R"("override_settings":{"sd_model_checkpoint":"none"})").find("none") !=
        std::string::npos);
}

TEST_CASE("a1111: img2img changes a picture, and repaints what is white in the mask") {
  const TestServer server;
  const Image start = one_colour(32, 32, 200, 40, 40);
  const std::string init = R"("prompt":"a","init_images":[")" + base64_of(start) + "\"]";
  const Image near =
      first_of(painted(server, init + R"(,"steps":8,"denoising_strength":0.05)", "img2img"));
  const Image far =
      first_of(painted(server, init + R"(,"steps":8,"denoising_strength":1)", "img2img"));
  CHECK(near.rgb != far.rgb);
  const std::string mask = R"(,"mask":")" + base64_of(stripe(32, 32, 0, 8)) + "\"";
  for (const char* how :
       {R"(,"inpaint_full_res":false)", R"(,"inpaint_full_res":true)", R"(,"inpainting_fill":1)"}) {
    CAPTURE(how);
    const Image part = first_of(painted(server, init + mask + how, "img2img"));
    REQUIRE(part.width == 32);
    for (int x = 24; x < 32; ++x)
      CHECK(std::equal(part.pixel(x, 9), part.pixel(x, 9) + 3, start.pixel(x, 9)));
    CHECK_FALSE(std::equal(part.pixel(1, 9), part.pixel(1, 9) + 3, start.pixel(1, 9)));
  }
  const Image inverted = first_of(
      painted(server, init + mask + R"(,"inpainting_mask_invert":1,"mask_blur":0)", "img2img"));
  CHECK(std::equal(inverted.pixel(0, 9), inverted.pixel(0, 9) + 3, start.pixel(0, 9)));
  const auto sentence = [&](const std::string& members) {
    const test::Answer answer = server.post(kApi + "img2img", with(members).dump());
    CHECK(answer.status == 400);
    return *answer.json()["detail"].text();
  };
  CHECK(sentence(R"("init_images":["http://a/b.png"])").find("init_images is an address") == 0);
  CHECK(sentence(R"("init_images":[])").find("init_images") == 0);
  CHECK(sentence(R"("prompt":"a")").find("init_images") == 0);
  CHECK(sentence(init + mask + R"(,"inpainting_fill":2)").find("inpainting_fill is 2") == 0);
  CHECK(sentence(init + R"(,"mask":")" + base64_of(stripe(32, 32, 0, 0)) + "\"").find("mask has") ==
        0);
}

TEST_CASE("a1111: a mask's surroundings are painted in the whole size and put back") {
  const Image picture = one_colour(100, 60, 10, 20, 30);
  const RepaintPlan plan = plan_repaint(picture, stripe(100, 60, 40, 50),
                                        {.blur = 0, .around_mask = true, .padding = 4}, 64, 64);
  CHECK(plan.region.height == 60);
  CHECK(plan.region.width == 60);
  CHECK(plan.region.x == 15);
  const Image whole = put_back(plan, one_colour(64, 64, 255, 255, 255));
  CHECK(whole.width == 100);
  CHECK(whole.pixel(39, 30)[0] == 10);
  CHECK(whole.pixel(40, 30)[0] == 255);
  CHECK(whole.pixel(50, 30)[0] == 10);
  // A soft edge; and what is under the mask has the colours around it.
  const RepaintPlan soft = plan_repaint(stripe(100, 60, 40, 50), stripe(100, 60, 40, 50),
                                        {.blur = 4, .around_mask = false}, 104, 64);
  const int edge = put_back(soft, one_colour(104, 64, 255, 0, 255)).pixel(41, 30)[1];
  CHECK(edge > 0);
  CHECK(edge < 255);
  CHECK(soft.picture.pixel(46, 30)[0] < 60);
}

TEST_CASE("a1111: SillyTavern connects, chooses and paints; its password comes back to nobody") {
  const TestServer server;
  CHECK(server.get(kApi + "options").json().contains("sd_model_checkpoint"));
  for (const auto& [path, key] : {std::pair("samplers", "name"),
                                  {"schedulers", "name"},
                                  {"sd-models", "title"},
                                  {"upscalers", "name"},
                                  {"latent-upscale-modes", "name"},
                                  {"sd-vae", "model_name"}}) {
    const Json rows = server.get(kApi + path).json();
    REQUIRE(rows.is_array());
    for (const Json& row : rows) CHECK(row[key].text() != nullptr);
  }
  CHECK(server.get(kApi + "sd-modules").status == 404);
  CHECK(server.post(kApi + "options", R"({"sd_model_checkpoint":"default"})").status == 200);
  const Json idle = server.get(kApi + "progress").json();
  CHECK(idle["progress"] == Json(0));
  CHECK(idle["state"]["job_count"] == Json(0));
  const test::Answer answer = server.post(kApi + "txt2img", R"({"url":"http://127.0.0.1:8080",
    "auth":"me:secret-of-mine","prompt":"a red cat","negative_prompt":"","sampler_name":"Euler a",
    "scheduler":"Automatic","steps":2,"cfg_scale":7,"width":32,"height":32,"restore_faces":false,
    "enable_hr":false,"hr_upscaler":"Latent","hr_scale":1,"hr_additional_modules":[],
    "denoising_strength":0.7,"hr_second_pass_steps":0,"seed":-1,
    "override_settings":{"CLIP_stop_at_last_layers":1},"override_settings_restore_afterwards":true,
    "clip_skip":1,"save_images":true,"send_images":true,"do_not_save_grid":false,
    "do_not_save_samples":false})");
  REQUIRE(answer.status == 200);
  CHECK(first_of(answer.json()).width == 32);
  CHECK(answer.body.find("secret-of-mine") == std::string::npos);
  CHECK(server.post(kApi + "interrupt", "").status == 200);
}

TEST_CASE("a1111: Open WebUI puts all options back with another model, and paints") {
  const TestServer server([](ServiceConfig& config) {
    config.shelf.models = std::filesystem::path(config.shelf.model).parent_path().string();
  });
  Json options = server.get(kApi + "options", {"authorization: "}).json();
  const Json models = server.get(kApi + "sd-models").json();
  REQUIRE(models.size() > 1);
  options["sd_model_checkpoint"] = "toy_painter";
  CHECK(server.post(kApi + "options", options.dump()).status == 200);
  CHECK(server.get(kApi + "options").json() == options);
  const Json answer = painted(server, R"("prompt":"a red cat","batch_size":1)");
  CHECK(info_of(answer)["sd_model_name"] == Json("toy_painter"));
  // For the caller alone.
  const Headers other = {"Cookie: yent=0123456789abcdef0123456789abcdef"};
  CHECK(server.get(kApi + "options", other).json()["sd_model_checkpoint"] == Json("default"));
  CHECK(server.post(kApi + "options", R"({"sd_vae":"x.pt"})").status == 400);
  CHECK(server.post(kApi + "options", R"({"no_such":1})").status == 400);
  CHECK(server.post(kApi + "options", R"({"sd_model_checkpoint":"default.safetensors [12ab]"})")
            .status == 200);
}

TEST_CASE("a1111: progress, skip and interrupt see the caller's own request") {
  const TestServer server;
  const Headers other = {"Cookie: yent=0123456789abcdef0123456789abcdef"};
  const auto wait_until = [&](auto&& holds) {
    while (true) {
      const Json progress = server.get(kApi + "progress").json();
      if (holds(progress)) return progress;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  };
  test::Answer answer;
  std::thread client([&] {
    answer = server.post(kApi + "txt2img",
                         R"({"prompt":"a","width":64,"height":64,"steps":200,"batch_size":3})");
  });
  const Json first = wait_until([](const Json& p) { return p["current_image"].text() != nullptr; });
  CHECK(first["state"]["job_count"] == Json(1));
  CHECK(*first["progress"].number() > 0);
  CHECK(server.get(kApi + "progress", other).json()["state"]["job_count"] == Json(0));
  CHECK(server.post(kApi + "interrupt", "", other).status == 200);
  // The first picture is left out; the second begins, and then it ends.
  CHECK(server.post(kApi + "skip", "").status == 200);
  wait_until([](const Json& p) {
    return p["state"]["skipped"] == Json(false) && p["state"]["job_no"] == Json(0) &&
           *p["state"]["sampling_step"].integer() > 0;
  });
  CHECK(server.post(kApi + "interrupt", "").status == 200);
  client.join();
  CHECK(answer.status == 200);
  CHECK(answer.json()["images"].size() == 0);
  CHECK(server.get(kApi + "progress").json()["state"]["job_count"] == Json(0));
}

TEST_CASE("a1111: lists, and errors in its shape") {
  const TestServer server;
  CHECK(server.get(kApi + "samplers").json().size() == sampler_table().size());
  CHECK(server.get(kApi + "scripts").json()["txt2img"].is_array());
  CHECK(server.get(kApi + "embeddings").json()["loaded"].is_object());
  CHECK(*server.get(kApi + "memory").json()["ram"]["total"].natural() > 0);
  CHECK(server.get(kApi + "cmd-flags").json()["api"] == Json(true));
  for (const char* name : {"loras", "sd-vae", "hypernetworks", "face-restorers", "prompt-styles"}) {
    CHECK(server.get(kApi + name).json().is_array());
  }
  const test::Answer wrong = server.post(kApi + "txt2img", R"({"tiling":true})");
  CHECK(wrong.status == 400);
  CHECK(wrong.json()["detail"].text()->find("tiling is true") == 0);
  CHECK(server.post(kApi + "png-info", R"({"image":"AAAA"})").status == 400);
  CHECK(server.post(kApi + "png-info", Json(parse_json(R"({"image":""})", "")).dump()).status ==
        400);
}
