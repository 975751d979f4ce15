#include "tools/server/workers/painter_worker.h"

#include <ctime>

#include "engine/ascii/blend/blend.h"
#include "engine/ascii/charset.h"
#include "engine/diffusion/samplers/noise_levels.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/infotext.h"
#include "engine/pipeline/named_policy.h"
#include "tools/device_check/checked_device.h"
#include "tools/server/access/secrets.h"
#include "tools/server/limits.h"
#include "tools/server/workers/frames.h"
#include "tools/server/workers/now.h"
#include "tools/server/workers/there_and_back.h"

namespace yent::server {
namespace {

constexpr int kPreviewSide = 128, kPreviewColumns = 64;

std::shared_ptr<const std::string> shared(const std::vector<uint8_t>& bytes) {
  return std::make_shared<const std::string>(reinterpret_cast<const char*>(bytes.data()),
                                             bytes.size());
}

// What the filter makes of a picture, as yent-run's does.
Image filtered(const PaintTask& task, const Image& image) {
  const PaintWish& wish = task.wish;
  const std::u32string charset = charset_from(wish.charset);
  if (wish.filter == "blend") {
    return blend(image, {growing_words(task.words.empty() ? wish.prompt : task.words), charset},
                 {});
  }
  return paint_ascii(draw_ascii(image, {.columns = wish.columns, .charset = charset}), 1);
}

Failure failure_of(const Shelf& shelf, const Error& error) {
  const bool wish = error.kind() == Error::usage || error.kind() == Error::file;
  return {wish ? Fault::bad_request : Fault::failed, shelf.without_paths(error.what())};
}

}  // namespace

std::string preview_members(const Image& image) {
  const Json cells = cells_json(image, kPreviewColumns, "techno");
  return fmt::format(R"("preview":"{}","cells":{})", small_png(image, kPreviewSide), cells.dump());
}

PainterWorker::PainterWorker(Loop& loop, const Shelf& shelf, PainterConfig config, Loaded loaded)
    : loop_(loop), shelf_(shelf), config_(std::move(config)) {
  thread_.post([this, loaded = std::move(loaded)] { load(loaded); });
}

PainterWorker::~PainterWorker() { thread_.finish(); }

void PainterWorker::load(const Loaded& loaded) {
  std::optional<Error> failed;
  std::string about;
  try {
    const auto warn = [this](const std::string& sentence) {
      if (config_.warn) loop_.post([warn = config_.warn, sentence] { warn(sentence); });
    };
    backends_ = checked_backends({config_.device, config_.isa, config_.threads, 1}, warn);
    usual_ = named_policy(config_.policy, config_.precision, *backends_.front());
    pipeline_for({}).explain();
    about = model_name(shelf_.model("default"));
  } catch (const Error& error) {
    failed = error;
  } catch (const std::exception& error) {
    failed = run_error("{}", error.what());
  }
  loop_.post([loaded, failed, about] { loaded(failed, about); });
}

void PainterWorker::start(PaintTask given) {
  struct Painting {
    PaintTask task;
    std::optional<Failure> failure = {};
    bool cancelled = false;
  };
  const auto painting = std::make_shared<Painting>(Painting{std::move(given)});
  there_and_back(
      thread_, loop_,
      [this, painting] {
        try {
          paint(painting->task);
        } catch (const Error& error) {
          painting->cancelled = error.kind() == Error::cancelled;
          if (!painting->cancelled) painting->failure = failure_of(shelf_, error);
        } catch (const std::bad_alloc&) {
          painting->failure = Failure{Fault::failed, "memory ran out"};
        } catch (const std::exception& error) {
          painting->failure = Failure{Fault::failed, error.what()};
        }
      },
      [painting] { painting->task.news.ended(painting->failure, painting->cancelled); });
}

// The pipeline of the wish's model and policy; the one that was used longest ago makes room.
Pipeline& PainterWorker::pipeline_for(const PaintWish& wish) {
  const std::string key =
      fmt::format("{}\n{}\n{}\n{}", wish.model, wish.policy, wish.bits, wish.policy_text);
  for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
    if (kept->key != key) continue;
    kept_.splice(kept_.begin(), kept_, kept);
    return *kept_.front().pipeline;
  }
  PipelineConfig config{.model = shelf_.model(wish.model),
                        .policy = shelf_.policy(wish, usual_, *backends_.front()),
                        .prefer_f16 = config_.precision == "f16",
                        .lora_dir = shelf_.lora_folder(),
                        .tokenizer = {.fallback = [] { return shipped("clip"); }}};
  while (kept_.size() >= config_.pipelines_kept) kept_.pop_back();
  std::vector<Backend*> backends;
  for (const auto& backend : backends_) backends.push_back(backend.get());
  kept_.push_front({key, std::make_unique<Pipeline>(std::move(config), backends)});
  return *kept_.front().pipeline;
}

PaintRequest PainterWorker::request_for(const PaintTask& task) const {
  const PaintWish& wish = task.wish;
  PaintRequest request{.prompt = wish.prompt,
                       .negative = wish.negative,
                       .spec = wish.spec,
                       .seed = task.seed + static_cast<uint64_t>(task.first),
                       .count = wish.count - task.first,
                       .grammar = wish.grammar,
                       .negative_grammar = wish.grammar};
  if (!wish.style.empty()) {
    const Style style = shelf_.style(wish.style, wish.model);
    if (style.adapter) request.loras.push_back(*style.adapter);
    // Of a reaction the suffix is in the prompt already.
    if (task.words.empty()) request.prompt += style.suffix;
  }
  for (const NamedLora& lora : wish.loras) {
    request.loras.push_back({shelf_.lora(lora.name), lora.scale});
  }
  const auto decoded = [&](const std::string& file, const char* name) {
    check_image_size(file, name, config_.most_pixels);
    return decode_image(std::span(reinterpret_cast<const uint8_t*>(file.data()), file.size()),
                        name);
  };
  if (wish.picture) request.picture = decoded(*wish.picture, "init_image");
  if (wish.mask) request.mask = decoded(*wish.mask, "mask");
  return request;
}

PaintEvents PainterWorker::events_for(const PaintTask& task, const PaintRequest& request,
                                      const Pipeline::Resolution& made) {
  const auto tell_step = [this, &task](PaintNews::Step step) {
    loop_.post([hear = task.news.step, step = std::move(step)] { hear(step); });
  };
  // Where previews come, the step's event waits a millisecond for its picture.
  const auto calls = std::make_shared<int>(0);
  PaintEvents events;
  events.step = [this, &task, &request, &made, calls, tell_step](const StepEvent& step) {
    *calls = step.calls;
    const int picture = task.first + step.picture;
    if (step.call == 0) {
      loop_.post([hear = task.news.begun,
                  begun = PaintNews::Begun{step.calls, made.width, made.height,
                                           request.seed + static_cast<uint64_t>(step.picture),
                                           picture}] { hear(begun); });
    }
    if (!task.wish.previews || !task.signals->watched.load(std::memory_order_relaxed)) {
      tell_step({picture, step.call + 1, step.calls});
    }
  };
  if (!task.wish.previews) return events;
  events.rough = [&task, calls, tell_step](Image&& image, int picture, int call) {
    if (!task.signals->watched.load(std::memory_order_relaxed)) return;
    tell_step({task.first + picture, call + 1, *calls,
               std::make_shared<const std::string>(preview_members(image))});
  };
  return events;
}

void PainterWorker::paint(const PaintTask& task) {
  CancelToken::check(&task.signals->cancel);
  Pipeline& pipeline = pipeline_for(task.wish);
  const PaintRequest request = request_for(task);
  const Pipeline::Resolution made = pipeline.check(request);
  PaintEvents events = events_for(task, request, made);
  events.picture = [&](Painted&& painted) {
    finish_picture(task, request, made, std::move(painted));
  };
  pipeline.paint(request, events, &task.signals->cancel);
}

void PainterWorker::finish_picture(const PaintTask& task, const PaintRequest& request,
                                   const Pipeline::Resolution& made, Painted&& painted) {
  const PaintWish& wish = task.wish;
  InfotextFacts facts{.model = model_name(shelf_.model(wish.model)),
                      .version = YENT_VERSION,
                      .policy = wish.bits > 0              ? fmt::format("bits={}", wish.bits)
                                : wish.policy_text.empty() ? wish.policy
                                                           : "own"};
  PaintRequest told = request;
  for (LoraFile& lora : told.loras) lora.path = lora.path.filename();  // no folders of this disk
  const std::vector<std::pair<std::string, std::string>> text{
      {"parameters", infotext(told, made, painted.seed, facts)}};
  PaintNews::Finished finished;
  finished.png = shared(encode_png(painted.image, text));
  if (wish.filter != "none") {
    finished.raw = finished.png;
    finished.png = shared(encode_png(filtered(task, painted.image), text));
  }
  finished.picture = {.id = random_id(),
                      .index = task.first + painted.index,
                      .seed = painted.seed,
                      .width = painted.image.width,
                      .height = painted.image.height,
                      .bytes = static_cast<int64_t>(finished.png->size()),
                      .created = unix_time(),
                      .prompt = request.prompt,
                      .words = task.words,
                      .filtered = wish.filter != "none"};
  loop_.post([hear = task.news.picture, finished = std::move(finished)] { hear(finished); });
}

}  // namespace yent::server
