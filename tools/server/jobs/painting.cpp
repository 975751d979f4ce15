// Jobs at the painter: their steps, and their pictures on the way into the store.
#include <algorithm>

#include "tools/server/jobs/jobs.h"

namespace yent::server {

void Jobs::paint(const Pointer& job) {
  job->state = JobState::painting;
  job->step = 0;
  pace_.painting_begins(job->spec.painting);
  PaintTask task{.wish = job->spec.painting,
                 .seed = job->spec.seed,
                 .first = job->pictures_before,
                 .words = "",
                 .signals = job->signals,
                 .news = {}};
  task.wish.prompt = job->prompt;
  if (job->answer) {
    task.wish.grammar = Grammar::literal;
    task.words = job->answer->reaction.words;
    if (job->answer->roast) task.words += " " + *job->answer->roast;
  }
  task.news.begun = [this, job](const PaintNews::Begun& begun) { take_beginning(job, begun); };
  task.news.step = [this, job](const PaintNews::Step& step) { take_step(job, step); };
  task.news.picture = [this, job](PaintNews::Finished f) { take_picture(job, std::move(f)); };
  task.news.ended = [this, job](std::optional<Failure> failure, bool cancelled) {
    painter_ended(job, std::move(failure), cancelled);
  };
  painter_->start(std::move(task));
}

void Jobs::take_beginning(const Pointer& job, const PaintNews::Begun& begun) {
  if (is_over(job->state)) return;
  job->steps = begun.steps;
  job->width = begun.width;
  job->height = begun.height;
  pace_.picture_begins(begun.steps, begun.width, begun.height);
  Json data = Json::object();
  data["steps"] = begun.steps;
  data["width"] = begun.width;
  data["height"] = begun.height;
  data["seed"] = begun.seed;
  data["picture"] = begun.picture;
  data["pictures"] = job->spec.painting.count;
  job->log.add("painting", data.dump());
}

void Jobs::take_step(const Pointer& job, const PaintNews::Step& step) {
  if (is_over(job->state)) return;
  ++counts_.steps;
  counts_.step_seconds += pace_.call_is_done();
  job->step = step.step;
  job->steps = step.steps;
  const auto eta_s = eta(*job);
  job->log.add("step",
               fmt::format(R"({{"picture":{},"step":{},"steps":{},"eta_s":{}{}{}}})", step.picture,
                           step.step, step.steps, eta_s ? fmt::format("{:.2f}", *eta_s) : "null",
                           step.preview ? "," : "", step.preview ? *step.preview : ""));
}

void Jobs::take_picture(const Pointer& job, PaintNews::Finished finished) {
  if (is_over(job->state)) return;
  finished.picture.job = job->id;
  finished.picture.client = job->client;
  if (!node_.empty()) finished.picture.id = node_ + "-" + finished.picture.id;
  ++counts_.pictures;
  pace_.picture_is_there();
  job->step = 0;
  job->pictures.push_back(finished.picture);
  job->files.push_back(finished.png);
  const auto tell = [this, job, picture = finished.picture] {
    Json data = picture_json(picture);
    data["picture"] = picture.index;
    job->log.add("picture", data.dump());
    picture_stored(job);
  };
  if (!job->keeps_pictures) return tell();
  ++job->storing;
  store_.ask([picture = finished.picture, png = finished.png, raw = finished.raw](
                 DiskStore& disk) { return disk.add_picture(picture, *png, raw ? *raw : ""); },
             [this, job, tell](const Outcome<std::string>& outcome) {
               --job->storing;
               if (is_over(job->state)) return;
               if (outcome.error) {
                 job->failure = Failure{Fault::full, outcome.error->what()};
                 job->signals->cancel.cancel();
                 end(job, JobState::failed);
                 return;
               }
               tell();
             });
}

void Jobs::picture_stored(const Pointer& job) { end_if_complete(job); }

void Jobs::painter_ended(const Pointer& job, std::optional<Failure> failure, bool cancelled) {
  painted_ = nullptr;
  pace_.painting_ends();
  if (is_over(job->state)) {
    // It was cancelled while it was painted.
  } else if (cancelled && job->skips) {
    return paint_next(job);
  } else if (cancelled) {
    if (!job->interrupted) cancel(job);
  } else if (failure) {
    job->failure = std::move(failure);
    end(job, JobState::failed);
  } else {
    job->painted = true;
    end_if_complete(job);
  }
  work();
}

// Behind the picture that was left out.
void Jobs::paint_next(const Pointer& job) {
  job->skips = false;
  if (!job->pictures.empty()) {
    job->pictures_before = std::max(job->pictures_before, job->pictures.back().index + 1);
  }
  if (++job->pictures_before >= job->spec.painting.count) {
    job->painted = true;
    end_if_complete(job);
    return work();
  }
  job->step = 0;
  job->signals = std::make_shared<JobSignals>();
  painted_ = job;
  paint(job);
}

}  // namespace yent::server
