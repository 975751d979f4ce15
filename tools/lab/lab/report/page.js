// What all views share: the data, small pictures, choices of the reader, colours.
"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const R = D.rows, N = R.hash.length;
const $ = (selector, root = document) => root.querySelector(selector);

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// ---- Small pictures -------------------------------------------------------------------------
const T = D.thumbs, perAtlas = T.columns * T.columns;
const atlases = T.atlases.map((source) => Object.assign(new Image(), { src: source }));
const loaded = Promise.all(atlases.map((image) => image.decode().catch(() => {})));

function thumbPlace(row) {
  const at = row % perAtlas;
  return [Math.floor(row / perAtlas), (at % T.columns) * T.side, Math.floor(at / T.columns) * T.side];
}

function drawThumb(context, row, x, y, side) {
  const [atlas, left, top] = thumbPlace(row);
  context.drawImage(atlases[atlas], left, top, T.side, T.side, x, y, side, side);
}

function thumbButton(row, side) {
  const [atlas, left, top] = thumbPlace(row), scale = side / T.side;
  const button = make("button", { className: "thumb", title: nameOf(row) });
  button.dataset.row = row;
  button.setAttribute("aria-label", nameOf(row));
  Object.assign(button.style, {
    width: side + "px", height: side + "px",
    backgroundImage: `url(${T.atlases[atlas]})`,
    backgroundSize: `${T.columns * T.side * scale}px auto`,
    backgroundPosition: `${-left * scale}px ${-top * scale}px`,
  });
  return button;
}

// ---- Axes and measures ----------------------------------------------------------------------
const axisAt = (name) => D.axes.findIndex((axis) => axis.name === name);
const label = (axis, row) => { const v = R.axes[axis][row]; return v < 0 ? "–" : D.axes[axis].values[v]; };
const nameOf = (row) => D.axes.map((a, i) => [a, i]).filter(([a, i]) => !a.policy || a.name === "policy")
  .map(([, i]) => label(i, row)).join(" · ") || R.policy[row];
const measureAt = (name) => D.measures.findIndex((m) => m.name === name);

function formatted(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : size >= 0.01 || !value ? value.toFixed(3) : value.toPrecision(2);
}

const ranges = D.measures.map((_, m) => {
  const values = R.measures[m].filter((v) => v !== null).sort((a, b) => a - b);
  return values.length ? [values[0], values[values.length - 1], values] : null;
});

function share(measure, value) { // in the measure's range, its last percent cut off at both ends
  const [, , sorted] = ranges[measure];
  const low = sorted[Math.floor(sorted.length * 0.01)], high = sorted[Math.ceil(sorted.length * 0.99) - 1];
  return high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
}

// Colours in equal steps of lightness, from blue through teal to yellow (after viridis' course).
const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
function ramp(x) {
  const at = Math.min(3.9999, Math.max(0, x * 4)), i = Math.floor(at), f = at - i;
  return `rgb(${STOPS[i].map((c, k) => Math.round(c + f * (STOPS[i + 1][k] - c))).join(",")})`;
}
function hue(i, count) {
  return count <= 1 ? "hsl(15 70% 55%)" : `hsl(${Math.round((i * 360) / count + 12)} 62% ${i % 2 ? 48 : 60}%)`;
}

function rowWith(wanted, fixed = []) {
  // The row that has the values of `fixed` axes and agrees most with the other wanted ones.
  let best = -1, score = -1;
  for (let row = 0; row < N; ++row) {
    if (fixed.some((axis) => R.axes[axis][row] !== wanted[axis])) continue;
    let agree = 0;
    for (let axis = 0; axis < D.axes.length; ++axis) {
      if (R.axes[axis][row] === wanted[axis]) agree += D.axes[axis].policy ? 1 : 3;
    }
    if (agree > score) [best, score] = [row, agree];
  }
  return best;
}

// ---- Choices, kept in the address ------------------------------------------------------------
const choices = new URLSearchParams(location.hash.slice(1));
const chosen = (key, otherwise) => choices.get(key) ?? otherwise;
function choose(key, value) {
  choices.set(key, value);
  history.replaceState(null, "", "#" + choices);
}

function selector(title, key, options, otherwise, changed) {
  // options: [value, text] pairs
  const select = make("select", { name: key });
  for (const [value, text] of options) select.append(make("option", { value, textContent: text }));
  const now = chosen(key, otherwise);
  select.value = options.some(([value]) => value === now) ? now : otherwise;
  select.addEventListener("change", () => { choose(key, select.value); changed(); });
  return make("label", {}, title + " ", select);
}
const selected = (bar, key) => $(`select[name="${key}"]`, bar)?.value;

const axisOptions = () => D.axes.map((axis) => [axis.name, `${axis.name} (${axis.values.length})`]);
const measureOptions = () => D.measures.filter((_, m) => ranges[m]).map((m) => [m.name, m.unit ? `${m.title}, ${m.unit}` : m.title]);

// ---- Views -----------------------------------------------------------------------------------
const views = {}; // name: {show()}
const shown = new Set();

function showView(name) {
  if (!views[name]) name = "sheet";
  choose("view", name);
  for (const button of document.querySelectorAll("nav button")) {
    button.setAttribute("aria-selected", String(button.dataset.view === name));
  }
  for (const section of document.querySelectorAll("main section")) section.hidden = section.id !== name;
  if (!shown.has(name)) { shown.add(name); views[name].start?.(); }
  views[name].show?.();
}

document.addEventListener("DOMContentLoaded", async () => {
  $("h1").textContent = D.title;
  const m = D.machine;
  $("#about").textContent = `${N.toLocaleString("en")} pictures · ${Object.keys(D.policies).length} policies · yent ${m.version}, ${m.isa}`;
  if (!Object.keys(D.layers.policies).length) { // nobody measured them
    $('nav button[data-view="layers"]').remove();
    delete views.layers;
  }
  for (const button of document.querySelectorAll("nav button")) button.onclick = () => showView(button.dataset.view);
  await loaded;
  showView(chosen("view", "sheet"));
  const hash = chosen("row", "");
  if (hash && R.hash.indexOf(hash) >= 0) details(R.hash.indexOf(hash));
  document.body.dataset.ready = "yes";
});
