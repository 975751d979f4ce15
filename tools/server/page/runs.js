// Runs: a run is one job with its turn of the conversation and its pane on the wall. They wait in line;
// the first one is listened to.

const waiting = [];   // runs that are not over, the oldest first
let listener = null;

// Sends a request. `beside`: the pane whose picture stays on the wall, to its left.
async function submit(request, turn, { beside = null } = {}) {
  let job;
  try {
    job = await server.paint(request);
  } catch (error) {
    const wait = error.wait ? ` It can take the next in ${error.wait} s.` : "";
    if (error.status !== 401) stop_arguing();
    const retry = () => submit(request, turn, { beside });
    unsent.keep(turn, request, error.message);
    turn.failed(error.message + wait, retry);
    if (error.status === 401) after_login = () => { turn.trouble.hidden = true; retry(); };
    return;
  }
  unsent.drop(turn);
  enqueue({ id: job.id, request, turn, beside, since: performance.now() });
}

function enqueue(run) {
  waiting.push(run);
  if (waiting.length === 1) listen();
  show_state();
}

function listen() {
  const run = waiting[0];
  if (!run) return;
  history.replaceState(null, "", `#job=${run.id}`);
  if (run.request.paint !== false) {
    run.pane = stage.prepare(run.beside);
    run.pane.grain = toy.name(run.request);
  }
  listener = new Listener(run.id, {
    event: (name, data) => happened(run, name, data),
    lost: () => show_state("lost"),
    found: () => show_state(),
    gone: () => over(run, () => run.turn.failed("The server no longer knows of this.")),
  });
}

const on = {
  queued(run, { place, eta_s }) {
    run.state = place > 1 ? `number ${place} in the queue${eta_s ? `, about ${seconds(eta_s)}` : ""}` : "your turn";
  },
  reacting(run, data) {
    run.state = "Yent thinks";
    run.turn.reacting(data);
  },
  word(run, data) {
    run.turn.word(data);
    if (run.pane) run.pane.caption.textContent = "he is speaking";
  },
  reaction(run, data) { run.turn.reaction(data); },
  roast(run, data) { run.turn.roast(data); },
  painting(run, { width, height }) {
    run.state = "he paints";
    run.pane?.shape(width, height);
  },
  step(run, data) {
    run.state = `step ${data.step}/${data.steps}`;
    run.share = data.step / data.steps;
    if (run.pane) stage.step(run.pane, data);
  },
  picture(run, picture) {
    gallery.put(picture);
    run.turn.picture(picture, () => show_picture(picture));
    if (!run.pane || run.pane.picture) return;
    stage.finish(run.pane, picture);
    if (run.beside) tell("The picture is there, beside the former one.");
    else tell("The picture is there.");
  },
  done(run, job) {
    if (job.reaction) run.turn.reaction(job.reaction, false);
    run.turn.time((performance.now() - run.since) / 1000);
    over(run);
    argue(run.turn);
  },
  failed(run, { message }) {
    over(run, () => run.turn.failed(message, () => once_again(run)));
    stop_arguing();
  },
  cancelled(run) {
    over(run, () => stopped(run));
    stop_arguing();
  },
};

const once_again = (run) => submit(run.request, run.turn, { beside: run.beside });
const stopped = (run) => run.turn.failed("stopped", () => once_again(run));

function happened(run, name, data) {
  on[name](run, data);
  show_state();
}

// A run is over; the next one that waits is listened to.
function over(run, after) {
  const place = waiting.indexOf(run);
  if (place < 0) return;
  waiting.splice(place, 1);
  run.turn.hush();
  if (run.pane) stage.abandon(run.pane);
  after?.();
  if (place === 0) {
    listener?.close();
    listener = null;
    listen();
  }
  show_state();
}

async function stop() {
  stop_arguing();
  const run = waiting[0];
  if (!run) return;
  run.state = "stopping";
  show_state();
  let job;
  try {
    job = await server.stop(run.id);
  } catch (error) {
    if (error.status !== 404) {
      notice(error.message, { action: stop });
      return;
    }
  }
  // The event says so, too; here nobody waits for it. What was finished by then is no stopped one.
  if (job?.state !== "done") over(run, () => stopped(run));
}

function show_state(trouble) {
  const run = waiting[0];
  document.body.classList.toggle("lost", trouble === "lost");
  $("stop").hidden = !run;
  $("send").hidden = Boolean(run) && !$("say").value.trim();
  $("argue").disabled = !can_argue();
  let face = "(o_o)", words = "say something", title = "Yent";
  if (trouble === "lost") {
    [face, words] = ["(?_?)", "the connection is lost; trying again"];
  } else if (run) {
    const paints = run.share !== undefined;
    [face, words] = [paints ? "(o_O)" : "(._.)", run.state ?? "sent"];
    title = paints ? `${Math.round(run.share * 100)} % · Yent` : "… · Yent";
    if (waiting.length > 1) words += ` · ${waiting.length - 1} more`;
  } else if (talk.turns.length) {
    [face, words] = ["(-_o)", "your turn"];
  }
  $("face").textContent = face;
  $("state").textContent = words;
  document.title = title;
}
