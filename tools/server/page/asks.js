// What can be asked for: words to Yent, a picture once more, the two among themselves, deletion.

const tries = ["who are you", "draw me a cat", "my code has bugs", "my heart is broken", "death to mondays"];
let argument = 0;     // how many more times the two answer each other
let after_login = null;  // what was refused for want of a key

function say(text, extra = {}) {
  const words = text.trim();
  if (!words || !drawer.valid()) return false;
  quiet();
  const overheard = Boolean(extra.argument);
  const direct = $("direct").checked && !overheard;
  const request = direct
    ? { kind: "paint", prompt: words, ...drawer.request("paint") }
    : { kind: "react", input: words, roast: $("roast").checked || overheard, ...drawer.request("react") };
  submit(request, new Turn(words, { painter: direct, overheard }));
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
  const names = as_the_drawer_says ? of_a_picture : [...of_a_picture, ...of_its_grain];
  for (const name of names) if (asked[name] !== undefined && asked[name] !== null) request[name] = asked[name];
  Object.assign(request, { width: picture.width, height: picture.height });
  if (as_the_drawer_says) Object.assign(request, drawer.request("paint"));
  // A style's words are in the prompt of a reaction already.
  if (asked.kind !== "paint") delete request.style;
  else if (asked.style) request.style = asked.style;
  request.seed = seed ?? picture.seed;
  for (const run of waiting.filter((run) => run.toy)) {  // the slider moved on
    over(run, () => run.turn.element.remove());
    server.forget_job(run.id).catch(() => {});
  }
  const grain = toy.name(request);
  const turn = new Turn(grain ? `${heading}: ${grain}` : heading, { painter: true, note: true });
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
