// The beginning: what the server remembers, and which key and button does what.

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
    if (job.state === "cancelled") turn.failed("stopped", () => submit(job.request, turn));
  }
}

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
      unsent.show();
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
  await follow_link().catch(({ status, message }) =>
    notice(status === 404 ? "That picture is not yours, or no longer there." : message));
  if (stage.is_empty() && !waiting.length) {
    const newest = gallery.by_age()[0];
    if (newest && !/^#(?!job=)./.test(location.hash)) show_picture(newest).then(() => talk.follow(true));
    else stage.eyes.draw();
  }
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
  for (const words of tries) {
    $("tries").append(make("li", {}, make("button", { type: "button", onclick: () => say(words) }, words)));
  }
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
  $("save").onclick = () => {
    $("saves").hidden = !$("saves").hidden;
    $("save").setAttribute("aria-expanded", String(!$("saves").hidden));
    if (!$("saves").hidden) $(stage.kind === "pixels" ? "download" : "download-ascii").focus();
  };
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
    unsent.clear();
    stage.back([]);
    history.replaceState(null, "", location.pathname);
    notice("All your pictures and words are deleted.", { good: true });
  });
  $("logout").onclick = async () => {
    await server.leave().catch(() => {});
    unsent.clear();
    location.reload();
  };
  begin();
}

start();
