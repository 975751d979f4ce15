// The drawer: what the painter shall do, the characters, and the grain to play with.

const fields = ["mood", "style", "seed", "steps", "cfg_scale", "sampler", "width", "height", "negative_prompt"];
const numbers = new Set(["seed", "steps", "cfg_scale", "width", "height"]);
const of_reactions = new Set(["mood"]);

const drawer = {
  start() {
    $("drawer-button").onclick = () => drawer.open($("drawer").hidden);
    $("drawer-close").onclick = () => drawer.open(false);
    $("settings").addEventListener("submit", (event) => event.preventDefault());
    $("settings").addEventListener("change", drawer.keep);
    $("reset").onclick = () => {
      for (const name of fields) $(name).value = "";
      toy.set({ bits: 9, round: "nearest", policy: "" });
      characters.reset();
      drawer.keep();
    };
  },

  open(yes) {
    $("drawer").hidden = !yes;
    $("drawer-button").setAttribute("aria-expanded", String(yes));
    document.querySelector("main").classList.toggle("open", yes);
    if (yes) $("bits").focus();
    else if ($("drawer").contains(document.activeElement)) $("drawer-button").focus();
  },

  // What can be chosen, from the server's tables.
  fill({ samplers, styles, moods, policies, charsets, defaults, limits, version }) {
    const add = (id, names) => $(id).append(...names.map((name) => make("option", { value: name }, name)));
    add("sampler", samplers);
    add("style", styles);
    add("mood", moods);
    add("policy", policies);
    add("charset", charsets);
    characters.usual = { columns: defaults.columns ?? 100, charset: defaults.charset ?? charsets[0] };
    characters.reset();
    for (const name of fields) {
      if (numbers.has(name) && defaults[name]) $(name).placeholder = defaults[name];
      if (limits[name]) $(name).max = limits[name];
    }
    $("negative_prompt").placeholder = defaults.negative_prompt ?? "";
    $("about").textContent = `yent ${version}`;
    drawer.take(kept.read("settings", {}));
  },

  // The fields that differ from the defaults, for POST /jobs.
  request(kind) {
    const request = {};
    for (const name of fields) {
      const value = $(name).value.trim();
      if (value === "" || (kind === "paint" && of_reactions.has(name))) continue;
      request[name] = numbers.has(name) ? Number(value) : value;
    }
    return { ...request, ...toy.request() };
  },

  all() {
    return {
      ...Object.fromEntries(fields.map((name) => [name, $(name).value]).filter(([, value]) => value !== "")),
      ...toy.get(),
      ...characters.look(),
    };
  },

  take(values) {
    for (const name of fields) if (values[name] !== undefined) $(name).value = values[name];
    toy.set(values);
    characters.set(values);
  },

  keep() {
    kept.write("settings", drawer.all());
    drawer.valid();
  },

  // A value that the server would refuse is named before it is sent.
  valid() {
    const bad = fields.map($).find((field) => !field.checkValidity());
    if (!bad) return true;
    drawer.open(true);
    bad.reportValidity();
    return false;
  },
};

// How pictures become characters.
const characters = {
  usual: { columns: 100, charset: "techno" },
  start() {
    for (const id of ["columns", "charset", "glyphs"]) $(id).addEventListener("change", () => stage.redraw_characters());
  },
  look: () => ({
    columns: $("columns").checkValidity() ? $("columns").value || characters.usual.columns : characters.usual.columns,
    charset: $("charset").value || characters.usual.charset,
    glyphs: $("glyphs").value,
  }),
  set(values) {
    for (const id of ["columns", "charset", "glyphs"]) if (values[id] !== undefined) $(id).value = values[id];
  },
  reset() {
    characters.set({ ...characters.usual, glyphs: "level" });
  },
};

// Quantization as a toy: bits and rounding become a policy of a few lines, or one of the shipped
// policies is taken by its name.
const toy = {
  start(redraw) {
    const shown = () => {
      toy.show();
      drawer.keep();
    };
    const changed = () => {
      shown();
      if ($("at-once").checked && !$("redraw").disabled) redraw();
    };
    $("bits").addEventListener("input", () => {
      $("policy").value = "";
      toy.show();
    });
    $("bits").addEventListener("change", changed);
    $("policy").addEventListener("change", changed);
    for (const radio of document.getElementsByName("round")) {
      radio.addEventListener("change", () => ($("bits").value < 9 && !$("policy").value ? changed() : shown()));
    }
    $("redraw").onclick = redraw;
    toy.show();
  },

  get() {
    return { bits: Number($("bits").value), round: toy.round(), policy: $("policy").value };
  },

  set({ bits, round, policy }) {
    if (bits !== undefined) $("bits").value = bits;
    if (policy !== undefined) $("policy").value = policy;
    for (const radio of document.getElementsByName("round")) if (round) radio.checked = radio.value === round;
    toy.show();
  },

  round: () => [...document.getElementsByName("round")].find((radio) => radio.checked)?.value ?? "nearest",

  show() {
    const { bits, policy } = toy.get();
    $("bits").style.opacity = policy ? 0.5 : 1;
    const bar = bits > 8 ? "████████" : "█".repeat(bits) + "░".repeat(8 - bits);
    const levels = (1 << bits) - 1;
    const words = policy ? `policy ${policy}` : bits > 8 ? "all 32, as trained" : `${bits} bits, ${levels} levels`;
    $("bits-shown").textContent = policy ? words : `${bar} ${words}`;
    $("bits").setAttribute("aria-valuetext", words);
  },

  request() {
    const { bits, round, policy } = toy.get();
    if (policy) return { policy };
    if (bits > 8) return {};
    return { policy_text: toy.rules(bits, round) };
  },

  // The first line names it; the picture's caption repeats that after a reload, too.
  rules: (bits, round) => `# ${bits} bits, ${round === "floor" ? "rounded down" : round}
unet.conv_in f32
unet.conv_out f32
unet.time_embedding.* f32
unet.*.time_emb_proj f32
unet.* int8 bits=${bits} round=${round}
vae.* int8 bits=${bits} round=${round}
* f32
`,

  // In words, what a request asked for.
  name({ policy, policy_text, bits }) {
    if (policy) return policy;
    if (bits) return `${bits} bits`;
    if (policy_text) return /^# (.{1,40})$/m.exec(policy_text)?.[1] ?? "a policy";
    return "";
  },
};
