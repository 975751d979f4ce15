// Jobs at the voice: what is said goes to it, and what it says into the job.
#include "tools/server/jobs/jobs.h"
#include "tools/server/workers/now.h"

namespace yent::server {

void Jobs::speak(const Pointer& job) {
  job->state = JobState::reacting;
  if (job->spec.kind == JobKind::complete) return speak_with(job, "");
  if (job->spec.voice.conversation) return speak_with(job, *job->spec.voice.conversation);
  store_.ask([client = job->client](DiskStore& disk) { return disk.conversation(client); },
             [this, job](Outcome<std::optional<std::string>> outcome) {
               // Without his memory Yent still answers.
               speak_with(job, outcome.value.value_or(std::nullopt).value_or(""));
             });
}

void Jobs::speak_with(const Pointer& job, std::string conversation) {
  if (is_over(job->state)) return voice_ended(job, {}, true);
  job->log.add("reacting", "{}");
  pace_.speaking_begins();
  VoiceTask task{.spec = job->spec,
                 .conversation = std::move(conversation),
                 .signals = job->signals,
                 .news = {}};
  task.news.word = [job](const std::string& piece, bool roast) {
    Json data = Json::object();
    data["text"] = piece;
    data["who"] = roast ? "commentator" : "artist";
    job->log.add("word", data.dump());
  };
  task.news.reacted = [this, job](VoiceNews::Reacted r) { take_answer(job, std::move(r)); };
  task.news.roasted = [job](const std::string& text) {
    if (job->answer) job->answer->roast = text;
    Json data = Json::object();
    data["text"] = text;
    data["who"] = "commentator";
    job->log.add("roast", data.dump());
  };
  task.news.completed = [job](const VoiceNews::Completed& completed) {
    job->completion = completed.text;
    job->prompt_tokens = completed.prompt_tokens;
    job->tokens = completed.tokens;
    job->finish_reason = completed.by_length ? "length" : "stop";
  };
  task.news.ended = [this, job](std::optional<Failure> failure, bool cancelled) {
    voice_ended(job, std::move(failure), cancelled);
  };
  voice_->start(std::move(task));
}

void Jobs::take_answer(const Pointer& job, VoiceNews::Reacted reacted) {
  // Cancelled while the answer was on its way: nothing of it is painted or remembered.
  if (is_over(job->state)) return;
  pace_.answer_is_there();
  job->answer = std::move(reacted.answer);
  job->prompt = job->answer->reaction.prompt;
  job->prompt_tokens = reacted.prompt_tokens;
  job->tokens = reacted.tokens;
  job->log.add("reaction", answer_json(*job->answer).dump());
  store_.ask(
      [id = job->stored ? job->id : "", answer = answer_json(*job->answer).dump(),
       client = job->client, state = std::move(reacted.conversation),
       remembers = !job->spec.voice.conversation](DiskStore& disk) {
        if (!id.empty()) disk.save_answer(id, answer);
        if (remembers) disk.save_conversation(client, state, unix_time());
      },
      [](const Outcome<Done>&) {});  // a full disk costs the memory, not the picture
  job->roasting = job->spec.voice.roast;
  if (!job->spec.paints) return;
  // The filter that lets words grow needs those of the roast, too.
  if (job->roasting && job->spec.painting.filter == "blend") return;
  line_up(job);
  tell_places();
  work();
}

void Jobs::voice_ended(const Pointer& job, std::optional<Failure> failure, bool cancelled) {
  spoken_ = nullptr;
  job->roasting = false;
  pace_.speaking_ends(job->spec.kind == JobKind::react && !failure && !cancelled);
  const bool has_answer = job->answer || job->spec.kind == JobKind::complete;
  if (is_over(job->state)) {
    // It was cancelled while it spoke.
  } else if (cancelled) {
    if (!job->interrupted) cancel(job);
  } else if (failure && !(job->answer && job->spec.paints)) {
    job->failure = std::move(failure);
    end(job, JobState::failed);
  } else if (has_answer && job->spec.paints && job->spec.kind == JobKind::react &&
             job->state == JobState::reacting) {
    line_up(job);  // it waited for the roast
    tell_places();
  } else {
    end_if_complete(job);
  }
  work();
}

}  // namespace yent::server
