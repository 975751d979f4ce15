// Pictures as OpenAI's programs expect them: an object with all of them, or events.
#include <cmath>

#include "loaders/image/image.h"
#include "loaders/io/base64.h"
#include "tools/server/routes/openai/openai_routes.h"
#include "tools/server/routes/request_job.h"

namespace yent::server {
namespace {

constexpr std::chrono::seconds kComment{15};

// How the answer is to look.
struct Look {
  explicit Look(const Fields& body)
      : by_url(body.text("response_format") == "url"),
        as_jpeg(body.text("output_format") == "jpeg"),
        partial_images(static_cast<int>(body.integer("partial_images"))) {}

  bool by_url, as_jpeg;
  int partial_images;
  std::shared_ptr<const RepaintPlan> plan = {};
};

std::string picture_text(const std::string& png, bool as_jpeg) {
  if (!as_jpeg) return to_base64(png);
  return to_base64(encode_jpeg(decode_image(bytes_of(png), "the picture")));
}

// Programs want an address that they can open; the host is one of ours, or the request had ended
// before.
std::string address_of(const Call& call, const std::string& id) {
  const std::string& base = call.server.config.public_url;
  if (!base.empty()) return base + "/image/" + id;
  return "http://" + std::string(call.request().header("host")) + "/image/" + id;
}

// What all answers and events say of how the pictures are.
void add_look(Json& json, const Look& look, int width, int height) {
  json["background"] = "opaque";
  json["output_format"] = look.as_jpeg ? "jpeg" : "png";
  json["quality"] = "auto";
  json["size"] = fmt::format("{}x{}", width, height);
}

Json data_of(const FinishedPicture& picture, const Look& look, const std::string& address,
             const std::optional<Answer>& said) {
  Json json = Json::object();
  if (look.by_url) {
    json["url"] = address;
  } else {
    json["b64_json"] = picture_text(finished_file(picture, look.plan.get()), look.as_jpeg);
  }
  json["seed"] = picture.record.seed;
  if (said) {
    json["revised_prompt"] = said->reaction.prompt;
    json["yent_words"] = said->reaction.words;
  }
  return json;
}

void answer_whole(const std::shared_ptr<Call>& call, const Job& job, const Look& look) {
  if (job.state != JobState::done) return call->fail(failure_of(job));
  const auto json = std::make_shared<Json>(Json::object());
  (*json)["created"] = static_cast<int64_t>(job.created);
  std::vector<std::string> addresses;
  for (const PictureRecord& picture : job.pictures) {
    addresses.push_back(address_of(*call, picture.id));
  }
  call->server.aside(
      call,
      [json, look, addresses, said = job.answer, pictures = finished_pictures(job)] {
        Json& data = (*json)["data"] = Json::array();
        for (size_t i = 0; i < pictures.size(); ++i) {
          data.push_back(data_of(pictures[i], look, addresses[i], said));
        }
        if (pictures.empty()) return;
        add_look(*json, look, pictures[0].record.width, pictures[0].record.height);
      },
      [call, json] { call->answer(200, *json); });
}

// A picture while it forms, then the whole; for each of the request's pictures.
class ImageStream : public std::enable_shared_from_this<ImageStream> {
 public:
  ImageStream(std::shared_ptr<Call> call, const Look& look, std::string kind)
      : call_(std::move(call)), look_(look), kind_(std::move(kind)) {}

  void begin() {
    call_->exchange->begin_stream(
        {.type = "text/event-stream",
         .headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}}});
    keep_alive();
  }

  void hear(const Job& job, const Event& event) {
    if (event.name == "step" && look_.partial_images > 0) send_partial(job, *event.data);
    if (event.name != "picture") return;
    const auto index = parse_json(*event.data, "the event")["picture"].natural().value_or(0);
    for (const FinishedPicture& picture : finished_pictures(job)) {
      if (static_cast<uint64_t>(picture.record.index) == index) send_whole(job, picture);
    }
  }

  void end(const Job& job) {
    std::string last;
    if (job.state != JobState::done) {
      last = fmt::format("event: error\ndata: {}\n\n",
                         error_json(failure_of(job), ErrorShape::openai));
    }
    // Behind the pictures, which come from the side thread.
    call_->server.aside(
        call_, [] {},
        [self = shared_from_this(), last] {
          if (!last.empty()) self->call_->exchange->write(last);
          self->call_->exchange->end();
        });
  }

 private:
  void keep_alive() {
    timer_ = call_->server.loop.after(kComment, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->call_->exchange->write(":\n");
      self->keep_alive();
    });
  }

  Json event_of(const std::string& name, const Job& job, int width, int height) const {
    Json json = Json::object();
    json["type"] = name;
    json["created_at"] = static_cast<int64_t>(job.created);
    add_look(json, look_, width, height);
    return json;
  }

  // At equal distances: of two pictures the first comes after a third of the steps.
  void send_partial(const Job& job, const std::string& data) {
    const Json step = parse_json(data, "the event");
    const int64_t picture = step["picture"].integer().value_or(0);
    if (picture != picture_) picture_ = picture, sent_ = 0;
    const double done = step["step"].number().value_or(0) / std::max(1, job.steps);
    const std::string* preview = step["preview"].text();
    if (!preview || sent_ == look_.partial_images) return;
    if (done * (look_.partial_images + 1) < sent_ + 1) return;
    const std::string name = kind_ + ".partial_image";
    Json json = event_of(name, job, job.width, job.height);
    json["partial_image_index"] = sent_++;
    json["b64_json"] = *preview;
    call_->exchange->write(openai_event(json, name));
  }

  void send_whole(const Job& job, const FinishedPicture& picture) {
    const std::string name = kind_ + ".completed";
    const auto json =
        std::make_shared<Json>(event_of(name, job, picture.record.width, picture.record.height));
    const std::string address = address_of(*call_, picture.record.id);
    call_->server.aside(
        call_,
        [json, picture, address, look = look_, said = job.answer] {
          const Json data = data_of(picture, look, address, said);
          for (const auto& [key, value] : data.items()) (*json)[key] = value;
        },
        [self = shared_from_this(), json, name] {
          self->call_->exchange->write(openai_event(*json, name));
        });
  }

  std::shared_ptr<Call> call_;
  Look look_;
  std::string kind_;
  std::shared_ptr<Loop::Timer> timer_;
  int64_t picture_ = 0;
  int sent_ = 0;  // small ones of this picture
};

}  // namespace

std::string openai_event(const Json& data, const std::string& name) {
  const std::string event = name.empty() ? "" : "event: " + name + "\n";
  return event + "data: " + data.dump() + "\n\n";
}

void answer_with_images(const std::shared_ptr<Call>& call, JobSpec spec, const char* kind,
                        std::shared_ptr<const RepaintPlan> plan) {
  Look look(call->body);
  look.plan = std::move(plan);
  const bool streams = call->body.flag("stream");
  spec.painting.previews = streams && look.partial_images > 0;
  if (!streams) {
    return run_job(call, std::move(spec), look.by_url,
                   [call, look](const Job& job) { answer_whole(call, job, look); });
  }
  const auto stream = std::make_shared<ImageStream>(call, look, kind);
  run_job(
      call, std::move(spec), look.by_url, [stream](const Job& job) { stream->end(job); },
      [stream](const Job& job, const Event& event) { stream->hear(job, event); });
  stream->begin();
}

}  // namespace yent::server
