// The map: pictures where their likes are. Wheel and drag, pinch, arrows, plus and minus.
"use strict";
views.map = {
  start() {
    this.canvas = $("#map canvas");
    this.view = { x: 0.5, y: 0.5, zoom: 1 };
    this.off = new Set();
    const again = () => { this.off.clear(); this.legend(); this.draw(); };
    const colours = [...D.axes.map((a) => ["axis:" + a.name, a.name]), ...measureOptions().map(([n, t]) => ["measure:" + n, t])];
    const usual = axisAt("bits") >= 0 ? "axis:bits" : D.axes.length ? "axis:" + D.axes[0].name : "measure:std";
    $("#map .bar").replaceChildren(
      selector("near each other", "map", [["look", "what looks alike"], ["change", "what quantization changed alike"]], "look", () => this.draw()),
      selector("colour", "colour", colours, usual, again),
      make("span", { textContent: `arranged by ${D.maps.method}; wheel and drag to move, click a picture` }));
    this.listen();
    this.legend();
  },
  show() { this.draw(); },

  points() { return D.maps[selected($("#map .bar"), "map")]; },

  colour(row) {
    const [kind, name] = selected($("#map .bar"), "colour").split(/:(.*)/);
    if (kind === "axis") {
      const axis = axisAt(name), value = R.axes[axis][row];
      return value < 0 ? "#888" : hue(value, D.axes[axis].values.length);
    }
    const value = R.measures[measureAt(name)][row];
    return value === null ? "#888" : ramp(share(measureAt(name), value));
  },

  hidden(row) {
    const [kind, name] = selected($("#map .bar"), "colour").split(/:(.*)/);
    return kind === "axis" && this.off.has(R.axes[axisAt(name)][row]);
  },

  legend() {
    const [kind, name] = selected($("#map .bar"), "colour").split(/:(.*)/), box = $("#map .legend");
    if (kind === "measure") {
      const steps = Array.from({ length: 9 }, (_, i) => ramp(i / 8)).join(",");
      const sorted = ranges[measureAt(name)][2];
      box.replaceChildren(make("div", { className: "ramp", style: `background:linear-gradient(90deg,${steps})` }),
        make("div", { className: "ends" }, make("span", { textContent: formatted(sorted[Math.floor(sorted.length * 0.01)]) }),
          make("span", { textContent: formatted(sorted[Math.ceil(sorted.length * 0.99) - 1]) })));
      return;
    }
    const axis = axisAt(name), values = D.axes[axis].values.map((v, i) => [i, v]);
    if (R.axes[axis].some((v) => v < 0)) values.push([-1, "–"]);
    box.replaceChildren(...values.map(([i, text]) => {
      const dot = make("i");
      dot.style.background = i < 0 ? "#888" : hue(i, D.axes[axis].values.length);
      const button = make("button", { className: this.off.has(i) ? "off" : "" }, dot, text);
      button.onclick = () => { this.off.has(i) ? this.off.delete(i) : this.off.add(i); this.legend(); this.draw(); };
      return button;
    }));
  },

  place(row) { // centre of a row's picture, in pixels of the canvas
    const [x, y] = this.points()[row], { width, height } = this.canvas, side = Math.min(width, height) * 0.86;
    return [width / 2 + (x - this.view.x) * side * this.view.zoom, height / 2 + (y - this.view.y) * side * this.view.zoom];
  },

  side() { // of a picture, in pixels: crowded when far, large when near
    const fill = Math.min(this.canvas.width, this.canvas.height) * 0.86 / Math.sqrt(N);
    return Math.max(10, Math.min(2 * T.side, 0.9 * fill * Math.pow(this.view.zoom, 0.8)));
  },

  draw() {
    if ($("#map").hidden) return;
    const canvas = this.canvas, scale = devicePixelRatio || 1;
    const box = canvas.getBoundingClientRect();
    canvas.width = Math.max(1, Math.round(box.width * scale));
    canvas.height = Math.max(1, Math.round(box.height * scale));
    const context = canvas.getContext("2d"), side = this.side(), edge = Math.max(2, side / 18);
    for (let row = 0; row < N; ++row) {
      const [x, y] = this.place(row);
      if (x < -side || y < -side || x > canvas.width + side || y > canvas.height + side || this.hidden(row)) continue;
      context.fillStyle = this.colour(row);
      context.fillRect(x - side / 2 - edge, y - side / 2 - edge, side + 2 * edge, side + 2 * edge);
      drawThumb(context, row, x - side / 2, y - side / 2, side);
    }
  },

  at(event) { // the row under the pointer, the last drawn first
    const scale = devicePixelRatio || 1, box = this.canvas.getBoundingClientRect(), half = this.side() / 2;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    for (let row = N - 1; row >= 0; --row) {
      const [px, py] = this.place(row);
      if (!this.hidden(row) && Math.abs(px - x) <= half && Math.abs(py - y) <= half) return row;
    }
    return -1;
  },

  zoom(factor, event) {
    const scale = devicePixelRatio || 1, box = this.canvas.getBoundingClientRect();
    const side = Math.min(this.canvas.width, this.canvas.height) * 0.86, before = this.view.zoom;
    const zoom = Math.min(60, Math.max(0.7, before * factor));
    const dx = event ? (event.clientX - box.left - box.width / 2) * scale : 0;
    const dy = event ? (event.clientY - box.top - box.height / 2) * scale : 0;
    this.view.x += dx / side * (1 / before - 1 / zoom);
    this.view.y += dy / side * (1 / before - 1 / zoom);
    this.view.zoom = zoom;
    this.draw();
  },

  move(dx, dy) {
    const side = Math.min(this.canvas.width, this.canvas.height) * 0.86 * this.view.zoom;
    this.view.x -= dx / side;
    this.view.y -= dy / side;
    this.draw();
  },

  listen() {
    const canvas = this.canvas, fingers = new Map();
    let moved = 0, apart = 0;
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(Math.exp(-event.deltaY / 400), event); }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); fingers.set(event.pointerId, event); moved = apart = 0; });
    canvas.addEventListener("pointermove", (event) => {
      const last = fingers.get(event.pointerId);
      if (!last) { const row = this.at(event); canvas.title = row < 0 ? "" : nameOf(row); return; }
      const scale = devicePixelRatio || 1, dx = event.clientX - last.clientX, dy = event.clientY - last.clientY;
      fingers.set(event.pointerId, event);
      moved += Math.abs(dx) + Math.abs(dy);
      if (fingers.size === 1) return this.move(dx * scale, dy * scale);
      const [one, two] = [...fingers.values()], now = Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY);
      if (apart) this.zoom(now / apart, event);
      apart = now;
    });
    const up = (event) => {
      if (fingers.delete(event.pointerId) && moved < 5 && event.type === "pointerup") {
        const row = this.at(event);
        if (row >= 0) details(row);
      }
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
      if (step) this.move(...step);
      if (event.key === "+" || event.key === "=") this.zoom(1.3);
      if (event.key === "-") this.zoom(1 / 1.3);
    });
    window.addEventListener("resize", () => this.draw());
  },
};
