// Contact sheets: an axis down, an axis across, the others held.
"use strict";
views.sheet = {
  start() {
    const by = (name) => D.axes.some((axis) => axis.name === name);
    const names = D.axes.map((axis) => axis.name);
    this.down = by("policy") ? "policy" : names[0];
    this.across = ["prompt", "seed", ...names].find((name) => by(name) && name !== this.down) ?? names[0];
    // A second axis across where both together still fit.
    const count = (name) => D.axes[axisAt(name)].values.length;
    const second = ["seed", "sampler", "prompt"].find((name) => by(name) && ![this.down, this.across].includes(name));
    this.beside = second && count(second) * count(this.across) <= 12 ? second : "";
    this.build();
  },

  build() {
    const bar = $("#sheet .bar"), again = () => { this.build(); };
    const largest = Math.min(2 * T.side, 160);
    bar.replaceChildren(
      selector("down", "down", axisOptions(), this.down, again),
      selector("across", "across", axisOptions(), this.across, again),
      selector("and", "beside", [["", "nothing"], ...axisOptions()], this.beside, again));
    const down = axisAt(selected(bar, "down")), across = axisAt(selected(bar, "across"));
    let beside = axisAt(selected(bar, "beside"));
    if (beside === across || beside === down) beside = -1;
    const free = [down, across, beside].filter((a) => a >= 0).map((a) => D.axes[a]);
    // A policy's own axes follow from the policy: either it is held, or they are.
    const byPolicy = free.some((axis) => axis.name === "policy");
    const byParts = free.some((axis) => axis.policy && axis.name !== "policy");
    D.axes.forEach((axis, a) => {
      if (a === down || a === across || a === beside || (axis.policy && !byParts) || (axis.policy && byPolicy) || (axis.name === "policy" && byParts)) return;
      bar.append(selector(axis.name, "held." + axis.name, axis.values.map((v) => [v, v]), axis.values[0], again));
    });
    bar.append(
      selector("numbers", "shown", [["", "none"], ...measureOptions()], "psnr", again),
      selector("size", "size", [["48", "small"], ["96", "medium"], [String(largest), "large"]], "96", again));
    this.fill(down, across, beside);
  },

  heldBy(bar) {
    return D.axes.map((axis, a) => [a, selected(bar, "held." + axis.name)]).filter(([, value]) => value !== undefined)
      .map(([a, value]) => [a, D.axes[a].values.indexOf(value)]);
  },

  fill(down, across, beside) {
    const bar = $("#sheet .bar"), held = this.heldBy(bar);
    const cells = new Map(), width = beside < 0 ? 1 : D.axes[beside].values.length;
    const column = (row) => R.axes[across][row] * width + (beside < 0 ? 0 : R.axes[beside][row]);
    for (let row = 0; row < N; ++row) {
      if (held.some(([a, v]) => R.axes[a][row] !== v)) continue;
      const [d, c] = [R.axes[down][row], column(row)];
      if (!cells.has(d)) cells.set(d, new Map());
      if (!cells.get(d).has(c)) cells.get(d).set(c, row);
    }
    const side = Number(selected(bar, "size")), measure = measureAt(selected(bar, "shown"));
    const downs = [...cells.keys()].sort((a, b) => a - b);
    const columns = [...new Set([...cells.values()].flatMap((line) => [...line.keys()]))].sort((a, b) => a - b);
    const name = (axis, v) => v < 0 ? "–" : D.axes[axis].values[v];
    const over = (c) => beside < 0 ? name(across, c) : `${name(across, Math.floor(c / width))} · ${D.axes[beside].name} ${name(beside, c % width)}`;
    const head = make("tr", {}, make("th", { textContent: D.axes[down].name }),
      ...columns.map((c) => make("th", { textContent: over(c), scope: "col", style: `max-width:${side + 8}px` })));
    const body = make("tbody");
    for (const d of downs) {
      const line = make("tr", {}, make("th", { textContent: name(down, d), scope: "row" }));
      for (const c of columns) line.append(this.cell(cells.get(d).get(c), side, measure));
      body.append(line);
    }
    $("#sheet .scroll").replaceChildren(make("table", {}, make("thead", {}, head), body));
    if (!cells.size) $("#sheet .scroll").replaceChildren(make("p", { textContent: "No row has this combination.", style: "padding: 0 18px" }));
  },

  cell(row, side, measure) {
    if (row === undefined) return make("td", {}, make("div", { className: "none", style: `width:${side}px;height:${side}px` }));
    const cell = make("td", {}, thumbButton(row, side));
    if (measure >= 0) {
      const value = R.measures[measure][row];
      const mark = make("i");
      mark.style.background = value === null ? "transparent" : ramp(share(measure, value));
      cell.append(make("div", { className: "value", title: D.measures[measure].about }, mark, formatted(value)));
    }
    return cell;
  },
};
