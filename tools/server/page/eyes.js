// What hangs on the wall before there is a picture: two cat's eyes made of characters, which follow
// pointer and caret and blink. They are cells like those of a picture.

const eyes_columns = 100, eyes_rows = 50;
const tones = " .·:;~=+×*#%@";
const eye_colours = {
  iris: [196, 222, 112], light: [255, 252, 240], white: [96, 140, 126],
  rim: [245, 147, 107], pupil: [8, 6, 10], dark: [120, 88, 140],
};

// The eyes at x, y in -1..1, looking to `gaze` (-1..1), opened by `open` (0..1): light and part.
function eye_at(x, y, gaze, open) {
  const side = x < 0 ? -1 : 1;
  const u = (x - side * 0.45) / 0.37;   // -1..1 from corner to corner
  const bow = Math.max(0, 1 - u * u);
  const v = y + 0.1 - 0.13 * side * u * -1;   // the outer corners stand higher
  const above = -0.42 * open * bow ** 0.6, below = 0.3 * open * bow ** 0.8 + 0.012;
  if (Math.abs(u) > 1.12 || v < above - 0.08 || v > below + 0.045) return [0, "dark"];
  if (v < above || v > below) return [Math.abs(u) < 1.04 ? (v < above ? 0.55 : 0.3) : 0, "rim"];
  const dx = u * 0.37 - gaze.x * 0.13, dy = v + 0.05 - gaze.y * 0.07;
  if (Math.hypot(dx + 0.09, dy + 0.1) < 0.05) return [1, "light"];
  if (Math.abs(dx) < (0.075 - 0.03 * open) * Math.sqrt(Math.max(0, 1 - (dy / 0.29) ** 2))) return [0, "pupil"];
  const iris = Math.hypot(dx, dy * 0.9) / 0.26;
  if (iris < 1) return [Math.min(1, 0.92 - iris * iris * 0.5 + 0.1 * Math.sin(Math.atan2(dy, dx) * 18)), "iris"];
  return [0.4 - 0.16 * Math.abs(u), "white"];
}

// The dark around them is not quite empty.
function haze_at(column, row, time) {
  const wave = Math.sin(column * 0.11 + time * 0.5) + Math.sin(row * 0.23 - time * 0.35)
    + Math.sin(column * 0.07 + row * 0.19 + time * 0.2);
  return Math.max(0, wave * 0.09 - 0.02);
}

function draw_eyes(gaze, open, time) {
  const columns = eyes_columns, rows = eyes_rows;
  const ink = new Uint8ClampedArray(columns * rows * 3), paper = new Uint8ClampedArray(columns * rows * 3);
  const text = [];
  for (let row = 0; row < rows; ++row) {
    let line = "";
    for (let column = 0; column < columns; ++column) {
      let [light, part] = eye_at((column + 0.5) / columns * 2 - 1, (row + 0.5) / rows * 2 - 1, gaze, open);
      if (part === "dark") light = haze_at(column, row, time);
      const at = (row * columns + column) * 3;
      line += tones[Math.min(tones.length - 1, Math.floor(light * tones.length))];
      for (let c = 0; c < 3; ++c) {
        ink[at + c] = eye_colours[part][c];
        paper[at + c] = eye_colours[part][c] * light * 0.45;
      }
    }
    text.push(line);
  }
  return { columns, rows, text, ink, paper };
}

// Draws into `show` while `wanted()`: a dozen times a second while the eyes move, else once a second.
class Eyes {
  constructor(show, wanted, place) {
    Object.assign(this, { show, wanted, place });
    this.goal = { x: 0, y: 0 };
    this.gaze = { x: 0, y: 0 };
    this.open = 0.9;
    this.blink = 0;
    addEventListener("pointermove", (event) => this.look(event.clientX, event.clientY));
    addEventListener("input", (event) => {
      const box = event.target.getBoundingClientRect();
      this.look(box.left + Math.min(box.width, 12 * (event.target.value?.length ?? 0)), box.top);
    });
    if (!calm()) setInterval(() => this.tick(), 90);
    this.draw();
  }

  look(x, y) {
    const box = this.place().getBoundingClientRect();
    const towards = (value, middle, size) => Math.max(-1, Math.min(1, (value - middle) / (size * 0.8)));
    this.goal.x = towards(x, box.left + box.width / 2, box.width);
    this.goal.y = towards(y, box.top + box.height / 2, box.height);
  }

  tick() {
    if (!this.wanted() || document.hidden) return;
    const blinked = this.blink > 0;
    if (blinked) this.blink -= 1;
    else if (Math.random() < 0.012) this.blink = 3;
    const moved = Math.hypot(this.goal.x - this.gaze.x, this.goal.y - this.gaze.y) > 0.02;
    this.gaze.x += (this.goal.x - this.gaze.x) * 0.35;
    this.gaze.y += (this.goal.y - this.gaze.y) * 0.35;
    this.still = moved || blinked || this.blink ? 0 : (this.still ?? 0) + 1;
    if (this.still % 12 === 0) this.draw();  // the haze alone may wait a second
  }

  draw() {
    if (!this.wanted()) return;
    const open = this.blink > 0 ? [0.4, 0, 0.4][this.blink - 1] : this.open;
    this.show(draw_eyes(this.gaze, open, calm() ? 0 : performance.now() / 1000));
  }
}
