// The C API from inside: its promises about errors, versions, ownership and cancelling.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <cmath>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "loaders/image/image.h"
#include "loaders/tensors/safetensors.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"
#include "yent/yent.hpp"

using namespace yent_api;

namespace {

const std::string toy = yent::golden_path("toy_painter");
const std::string toy_voice = yent::golden_path("toy_voice.gguf");

Device one_thread() {
  yent_device_params p = device_params();
  p.device = "cpu";
  p.threads = 1;
  return open_device(p);
}

Painter toy_painter(const Device& device) {
  yent_painter_params p = painter_params();
  p.model = toy.c_str();
  p.precision = "f32";
  return open_painter(device, p);
}

Session toy_session(const Device& device) {
  yent_session_params p = session_params();
  p.voice = toy_voice.c_str();
  p.precision = "f32";
  return open_session(device, p);
}

yent_paint_params small() {
  yent_paint_params p = paint_params();
  p.prompt = "a cat";
  p.steps = 3;
  p.seed = 7;
  return p;
}

std::vector<uint8_t> pixels(const yent_image& image) {
  return {image.rgb, image.rgb + size_t{3} * image.width * image.height};
}

std::vector<float> numbers(const yent_latent& l) {
  return {l.values, l.values + size_t{1} * l.channels * l.height * l.width};
}

std::vector<float> floats(const yent::HostTensor& t) {
  std::vector<float> values(t.count());
  std::memcpy(values.data(), t.data, t.bytes);
  return values;
}

}  // namespace

TEST_CASE("api: a picture is the pipeline's") {
  const Device device = one_thread();
  CHECK(std::string(yent_device_name(device.get())) == "cpu");
  CHECK(yent_device_threads(device.get()) == 1);
  const Painter painter = toy_painter(device);
  const Pictures made = paint(painter, small());
  REQUIRE(yent_pictures_count(made.get()) == 1);
  const yent_picture* picture = yent_pictures_get(made.get(), 0);
  CHECK(yent_pictures_get(made.get(), 1) == nullptr);

  const auto backend = yent::make_cpu_backend({.threads = 1});
  yent::Pipeline pipeline({.model = toy}, {backend.get()});
  yent::PaintRequest request;
  request.prompt = "a cat";
  request.negative = "extra fingers, blurry, watermark";
  request.spec.steps = 3;
  request.seed = 7;
  const yent::Painted expected = pipeline.paint_one(request);
  CHECK(pixels(picture->image) == expected.image.rgb);
  CHECK(numbers(picture->first_latent) == expected.init.values);
  CHECK(numbers(picture->last_latent) == expected.latent.values);
  CHECK(picture->seed == 7);
  CHECK(std::string(picture->infotext).find("Seed: 7") != std::string::npos);
  const yent::Json measured = yent::parse_json(yent_pictures_measured(made.get()), "measured");
  CHECK(measured.at("timings_ms").at("unet_step").number().value_or(0) > 0);
  CHECK(measured.at("isa").text() != nullptr);
}

TEST_CASE("api: events, previews and pictures arrive, and steps show their latents") {
  const Device device = one_thread();
  const Painter painter = toy_painter(device);
  struct Seen {
    int steps = 0, previews = 0, pictures = 0;
    std::vector<float> latent, last;
  } seen;
  yent_paint_params p = small();
  p.count = 2;
  p.preview_every = 1;
  p.preview_side = 2;
  p.user = &seen;
  p.on_step = [](void* user, yent_step* step) {
    Seen& s = *static_cast<Seen*>(user);
    ++s.steps;
    yent_latent latent, x0;
    CHECK(yent_step_latent(step, &latent) == YENT_OK);
    CHECK(yent_step_x0(step, &x0) == YENT_OK);
    CHECK(numbers(x0).size() == numbers(latent).size());
    if (yent_step_picture(step) == 1 && yent_step_call(step) + 1 == yent_step_calls(step)) {
      s.latent = numbers(latent);
    }
  };
  p.on_preview = [](void* user, int32_t, int32_t, yent_image image) {
    CHECK(image.rgb != nullptr);
    ++static_cast<Seen*>(user)->previews;
  };
  p.on_picture = [](void* user, const yent_picture* picture) {
    Seen& s = *static_cast<Seen*>(user);
    CHECK(picture->index == s.pictures++);
    s.last = numbers(picture->last_latent);
  };
  REQUIRE(yent_paint(painter.get(), &p, nullptr) == YENT_OK);
  CHECK(seen.steps == seen.previews);
  CHECK(seen.pictures == 2);
  CHECK(seen.latent == seen.last);
}

TEST_CASE("api: how alike two latents are") {
  const Device device = one_thread();
  const Painter painter = toy_painter(device);
  const Pictures one = paint(painter, small());
  yent_paint_params other = small();
  other.seed = 8;
  const Pictures two = paint(painter, other);
  const yent_latent a = yent_pictures_get(one.get(), 0)->last_latent;
  const yent_latent b = yent_pictures_get(two.get(), 0)->last_latent;
  double same = 0, apart = 0, score = 0;
  REQUIRE(yent_painter_similarity(painter.get(), a, a, nullptr, &same) == YENT_OK);
  REQUIRE(yent_painter_similarity(painter.get(), a, b, nullptr, &apart) == YENT_OK);
  CHECK(std::abs(same - 1) < 1e-12);
  CHECK(apart < 1);
  yent_similarity_params p = similarity_params();
  p.timestep = 501;
  REQUIRE(yent_painter_similarity(painter.get(), a, b, &p, &score) == YENT_OK);
  CHECK(score != apart);
  p.how = "mean-square";
  REQUIRE(yent_painter_similarity(painter.get(), a, a, &p, &score) == YENT_OK);
  CHECK(score == 0);
  p.how = "smell";
  CHECK(yent_painter_similarity(painter.get(), a, b, &p, &score) == YENT_ERROR_USAGE);
  CHECK(yent_painter_similarity(painter.get(), {}, b, nullptr, &score) == YENT_ERROR_USAGE);
  CHECK(yent_painter_similarity(nullptr, a, b, nullptr, &score) == YENT_ERROR_USAGE);
  const Pictures again = paint(painter, small());  // a comparison leaves nothing behind
  CHECK(numbers(yent_pictures_get(again.get(), 0)->last_latent) == numbers(a));
}

TEST_CASE("api: eta is for ddim") {
  const Device device = one_thread();
  const Painter painter = toy_painter(device);
  yent_paint_params p = small();
  p.sampler = "ddim";
  const auto painted = [&](double eta) {
    p.eta = eta;
    const Pictures made = paint(painter, p);
    const yent_picture* one = yent_pictures_get(made.get(), 0);
    CHECK((std::string(one->infotext).find("Eta DDIM: 1") != std::string::npos) == (eta == 1));
    return pixels(one->image);
  };
  CHECK(painted(0) != painted(1));
  p.sampler = "euler";
  p.eta = 1;
  CHECK(yent_paint(painter.get(), &p, nullptr) == YENT_ERROR_USAGE);
}

TEST_CASE("api: a prompt can be read in the a1111 grammar") {
  const Device device = one_thread();
  yent_painter_params with = painter_params();
  const std::string loras = yent::golden_path("");
  with.model = toy.c_str();
  with.lora_dir = loras.c_str();
  const std::string hands = yent::golden_path("ti/badhands-500.pt");
  const char* const embeddings[] = {hands.c_str()};
  with.embeddings = embeddings;
  with.embedding_count = 1;
  const Painter painter = open_painter(device, with);
  int32_t count = 0, capacity = 0;
  const char* prompt = "(cat:1.5) BREAK cat";
  REQUIRE(yent_painter_count_prompt(painter.get(), prompt, "a1111", &count, &capacity) == YENT_OK);
  CHECK(count == 76);
  CHECK(capacity == 75);
  CHECK(yent_painter_count_prompt(painter.get(), "x", "magic", &count, nullptr) ==
        YENT_ERROR_USAGE);
  yent_paint_params p = small();
  const auto painted = [&](const char* text, const char* grammar) {
    p.prompt = text;
    p.grammar = grammar;
    const Pictures made = paint(painter, p);
    return pixels(yent_pictures_get(made.get(), 0)->image);
  };
  const std::vector<uint8_t> plain = painted("a cat", nullptr);
  CHECK(painted("a cat", "a1111") == plain);
  CHECK(painted("a (cat:2)", "a1111") != plain);
  CHECK(painted("a <lora:lora_style:1>cat", "a1111") != plain);
  REQUIRE(yent_painter_count_tokens(painter.get(), "badhands", &count, nullptr) == YENT_OK);
  CHECK(count == 2);
  p.prompt = "[a|b]";
  CHECK(yent_paint(painter.get(), &p, nullptr) == YENT_ERROR_USAGE);
}

TEST_CASE("api: adapters of a request are those of a painter that was made with them") {
  const Device device = one_thread();
  const std::string lora = yent::golden_path("lora_style.safetensors");
  const yent_lora loras[] = {{lora.c_str(), 0.5f}};
  yent_painter_params with = painter_params();
  with.model = toy.c_str();
  const Painter plain = open_painter(device, with);
  with.loras = loras;
  with.lora_count = 1;
  const Painter made_with = open_painter(device, with);
  yent_paint_params p = small();
  const Pictures without = paint(plain, p), expected = paint(made_with, p);
  p.loras = loras;
  p.lora_count = 1;
  const Pictures switched = paint(plain, p);
  const yent_picture *a = yent_pictures_get(switched.get(), 0),
                     *b = yent_pictures_get(expected.get(), 0);
  CHECK(pixels(a->image) == pixels(b->image));
  CHECK(pixels(a->image) != pixels(yent_pictures_get(without.get(), 0)->image));
  CHECK(std::string(a->infotext) == b->infotext);
}

TEST_CASE("api: what yent-run can be given can be given here") {
  const Device device = one_thread();
  const std::string lora = yent::golden_path("lora_style.safetensors");
  const yent_lora loras[] = {{lora.c_str(), 0.5f}};
  yent_painter_params with = painter_params();
  with.model = toy.c_str();
  with.policy_text = "unet.conv_in f32\n* bf16\n";
  with.loras = loras;
  with.lora_count = 1;
  const std::string vae = toy + "/vae";
  with.vae = vae.c_str();
  with.prediction = "eps";
  const Painter painter = open_painter(device, with);
  char* text = nullptr;
  REQUIRE(yent_painter_explain(painter.get(), &text) == YENT_OK);
  const std::string layers = take(text);
  CHECK(layers.find("unet.conv_in") != std::string::npos);
  CHECK(layers.find("bf16") != std::string::npos);
  int32_t count = 0, capacity = 0;
  REQUIRE(yent_painter_count_tokens(painter.get(), "a cat", &count, &capacity) == YENT_OK);
  CHECK(count >= 2);
  CHECK(capacity >= count);

  const yent::test::TemporaryFolder folder;
  const std::string dump = (folder / "dump.safetensors").string();
  yent_paint_params p = small();
  p.sampler = "euler";
  p.karras = 1;
  p.dump_path = dump.c_str();
  p.dump_layers = "unet.conv_in.*";
  const Pictures first = paint(painter, p);
  const yent::TensorSet stages = yent::read_safetensors(dump);
  CHECK(stages.find("latent.init") != nullptr);
  CHECK(stages.find("unet.conv_in.0") != nullptr);
  const yent_picture* picture = yent_pictures_get(first.get(), 0);
  CHECK(std::string(picture->infotext).find("Lora: \"" + lora + ":0.5\"") != std::string::npos);

  // The same from its first latent, and from its embeddings.
  p = small();
  p.sampler = "euler";
  p.noise_levels = "karras";
  p.seed = 1234;
  p.first_latents = &picture->first_latent;
  CHECK(pixels(yent_pictures_get(paint(painter, p).get(), 0)->image) == pixels(picture->image));
  const yent::HostTensor *cond = stages.find("cond"), *uncond = stages.find("uncond");
  REQUIRE(cond != nullptr);
  REQUIRE(uncond != nullptr);
  const std::vector<float> rows[] = {floats(*cond), floats(*uncond)};
  p.first_latents = nullptr;
  p.seed = 7;
  p.prompt = "ignored";
  p.cond = rows[0].data();
  p.uncond = rows[1].data();
  p.tokens = static_cast<int32_t>(cond->dims[0]);
  p.embedding_width = static_cast<int32_t>(cond->dims[1]);
  CHECK(pixels(yent_pictures_get(paint(painter, p).get(), 0)->image) == pixels(picture->image));

  // An earlier layer of the text encoder paints another picture, and says so.
  p = small();
  p.clip_skip = 2;
  const Pictures skipped = paint(painter, p);
  CHECK(std::string(yent_pictures_get(skipped.get(), 0)->infotext).find("Clip skip: 2") !=
        std::string::npos);
  p.clip_skip = 99;
  CHECK(yent_paint(painter.get(), &p, nullptr) == YENT_ERROR_USAGE);

  // And from a picture.
  p = small();
  p.picture = picture->image;
  p.strength = 0.5;
  CHECK(pixels(yent_pictures_get(paint(painter, p).get(), 0)->image) != pixels(picture->image));
}

TEST_CASE("api: errors are statuses with a sentence, and outputs are NULL then") {
  const Device device = one_thread();
  yent_device* none = device.get();
  yent_device_params wrong = device_params();
  wrong.device = "abacus";
  CHECK(yent_device_create(&wrong, &none) == YENT_ERROR_USAGE);
  CHECK(none == nullptr);
  CHECK(std::string(yent_last_error()).find("abacus") != std::string::npos);
  yent_painter_params missing = painter_params();
  missing.model = "/nowhere/at/all";
  yent_painter* painter = nullptr;
  CHECK(yent_painter_create(device.get(), &missing, &painter) == YENT_ERROR_FILE);
  CHECK(painter == nullptr);
  CHECK(yent_painter_create(nullptr, nullptr, &painter) == YENT_ERROR_USAGE);
  CHECK(yent_painter_create(device.get(), &missing, nullptr) == YENT_ERROR_USAGE);

  const Painter good = toy_painter(device);
  const auto status_of = [&](auto change) {
    yent_paint_params p = small();
    change(p);
    yent_pictures* pictures = nullptr;
    const yent_status status = yent_paint(good.get(), &p, &pictures);
    CHECK((pictures == nullptr) == (status != YENT_OK));
    yent_pictures_destroy(pictures);
    CHECK(std::string(yent_last_error()).find("--") == std::string::npos);
    return status;
  };
  using P = yent_paint_params;
  const uint8_t grey[3] = {};
  const float number = 0;
  CHECK(status_of([](P& p) { p.width = 33; }) == YENT_ERROR_USAGE);
  CHECK(status_of([](P& p) { p.steps = -1; }) == YENT_ERROR_USAGE);
  CHECK(status_of([](P& p) { p.count = 0; }) == YENT_ERROR_USAGE);
  CHECK(status_of([](P& p) { p.sampler = "magic"; }) == YENT_ERROR_USAGE);
  CHECK(status_of([](P& p) { p.rng = "dice"; }) == YENT_ERROR_USAGE);
  CHECK(status_of([&](P& p) { p.picture = {grey, 0, 1}; }) == YENT_ERROR_USAGE);
  CHECK(status_of([&](P& p) { p.mask = {grey, 1, 1}; }) == YENT_ERROR_USAGE);
  CHECK(status_of([&](P& p) { p.cond = &number; }) == YENT_ERROR_USAGE);
  CHECK(status_of([&](P& p) { p.cond = &number, p.tokens = 1, p.embedding_width = 1; }) ==
        YENT_ERROR_USAGE);
  const yent_latent tiny{&number, 1, 1, 1};
  CHECK(status_of([&](P& p) { p.first_latents = &tiny; }) == YENT_ERROR_USAGE);
  CHECK(status_of([](P& p) { p.dump_path = "/nowhere/dump"; }) == YENT_ERROR_RUN);
  CHECK(status_of([](P& p) { p.guidance = NAN; }) == YENT_ERROR_USAGE);
  CHECK(status_of([&](P& p) { p.uncond = &number; }) == YENT_ERROR_USAGE);
  CHECK(status_of([](P& p) { p.dump_layers = "*"; }) == YENT_ERROR_USAGE);
  CHECK(status_of([](P& p) { p.preview_every = -1; }) == YENT_ERROR_USAGE);
  CHECK(status_of([](P& p) { p.preview_every = 1, p.preview_side = INT_MAX; }) == YENT_OK);
  const std::string endless(size_t{2} << 20, 'a');
  CHECK(status_of([&](P& p) { p.prompt = endless.c_str(); }) == YENT_ERROR_USAGE);
  std::vector<uint8_t> black(size_t{3} * 16 * 16);
  CHECK(status_of([&](P& p) {
          p.picture = {black.data(), 16, 16}, p.strength = NAN;
        }) == YENT_ERROR_USAGE);
  yent_device_params many = device_params();
  many.threads = INT_MAX;
  CHECK(yent_device_create(&many, &none) == YENT_ERROR_USAGE);
  CHECK(status_of([](P&) {}) == YENT_OK);
  CHECK_THROWS_AS(open_painter(device, missing), Error);
}

TEST_CASE("api: a caller with an older or a newer header is understood") {
  const Device device = one_thread();
  const Painter painter = toy_painter(device);
  const std::vector<uint8_t> expected =
      pixels(yent_pictures_get(paint(painter, small()).get(), 0)->image);
  const auto set = [](yent_paint_params& p) {
    p.prompt = "a cat";
    p.steps = 3;
    p.seed = 7;
  };
  // An older struct ends earlier: nothing behind its end is written or read.
  struct {
    yent_paint_params known;
    char more[64];
  } caller;
  for (const size_t size : {offsetof(yent_paint_params, dump_path), sizeof caller.known}) {
    CAPTURE(size);
    std::memset(&caller, 0x7f, sizeof caller);
    yent_paint_params_init(&caller.known, size);
    const char* bytes = reinterpret_cast<const char*>(&caller);
    CHECK(std::all_of(bytes + size, bytes + sizeof caller, [](char c) { return c == 0x7f; }));
    set(caller.known);
    yent_pictures* pictures = nullptr;
    REQUIRE(yent_paint(painter.get(), &caller.known, &pictures) == YENT_OK);
    CHECK(pixels(yent_pictures_get(pictures, 0)->image) == expected);
    yent_pictures_destroy(pictures);
  }
  // A newer one is longer: the library does not know what is there.
  std::memset(&caller, 0x7f, sizeof caller);
  yent_paint_params_init(&caller.known, sizeof caller);
  set(caller.known);
  yent_pictures* pictures = nullptr;
  REQUIRE(yent_paint(painter.get(), &caller.known, &pictures) == YENT_OK);
  CHECK(pixels(yent_pictures_get(pictures, 0)->image) == expected);
  yent_pictures_destroy(pictures);
  // No struct of ours.
  for (const size_t size : {size_t{0}, size_t{8}, size_t{12}, size_t{217}}) {
    caller.known.struct_size = size;
    CHECK(yent_paint(painter.get(), &caller.known, &pictures) == YENT_ERROR_USAGE);
  }
  yent_paint_params_init(nullptr, sizeof caller.known);  // nothing to fill
}

TEST_CASE("api: another thread cancels at every stage, and the painter goes on") {
  const Device device = one_thread();
  const Painter painter = toy_painter(device);
  const Session session = toy_session(device);
  const Cancel token = make_cancel();
  for (int delay = 0; delay < 40; ++delay) {
    yent_cancel_reset(token.get());
    std::atomic<bool> done = false;
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(50 * delay * delay));
      yent_cancel_now(token.get());
      while (!done) std::this_thread::yield();
    });
    yent_paint_params p = small();
    p.steps = 200;
    p.cancel = token.get();
    yent_react_params r = react_params();
    r.said = "hello";
    r.cancel = token.get();
    yent_status status = YENT_OK;
    while (status == YENT_OK) {
      yent_reaction* reaction = nullptr;
      status = yent_react(session.get(), &r, &reaction);
      yent_reaction_destroy(reaction);
      yent_pictures* pictures = nullptr;
      if (status == YENT_OK) status = yent_paint(painter.get(), &p, &pictures);
      yent_pictures_destroy(pictures);
    }
    done = true;
    other.join();
    CHECK(status == YENT_ERROR_CANCELLED);
  }
  CHECK(yent_pictures_count(paint(painter, small()).get()) == 1);
}

TEST_CASE("api: made and destroyed a hundred times, in any order") {
  for (int i = 0; i < 100; ++i) {
    Device device = one_thread();
    Painter painter = toy_painter(device);
    Session session = toy_session(device);
    if (i % 2) device.reset();  // the objects made from it keep it alive
    yent_paint_params p = small();
    p.steps = 1;
    p.width = p.height = 16;
    CHECK(yent_pictures_count(paint(painter, p).get()) == 1);
    if (i % 3) painter.reset();
    session.reset();
  }
  yent_device_destroy(nullptr);
  yent_painter_destroy(nullptr);
  yent_pictures_destroy(nullptr);
  yent_session_destroy(nullptr);
  yent_reaction_destroy(nullptr);
  yent_cancel_destroy(nullptr);
  yent_cancel_now(nullptr);
  yent_free(nullptr);
}

TEST_CASE("api: Yent reacts, remembers and completes") {
  const Device device = one_thread();
  const Session session = toy_session(device);
  yent_react_params r = react_params();
  r.said = "draw me a cat";
  r.seed = 3;
  std::string heard;
  r.user = &heard;
  r.on_words = [](void* user, const char* piece, size_t size) {
    static_cast<std::string*>(user)->append(piece, size);
  };
  const Reaction reaction = react(session, r);
  CHECK(std::string(yent_reaction_mood(reaction.get())) == "cat");
  CHECK(std::string(yent_reaction_prompt(reaction.get()))
            .starts_with(yent_reaction_words(reaction.get())));
  CHECK(!heard.empty());
  CHECK(yent_session_turns(session.get()) == 1);
  yent_reaction* turn = nullptr;
  REQUIRE(yent_session_turn(session.get(), 0, &turn) == YENT_OK);
  const Reaction copy(turn);
  CHECK(std::string(yent_reaction_said(copy.get())) == "draw me a cat");
  CHECK(yent_session_turn(session.get(), 1, &turn) == YENT_ERROR_USAGE);
  yent_session_forget(session.get());
  CHECK(yent_session_turns(session.get()) == 0);

  yent_complete_params c = complete_params();
  c.text = "hello";
  c.temperature = 0;
  c.max_tokens = 5;
  const std::string text = complete(session, c);
  CHECK(text == complete(session, c));
  c.temperature = NAN;
  CHECK_THROWS_AS(complete(session, c), Error);
  c.temperature = 0;
  c.max_tokens = 0;
  char* none = nullptr;
  CHECK(yent_complete(session.get(), &c, &none, nullptr) == YENT_ERROR_USAGE);
  CHECK(none == nullptr);
}

TEST_CASE("api: pictures become PNG, ASCII art and pixels again") {
  std::vector<uint8_t> rgb(size_t{3} * 64 * 48);
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(i * 7);
  const yent_image image{rgb.data(), 64, 48};
  const std::vector<uint8_t> png = encode_png(image, "a cat");
  yent_image back;
  REQUIRE(yent_decode_image(png.data(), png.size(), &back) == YENT_OK);
  CHECK(pixels(back) == rgb);
  yent_free(const_cast<uint8_t*>(back.rgb));
  CHECK(yent_decode_image(rgb.data(), rgb.size(), &back) == YENT_ERROR_FILE);
  CHECK(back.rgb == nullptr);
  yent_ascii_params a = ascii_params();
  a.columns = 20;
  const std::string art = ascii_text(image, a);
  CHECK(std::count(art.begin(), art.end(), '\n') == 8);
  a.escapes = "true";
  CHECK(ascii_text(image, a).find("\x1b[") != std::string::npos);
  a.boost = NAN;
  CHECK_THROWS_AS(ascii_text(image, a), Error);
  a.boost = 1;
  a.columns = 2000;
  std::vector<uint8_t> tall(size_t{3} * 40000);
  CHECK_THROWS_AS(ascii_text({tall.data(), 1, 40000}, a), Error);
  a.escapes = "sparkling";
  CHECK_THROWS_AS(ascii_text(image, a), Error);
  yent_image drawn;
  REQUIRE(yent_ascii_image(image, nullptr, &drawn) == YENT_OK);
  CHECK(drawn.width == 64);
  yent_free(const_cast<uint8_t*>(drawn.rgb));
}

TEST_CASE("api: lists end with NULL") {
  const auto listed = [](const char* (*name)(size_t), const std::string& wanted) {
    bool found = false;
    size_t i = 0;
    for (; name(i); ++i) found |= wanted == name(i);
    CHECK(name(i + 1000) == nullptr);
    return found;
  };
  CHECK(listed(yent_sampler_name, "euler-a"));
  CHECK(listed(yent_charset_name, "techno"));
  CHECK(listed(yent_policy_name, "int8"));
  CHECK(listed(yent_style_name, "graffiti"));
  CHECK(listed(yent_preset_name, "inkpunk"));
  CHECK(std::string(yent_version()).find('.') != std::string::npos);
}
