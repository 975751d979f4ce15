// One picture on the wall: as characters (text that can be selected) and as pixels, while it forms
// and when it is done.

// Bytes of base64.
function bytes_of(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

class Pane {
  constructor() {
    this.pre = make("pre");
    this.ink = make("canvas", { class: "ink" });
    this.paper = make("canvas", { class: "paper" });
    this.sheet = make("div", { class: "sheet" }, this.pre, this.ink, this.paper);
    this.image = make("img", { alt: "" });
    this.art = make("div", { class: "art" }, this.sheet, this.image);
    this.caption = make("figcaption");
    this.figure = make("figure", { class: "pane" }, make("div", { class: "room" }, this.art), this.caption);
    this.picture = null;  // PICTURE of the server, once it is done
    this.cells = null;
    this.art.style.setProperty("--ratio", 1);
    new ResizeObserver(() => this.fit()).observe(this.art);
    this.view("ascii");
    this.describe("");
  }

  view(kind) {
    this.kind = kind;
    const pixels = kind === "pixels" && this.image.hasAttribute("src");
    this.sheet.hidden = pixels;
    this.image.hidden = !pixels;
    this.fit();
  }

  // What a screen reader says of it.
  describe(sentence) {
    this.image.alt = sentence;
    if (sentence) {
      this.sheet.setAttribute("role", "img");
      this.sheet.setAttribute("aria-label", sentence);
      this.sheet.removeAttribute("aria-hidden");
    } else {
      this.sheet.setAttribute("aria-hidden", "true");
      this.sheet.removeAttribute("role");
      this.sheet.removeAttribute("aria-label");
    }
  }

  shape(width, height) {
    this.art.style.setProperty("--ratio", width && height ? width / height : 1);
  }

  // CELLS as the server sends them, or with bytes in place of base64.
  show_cells(cells) {
    const { columns, rows } = cells;
    const resized = !this.cells || this.cells.columns !== columns || this.cells.rows !== rows;
    const ink = typeof cells.ink === "string" ? bytes_of(cells.ink) : cells.ink;
    const paper = typeof cells.paper === "string" ? bytes_of(cells.paper) : cells.paper;
    this.cells = { columns, rows, text: cells.text, ink, paper };
    const text = cells.text.join("\n");
    if (this.pre.firstChild) this.pre.firstChild.data = text;
    else this.pre.append(text);
    this.colour(this.ink, ink);
    this.colour(this.paper, paper);
    if (resized) this.fit();
  }

  colour(canvas, rgb) {
    const { columns, rows } = this.cells;
    if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
    const context = canvas.getContext("2d");
    const data = context.createImageData(columns, rows);
    for (let i = 0; i < columns * rows; ++i) {
      for (let c = 0; c < 3; ++c) data.data[4 * i + c] = rgb[3 * i + c];
      data.data[4 * i + 3] = 255;
    }
    context.putImageData(data, 0, 0);
  }

  show_pixels(source, rough = false) {
    this.image.className = rough ? "rough" : "";
    this.image.src = source;
    this.view(this.kind);
  }

  // Looks like another one, until the first step.
  begin_as(other) {
    if (!other.cells) return;
    this.show_cells({ ...other.cells, ink: other.cells.ink.slice(), paper: other.cells.paper.slice() });
    this.shape(other.picture?.width, other.picture?.height);
  }

  // Before the first step: the old cells dissolve into noise, some more with each call.
  dissolve(share) {
    const cells = this.cells;
    if (!cells) return;
    const glyphs = ".·:;~=+×*#%";
    const rows = cells.text.map((row) => [...row]);
    for (let n = Math.ceil(cells.columns * cells.rows * share); n > 0; --n) {
      const column = Math.floor(Math.random() * cells.columns), row = Math.floor(Math.random() * cells.rows);
      const at = (row * cells.columns + column) * 3, light = 50 + Math.random() * 90;
      rows[row][column] = glyphs[Math.floor(Math.random() * glyphs.length)];
      for (let c = 0; c < 3; ++c) {
        cells.ink[at + c] = light * [1, 0.78, 1.15][c];
        cells.paper[at + c] = light * [0.16, 0.12, 0.2][c];
      }
    }
    this.show_cells({ ...cells, text: rows.map((row) => row.join("")) });
  }

  // The sheet has the font's own size, and is scaled to the frame exactly: glyphs, canvases and
  // selection stay together whatever the browser does with widths of fonts.
  fit() {
    if (!this.cells || this.sheet.hidden) return;
    const width = this.pre.offsetWidth, height = this.pre.offsetHeight;
    if (!width || !height) return;
    this.sheet.style.transform = `scale(${this.art.clientWidth / width}, ${this.art.clientHeight / height})`;
  }

  text() {
    return this.cells ? this.cells.text.map((row) => row.trimEnd()).join("\n") : "";
  }
}
