// What an axis does to a measure: mean and spread for each value. With an axis of layers this is the
// sensitivity of each layer.
"use strict";
views.effects = {
  start() {
    const usual = ["layer", "where", "bits", "policy"].find((name) => axisAt(name) >= 0) ?? D.axes[0]?.name;
    this.bar = $("#effects .bar");
    const again = () => this.draw();
    this.bar.replaceChildren(
      selector("for each", "axis", axisOptions(), usual, again),
      selector("measure", "measure", measureOptions(), measureOptions().some(([n]) => n === "cosine_distance") ? "cosine_distance" : "std", again),
      selector("order", "order", [["mean", "by mean"], ["axis", "as in the grid"]], "mean", again),
      selector("only", "only", [["", "all rows"], ...D.axes.flatMap((axis) => axis.values.length <= 40 ? axis.values.map((v) => [axis.name + "=" + v, axis.name + " = " + v]) : [])], "", again));
    window.addEventListener("resize", () => this.draw());
  },
  show() { this.draw(); },

  groups(axis, measure) {
    const [only, value] = (selected(this.bar, "only") || "").split(/=(.*)/), filter = axisAt(only);
    const groups = D.axes[axis].values.map((text, v) => ({ text, v, rows: [] }));
    for (let row = 0; row < N; ++row) {
      if (R.axes[axis][row] < 0 || R.measures[measure][row] === null) continue;
      if (filter >= 0 && label(filter, row) !== value) continue;
      groups[R.axes[axis][row]].rows.push(row);
    }
    for (const group of groups) {
      const values = group.rows.map((row) => R.measures[measure][row]);
      group.mean = values.reduce((a, b) => a + b, 0) / values.length;
      group.sd = values.length < 2 ? 0 : Math.sqrt(values.reduce((a, v) => a + (v - group.mean) ** 2, 0) / (values.length - 1));
      group.grade = this.grade(group.rows);
    }
    const full = groups.filter((group) => group.rows.length);
    return selected(this.bar, "order") === "mean" ? full.sort((a, b) => b.mean - a.mean) : full;
  },

  grade(rows) { // as the public table grades its cells
    const many = (name) => axisAt(name) >= 0 && new Set(rows.map((row) => R.axes[axisAt(name)][row])).size > 1;
    return many("seed") && many("prompt") ? "replicated" : many("prompt") ? "multi-prompt" : many("seed") ? "multi-seed" : "anecdotal";
  },

  draw() {
    if ($("#effects").hidden) return;
    const axis = axisAt(selected(this.bar, "axis")), measure = measureAt(selected(this.bar, "measure"));
    const groups = this.groups(axis, measure), { title, unit, about } = D.measures[measure];
    const width = Math.min(1200, $("#effects .chart").clientWidth - 40);
    const left = Math.min(width * 0.4, 30 + 6.6 * Math.max(8, ...groups.map((g) => Math.min(58, g.text.length)))), right = 150;
    const room = $("#effects .chart").clientHeight - 120;
    const line = Math.max(24, Math.min(52, Math.floor(room / Math.max(1, groups.length)))), height = groups.length * line + 40;
    const all = groups.flatMap((g) => g.rows.map((row) => R.measures[measure][row]));
    const high = Math.max(...all), low = Math.min(0, ...all), x = (v) => left + (v - low) / (high - low || 1) * (width - left - right);
    const parts = this.ticks(low, high).map((t) => `<line class="grid" x1="${x(t)}" x2="${x(t)}" y1="22" y2="${height - 14}"/>` +
      `<text class="soft" text-anchor="middle" x="${x(t)}" y="14">${formatted(t)}</text>`);
    groups.forEach((group, i) => {
      const y = 28 + (i + 0.5) * line, text = make("i", { textContent: group.text.length > 58 ? "…" + group.text.slice(-57) : group.text }).innerHTML;
      parts.push(`<text text-anchor="end" x="${left - 12}" y="${y + 4}">${text}</text>`);
      group.rows.forEach((row, k) => parts.push(
        `<circle class="dot" data-row="${row}" r="3.2" cx="${x(R.measures[measure][row])}" cy="${y + ((k * 7) % 5 - 2) * line / 15}"/>`));
      parts.push(`<line class="whisker" x1="${x(Math.max(low, group.mean - group.sd))}" x2="${x(Math.min(high, group.mean + group.sd))}" y1="${y}" y2="${y}"/>` +
        `<circle class="mean" r="4.5" cx="${x(group.mean)}" cy="${y}"/>` +
        `<text class="soft" x="${width - right + 14}" y="${y + 4}">${formatted(group.mean)} ± ${formatted(group.sd)}</text>` +
        `<text class="soft" text-anchor="end" x="${width}" y="${y + 4}">n ${group.rows.length}</text>` +
        `<title>${group.grade}</title>`);
    });
    const grades = [...new Set(groups.map((g) => g.grade))].join(", ");
    const chart = $("#effects .chart");
    chart.innerHTML = `<p></p><svg viewBox="0 0 ${width} ${height}" height="${height}" role="img">${parts.join("")}</svg>`;
    $("p", chart).textContent = groups.length
      ? `${title}${unit ? " (" + unit + ")" : ""}: ${about}. Circle: mean; line: one standard deviation; each dot is a picture to click. Evidence: ${grades}.`
      : "No row has this measure here.";
  },

  ticks(low, high) {
    const rough = (high - low) / 6 || 1, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough);
    const ticks = [];
    for (let t = Math.ceil(low / step) * step; t <= high + step * 1e-6; t += step) ticks.push(t);
    return ticks;
  },
};
