// Sliders through the axes: the row, its baseline, and twice their difference.
"use strict";
views.sliders = {
  start() {
    const first = R.hash.indexOf(chosen("row", ""));
    this.row = first >= 0 ? first : Math.min(N - 1, Math.max(0, R.base.findIndex((b, i) => b >= 0 && b !== i)));
    const knobs = make("div", { className: "knobs" });
    D.axes.forEach((axis, a) => {
      const input = make("input", { type: "range", min: 0, max: axis.values.length - 1, step: 1 });
      input.oninput = () => this.turn(a, Number(input.value));
      knobs.append(make("label", {}, make("b", { textContent: axis.name }), make("output"), input));
    });
    this.canvases = ["this row", "its baseline", "difference × 2"].map((caption) => {
      const canvas = make("canvas", { width: 2 * T.side, height: 2 * T.side });
      canvas.onclick = () => details(this.row);
      return { canvas, figure: make("figure", {}, canvas, make("figcaption", { textContent: caption })) };
    });
    this.numbers = make("div");
    knobs.append(this.numbers);
    $("#sliders .stage").replaceChildren(knobs, make("div", { className: "trio" }, ...this.canvases.map((c) => c.figure)));
    $("#sliders .bar").replaceChildren(make("span", {
      textContent: "Where no row has all the values, the other sliders follow to the nearest one. Arrow keys step." }));
    this.draw();
  },

  turn(axis, value) {
    const wanted = D.axes.map((_, a) => R.axes[a][this.row]);
    wanted[axis] = value;
    this.row = rowWith(wanted, [axis]);
    this.draw();
  },

  draw() {
    document.querySelectorAll(".knobs label").forEach((knob, a) => {
      const value = R.axes[a][this.row];
      $("input", knob).value = Math.max(0, value);
      $("output", knob).textContent = label(a, this.row);
      knob.style.opacity = value < 0 ? 0.45 : 1;
    });
    const base = R.base[this.row], side = 2 * T.side;
    const pixels = [this.row, base].map((row, i) => {
      const context = this.canvases[i].canvas.getContext("2d");
      context.clearRect(0, 0, side, side);
      if (row >= 0) drawThumb(context, row, 0, 0, side);
      return context.getImageData(0, 0, side, side);
    });
    const far = new ImageData(side, side);
    for (let i = 0; i < far.data.length; ++i) {
      far.data[i] = i % 4 === 3 ? 255 : base < 0 ? 0 : Math.min(255, 2 * Math.abs(pixels[0].data[i] - pixels[1].data[i]));
    }
    this.canvases[2].canvas.getContext("2d").putImageData(far, 0, 0);
    this.numbers.replaceChildren(numbers(this.row));
  },
};
