// The wall: one picture, or two beside each other, and the plate below with what can be done to the
// chosen one.

const stage = {
  panes: [],
  chosen: null,  // the pane that the plate speaks of
  kind: "ascii",

  start() {
    stage.kind = kept.read("view", "ascii") === "pixels" ? "pixels" : "ascii";
    for (const radio of document.getElementsByName("view")) {
      radio.checked = radio.value === stage.kind;
      radio.addEventListener("change", () => stage.view(radio.value));
    }
    stage.hang([new Pane()]);
    stage.eyes = new Eyes((cells) => stage.panes[0].show_cells(cells), () => stage.is_empty(), () => $("panes"));
  },

  is_empty: () => stage.panes.length === 1 && !stage.panes[0].picture && !stage.panes[0].busy,

  view(kind) {
    stage.kind = kind;
    kept.write("view", kind);
    for (const pane of stage.panes) pane.view(kind);
    stage.plate();
  },

  hang(panes) {
    for (const pane of panes) {
      pane.view(stage.kind);
      pane.figure.onclick = () => stage.choose(pane);
    }
    stage.panes = panes;
    stage.chosen = panes[panes.length - 1];
    $("panes").classList.toggle("two", panes.length > 1);
    $("panes").replaceChildren(...panes.map((pane) => pane.figure));
    for (const pane of panes) pane.fit();
    stage.plate();
  },

  // A pane for a picture to come: in place of what hangs here, or beside one of these panes.
  prepare(beside) {
    const pane = new Pane();
    pane.begin_as(beside ?? stage.panes[0]);
    pane.former = stage.panes;
    stage.hang(beside?.picture ? [beside, pane] : [pane]);
    pane.busy = true;
    pane.describe("The picture is forming.");
    if (!calm()) {
      const timer = setInterval(() => {
        if (pane.busy && !pane.formed) pane.dissolve(0.03);
        else clearInterval(timer);
      }, 80);
    }
    stage.plate();
    return pane;
  },

  // A step of a picture that forms.
  step(pane, step) {
    pane.formed = true;
    if (step.cells) pane.show_cells(step.cells);
    if (step.preview) pane.show_pixels(`data:image/png;base64,${step.preview}`, true);
    const share = step.step / step.steps, full = Math.round(share * 12);
    const progress = {
      role: "progressbar", "aria-label": "Steps", "aria-valuemin": 0, "aria-valuemax": step.steps, "aria-valuenow": step.step,
    };
    const bar = make("span", { class: "bar", "aria-hidden": "true" }, "█".repeat(full) + "░".repeat(12 - full));
    pane.caption.replaceChildren(
      make("span", progress, bar, ` ${step.step} of ${step.steps}`),
      step.eta_s > 1 ? ` · ${seconds(step.eta_s)} left` : "");
  },

  // The picture is there: its pixels at once, its characters as soon as they have come.
  async finish(pane, picture) {
    pane.busy = false;
    pane.former = null;
    pane.picture = picture;
    pane.shape(picture.width, picture.height);
    pane.describe(`Yent's picture: ${picture.yent_words || picture.prompt}`);
    pane.show_pixels(picture.url);
    stage.name(pane);
    stage.plate();
    try {
      pane.show_cells(await server.cells(picture, characters.look()));
    } catch (error) {
      if (error.status !== 401) notice(error.message);
    }
    pane.fit();
    pane.ready = true;
  },

  // Nothing will come: what hung here before is back.
  abandon(pane) {
    if (!stage.panes.includes(pane) || pane.picture) return;
    pane.busy = false;
    stage.back(pane.former);
  },

  // Hangs those of these panes that have a picture; if none has, there are the eyes.
  back(panes) {
    const pictured = panes.filter((pane) => pane.picture);
    stage.hang(pictured.length ? pictured : [new Pane()]);
    if (!pictured.length) stage.eyes.draw();
  },

  // Below a picture: its grain. Beside another one that is what chooses it, by keyboard, too.
  name(pane) {
    if (stage.panes.length < 2) {
      pane.caption.textContent = pane.grain ?? "";
      return;
    }
    pane.caption.replaceChildren(make("button", {
      type: "button", class: "bare", "aria-pressed": String(pane === stage.chosen),
      onclick: () => stage.choose(pane),
    }, grain_of(pane)));
  },

  choose(pane) {
    if (stage.panes.length < 2 || stage.chosen === pane || !pane.picture) return;
    const focused = pane.caption.contains(document.activeElement);
    stage.chosen = pane;
    stage.plate();
    if (focused) pane.caption.querySelector("button")?.focus();
  },

  plate() {
    const pane = stage.chosen, picture = pane.picture;
    for (const other of stage.panes) {
      other.figure.classList.toggle("chosen", stage.panes.length > 1 && other === pane);
      if (other.picture) stage.name(other);
    }
    // It keeps its place while the next picture forms, so that nothing jumps.
    if (picture) $("plate").hidden = false;
    $("plate").classList.toggle("blank", !picture);
    $("single").hidden = stage.panes.length < 2;
    $("redraw").disabled = !picture;
    gallery.mark(picture);
    if (!picture) return;
    $("title").textContent = picture.yent_words ? `“${picture.yent_words}”` : picture.prompt;
    $("title").title = picture.prompt;
    const facts = [`seed ${picture.seed}`, `${picture.width}×${picture.height}`, pane.grain];
    $("facts").textContent = facts.filter(Boolean).join(" · ");
    stage.saves(picture);
    $("copy").hidden = stage.kind === "pixels";
    $("keep-seed").setAttribute("aria-pressed", String($("seed").value === String(picture.seed)));
  },

  // The files of a picture: its pixels, and its characters as they are shown.
  saves(picture) {
    const look = new URLSearchParams(characters.look());
    const file = (id, href, name) => Object.assign($(id), { href, download: `yent-${picture.seed}${name}` });
    file("download", picture.url, ".png");
    file("download-ascii", `${picture.cells_url}.png?${look}`, "-ascii.png");
    file("download-text", `${picture.cells_url}.txt?${look}`, ".txt");
    file("download-html", `${picture.cells_url}.html?${look}`, ".html");
  },

  // Again with other characters.
  async redraw_characters() {
    stage.plate();
    for (const pane of stage.panes) {
      if (pane.picture) await stage.finish(pane, pane.picture);
    }
  },
};

// The quantization of a pane's picture, in words.
function grain_of(pane) {
  return pane.grain || "as trained";
}
