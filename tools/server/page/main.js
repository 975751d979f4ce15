// What the person does, and what follows from it.

const tries = ["who are you", "draw me a cat", "my code has bugs", "my heart is broken", "death to mondays"];
const waiting = [];   // runs that are not over, the oldest first; the first one is listened to
let listener = null;
let argument = 0;     // how many more times the two answer each other

// ---- A run: one job with its turn and its pane ------------------------------------------------

// Sends a request. `beside`: the pane whose picture stays on the wall, to its left.
async function submit(request, turn, { beside = null } = {}) {
  let job;
  try {
    job = await server.paint(request);
  } catch (error) {
    const wait = error.wait ? ` It can take the next in ${error.wait} s.` : "";
    if (error.status !== 401) stop_arguing();
    const retry = () => submit(request, turn, { beside });
    turn.failed(error.message + wait, retry);
    if (error.status === 401) after_login = () => { turn.trouble.hidden = true; retry(); };
    return;
  }
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
    run.state = `step ${data.step} of ${data.steps}`;
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
    over(run, () => run.turn.failed(message, () => submit(run.request, run.turn, { beside: run.beside })));
    stop_arguing();
  },
  cancelled(run) {
    over(run, () => run.turn.failed("stopped"));
    stop_arguing();
  },
};

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
  try {
    await server.cancel(run.id);
  } catch (error) {
    if (error.status !== 404) {
      notice(error.message, { action: stop });
      return;
    }
  }
  // The event says so, too; here nobody waits for it.
  over(run, () => run.turn.failed("stopped"));
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

// ---- What can be asked for --------------------------------------------------------------------

function say(text, extra = {}) {
  const words = text.trim();
  if (!words || !drawer.valid()) return false;
  quiet();
  const direct = $("direct").checked && !extra.argument;
  const request = direct
    ? { kind: "paint", prompt: words, ...drawer.request("paint") }
    : { kind: "react", input: words, roast: $("roast").checked || Boolean(extra.argument), ...drawer.request("react") };
  submit(request, new Turn(words, { painter: direct, overheard: Boolean(extra.argument) }));
  return true;
}

const of_a_picture = ["steps", "cfg_scale", "sampler", "scheduler", "negative_prompt", "model", "loras"];
const of_its_grain = ["policy", "policy_text", "bits"];

// The same prompt once more, beside the one that hangs there: as it was painted, or as the drawer says.
async function once_more({ seed, heading, as_the_drawer_says = false }) {
  const picture = stage.chosen?.picture;
  if (!picture || !drawer.valid()) return;
  const left = as_the_drawer_says ? stage.panes[0] : stage.chosen;  // the slider has one to compare with
  const asked = await asked_for(picture.job);
  const request = { kind: "paint", prompt: picture.prompt };
  const names = [...of_a_picture, ...(as_the_drawer_says ? [] : of_its_grain), ...(asked.kind === "paint" ? ["style"] : [])];
  for (const name of names) if (asked[name] !== undefined && asked[name] !== null) request[name] = asked[name];
  Object.assign(request, { width: picture.width, height: picture.height }, as_the_drawer_says ? drawer.request("paint") : {});
  if (asked.kind !== "paint") delete request.style;  // its words are in the prompt already
  request.seed = seed ?? picture.seed;
  for (const run of waiting.filter((run) => run.toy)) {  // the slider moved on
    over(run, () => run.turn.element.remove());
    server.cancel(run.id).catch(() => {});
  }
  const turn = new Turn(`${heading}${toy.name(request) ? `: ${toy.name(request)}` : ""}`, { painter: true, note: true });
  await submit(request, turn, { beside: left });
  const run = waiting[waiting.length - 1];
  if (run?.turn === turn) run.toy = true;
}

async function asked_for(job) {
  try {
    return (await server.job(job)).request ?? {};
  } catch {
    return {};  // the job was forgotten; its picture was not
  }
}

async function show_picture(picture) {
  if (waiting[0]?.pane && !waiting[0].beside && stage.panes.includes(waiting[0].pane)) {
    notice("He is painting. Esc stops him.", { good: true });
    return;
  }
  const pane = new Pane();
  pane.picture = picture;
  stage.hang([pane]);
  history.replaceState(null, "", `#job=${picture.job}`);
  pane.grain = toy.name(await asked_for(picture.job));
  await stage.finish(pane, picture);
}

// The two go on without the person: what one remarks is what the other hears next.
const can_argue = () => !waiting.length && talk.turns.some((turn) => turn.last_remark);
function argue(turn) {
  if (argument <= 0) return;
  argument -= 1;
  const remark = turn.last_remark;
  if (argument > 0 && remark) say(remark, { argument: true });
  else stop_arguing();
}
function stop_arguing() {
  argument = 0;
  $("argue").setAttribute("aria-pressed", "false");
}

async function remove_shown() {
  const picture = stage.chosen?.picture;
  if (!picture) return;
  try {
    await server.remove(picture.id);
  } catch (error) {
    if (error.status !== 404) return notice(error.message, { action: remove_shown });
  }
  gallery.drop(picture.id);
  talk.turns.filter((turn) => turn.pictured === picture.id).forEach((turn) => turn.unpicture());
  stage.back(stage.panes.filter((pane) => pane !== stage.chosen));
  notice("Deleted.", { good: true });
}

// Deleting asks a second press, in place.
function sure(button, action) {
  const label = button.textContent;
  let armed = 0;
  button.onclick = () => {
    clearTimeout(armed);
    if (armed) {
      armed = 0;
      button.textContent = label;
      action();
    } else {
      button.textContent = "sure?";
      armed = setTimeout(() => { armed = 0; button.textContent = label; }, 4000);
    }
  };
}

// ---- Links -----------------------------------------------------------------------------------

// #job=ID shows a job; #say=...&seed=...&steps=... fills in the message and the settings.
async function follow_link() {
  const link = new URLSearchParams(location.hash.slice(1));
  if (link.has("job")) {
    const id = link.get("job");
    if (!/^[A-Za-z0-9-]{1,80}$/.test(id) || waiting.some((run) => run.id === id)) return;
    const job = await server.job(id);
    if (job.pictures[0]) await show_picture(job.pictures[0]);
    else if (["queued", "reacting", "painting"].includes(job.state)) take_up(job);
    return;
  }
  if (![...link.keys()].length) return;
  drawer.take({ ...Object.fromEntries(link), bits: link.has("bits") ? Number(link.get("bits")) : undefined });
  drawer.keep();
  if (link.has("prompt")) go_direct(true);
  const words = link.get("prompt") ?? link.get("say");
  if (words !== null) $("say").value = words;
  grow();
  show_state();
}

// Whether words go to the painter, past Yent.
function go_direct(yes) {
  $("direct").checked = yes;
  $("say").placeholder = yes ? "what to paint" : "say something";
}

async function copy_link() {
  const picture = stage.chosen.picture;
  const { kind, ...asked } = await asked_for(picture.job);
  const link = new URLSearchParams({ prompt: picture.prompt, seed: picture.seed, width: picture.width, height: picture.height });
  for (const name of ["steps", "cfg_scale", "sampler", "negative_prompt", "policy"]) if (asked[name]) link.set(name, asked[name]);
  const grain = /bits=([2-8]) round=(\w+)/.exec(asked.policy_text ?? "");
  if (grain) {
    link.set("bits", grain[1]);
    link.set("round", grain[2]);
  }
  copy(`${location.origin}${location.pathname}#${link}`, "The link is copied. It has the prompt, the seed and the settings.");
}

async function copy(text, sentence) {
  try {
    await navigator.clipboard.writeText(text);
    notice(sentence, { good: true });
  } catch {
    notice("This browser does not let the page copy. Select the text itself.");
  }
}

// ---- The beginning ----------------------------------------------------------------------------

function take_up(job) {
  const turn = new Turn(job.input ?? job.prompt ?? "", { painter: job.kind === "paint" });
  const created = performance.now() - Math.max(0, Date.now() - job.created * 1000);
  enqueue({ id: job.id, request: job.request ?? {}, turn, beside: null, since: created });
}

// All that was said before, the oldest first, and what is not over is listened to again.
function remember(jobs) {
  for (const job of jobs.reverse()) {
    if (["queued", "reacting", "painting"].includes(job.state)) {
      take_up(job);
      continue;
    }
    const turn = new Turn(job.input ?? job.prompt ?? "", { painter: job.kind === "paint" });
    if (job.reaction) turn.reaction(job.reaction, false);
    const picture = job.pictures[0];
    if (picture) {
      turn.picture(picture, () => show_picture(picture));
      turn.time(picture.created - job.created);
    }
    if (job.error) turn.failed(job.error.message, () => submit(job.request, turn));
    if (job.state === "cancelled") turn.failed("stopped");
  }
}

let after_login = null;
let filled = false;
async function begin() {
  try {
    const entry = await server.entry();
    $("logout").hidden = !entry.needs_key;
    if (entry.needs_key && !entry.logged_in) {
      $("state").textContent = "who are you?";
      return login.show();
    }
    if (!filled) {
      drawer.fill(await server.options());
      filled = true;
      remember((await server.jobs()).jobs);
      await gallery.load();
    }
  } catch (error) {
    if (error.status !== 401) {
      $("face").textContent = "(?_?)";
      $("state").textContent = "no answer";
      notice(error.message, { action: begin });
    }
    return;
  }
  show_state();
  await follow_link().catch((error) => notice(error.status === 404 ? "That picture is not yours, or no longer there." : error.message));
  if (stage.is_empty() && !waiting.length) stage.eyes.draw();
  document.querySelector("main").removeAttribute("aria-busy");
  if (matchMedia("(pointer: fine)").matches && !$("login").open) $("say").focus();
}

function keys(event) {
  if (event.key === "Escape" && !$("login").open) {
    if (waiting.length) stop();
    else if (!$("drawer").hidden) drawer.open(false);
    else return;
    event.preventDefault();
  }
}

function say_keys(event) {
  if (event.isComposing) return;
  const box = $("say");
  const one_line = !box.value.includes("\n");
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    $("composer").requestSubmit();
  } else if (event.key === "ArrowUp" && (one_line || box.selectionEnd === 0)) {
    event.preventDefault();
    talk.recall(1);
  } else if (event.key === "ArrowDown" && talk.recalled && (one_line || box.selectionStart === box.value.length)) {
    event.preventDefault();
    talk.recall(-1);
  }
}

function start() {
  stage.start();
  drawer.start();
  characters.start();
  gallery.start(show_picture);
  toy.start(() => once_more({ heading: "redraw", as_the_drawer_says: true }));
  login.start(() => {
    const next = after_login;
    after_login = null;
    begin().then(() => next?.());
  });
  $("tries").append(...tries.map((words) => make("li", {}, make("button", { type: "button", onclick: () => say(words) }, words))));
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!say($("say").value)) return;
    $("say").value = "";
    grow();
  });
  $("say").addEventListener("keydown", say_keys);
  $("say").addEventListener("input", () => { grow(); show_state(); });
  addEventListener("keydown", keys);
  addEventListener("hashchange", () => follow_link().catch((error) => notice(error.message)));
  addEventListener("online", () => listener?.try_now());
  $("stop").onclick = stop;
  $("again").onclick = () => once_more({ heading: "again" });
  $("vary").onclick = () => once_more({ heading: "vary", seed: Math.floor(Math.random() * 2 ** 31) });
  $("single").onclick = () => stage.hang([stage.chosen]);
  $("copy").onclick = () => copy(stage.chosen.text(), "The characters are copied as text.");
  $("link").onclick = copy_link;
  $("keep-seed").onclick = () => {
    const seed = String(stage.chosen.picture.seed);
    $("seed").value = $("seed").value === seed ? "" : seed;
    drawer.keep();
    stage.plate();
  };
  $("argue").onclick = () => {
    argument = 6;
    $("argue").setAttribute("aria-pressed", "true");
    say(talk.turns.findLast((turn) => turn.last_remark).last_remark, { argument: true });
  };
  $("direct").onchange = () => go_direct($("direct").checked);
  sure($("delete"), remove_shown);
  sure($("forget"), async () => {
    try {
      await server.forget();
    } catch (error) {
      return notice(error.message);
    }
    talk.clear();
    gallery.clear();
    stage.back([]);
    history.replaceState(null, "", location.pathname);
    notice("All your pictures and words are deleted.", { good: true });
  });
  $("logout").onclick = async () => {
    await server.leave().catch(() => {});
    location.reload();
  };
  begin();
}

start();
