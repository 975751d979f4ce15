// What quantization does to every layer, of the rows that were measured inside the engine: signal to
// noise and how the codes are used, as means over the rows of a policy.
"use strict";
const LAYER_MEASURES = [
  ["sqnr", "signal to noise, dB", "signal to noise of the quantization; high: little changed"],
  ["code_used", "codes used", "share of the codes that were met at all"],
  ["code_eff", "code efficiency", "2^entropy of the codes over their number; 1: all equally often"],
  ["code_ends", "at the ends", "share of the values at the first or the last code"],
];
const WHATS = ["weights", "input", "output"];
views.layers = {
  start() {
    this.bar = $("#layers .bar");
    const again = () => this.draw(), policies = Object.keys(D.layers.policies);
    this.bar.replaceChildren(
      selector("policy", "layersOf", policies.map((name) => [name, name]), policies[0], again),
      selector("measure", "layerMeasure", LAYER_MEASURES.map(([name, title]) => [name, title]), "sqnr", again),
      selector("order", "layerOrder", [["network", "as in the network"], ["value", "by value"]], "network", again));
    window.addEventListener("resize", again);
  },
  show() { this.draw(); },

  // [{name, values: {what: number}}] of the layers that have the measure.
  rows(policy, measure) {
    const found = new Map();
    for (const [layer, what, ...values] of D.layers.policies[policy] ?? []) {
      if (values[measure] === null) continue;
      if (!found.has(layer)) found.set(layer, { layer, name: D.layers.names[layer], values: {} });
      found.get(layer).values[WHATS[what]] = values[measure];
    }
    const rows = [...found.values()].sort((a, b) => a.layer - b.layer), least = (row) => Math.min(...Object.values(row.values));
    return selected(this.bar, "layerOrder") === "value" ? rows.sort((a, b) => least(a) - least(b)) : rows;
  },

  draw() {
    if ($("#layers").hidden) return;
    const measure = LAYER_MEASURES.findIndex(([name]) => name === selected(this.bar, "layerMeasure"));
    const policy = selected(this.bar, "layersOf"), rows = this.rows(policy, measure), chart = $("#layers .chart");
    const width = Math.min(1200, chart.clientWidth - 40), left = Math.min(width * 0.5, 430), line = 19, height = rows.length * line + 40;
    const all = rows.flatMap((row) => Object.values(row.values)), low = Math.min(0, ...all), high = Math.max(...all);
    const x = (v) => left + (v - low) / (high - low || 1) * (width - left - 60);
    const parts = views.effects.ticks(low, high).map((t) => `<line class="grid" x1="${x(t)}" x2="${x(t)}" y1="22" y2="${height - 14}"/>` +
      `<text class="soft" text-anchor="middle" x="${x(t)}" y="14">${formatted(t)}</text>`);
    rows.forEach((row, i) => {
      const y = 28 + (i + 0.5) * line, text = row.name.length > 64 ? "…" + row.name.slice(-63) : row.name;
      parts.push(`<text text-anchor="end" x="${left - 12}" y="${y + 4}">${text}</text>`);
      for (const [what, value] of Object.entries(row.values)) {
        parts.push(`<circle class="${what}" r="4.5" cx="${x(value)}" cy="${y}"><title>${row.name}, ${what}: ${formatted(value)}</title></circle>`);
      }
    });
    const met = WHATS.filter((what) => rows.some((row) => what in row.values));
    chart.innerHTML = `<p></p><svg viewBox="0 0 ${width} ${height}" height="${height}" role="img">${parts.join("")}</svg>`;
    const count = D.layers.counts[policy];
    $("p", chart).append(rows.length
      ? `${LAYER_MEASURES[measure][1]}: ${LAYER_MEASURES[measure][2]}. Means of ${count} measured row${count === 1 ? "" : "s"}. `
      : "Quantization changes no layer here, or its codes are not those of one grid.");
    for (const what of met) $("p", chart).append(make("span", { className: "mark " + what }), what + " ");
  },
};
