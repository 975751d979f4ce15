// Links into the page, and out of it.

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
  const { prompt, seed, width, height } = picture;
  const link = new URLSearchParams({ prompt, seed, width, height });
  for (const name of ["steps", "cfg_scale", "sampler", "negative_prompt", "policy"]) {
    if (asked[name]) link.set(name, asked[name]);
  }
  const grain = /bits=([2-8]) round=(\w+)/.exec(asked.policy_text ?? "");
  if (grain) {
    link.set("bits", grain[1]);
    link.set("round", grain[2]);
  }
  copy(`${location.origin}${location.pathname}#${link}`, "The link is copied: prompt, seed and settings.");
}

async function copy(text, sentence) {
  try {
    await navigator.clipboard.writeText(text);
    notice(sentence, { good: true });
  } catch {
    notice("This browser does not let the page copy. Select the text itself.");
  }
}
