// A picture that was clicked: large, beside its baseline, with its numbers and the commands that paint it.
"use strict";
const quote = (word) => (/^[\w./:=+-]+$/.test(word) ? word : "'" + word.replace(/'/g, "'\\''") + "'");

function paintCommand(row) {
  const model = R.model[row] === "default" ? [] : ["-m", R.model[row]];
  const machine = D.machine.device === "cpu" ? ["--isa", D.machine.isa] : ["--device", D.machine.device];
  const words = ["yent-run", "--raw", ...model, ...R.command[row], ...machine, "--policy", "/dev/stdin", "-o", "row.png"];
  return words.map(quote).join(" ") + " <<'END'\n" + D.policies[R.policy[row]] + "\nEND";
}
const againCommand = (row) => `lab again ${R.hash[row].slice(0, 16)} --store ${quote(D.store)}`;

function pictureOf(row, caption) {
  // The full picture from the store beside the page; the small one where that is not.
  const canvas = make("canvas", { width: 2 * T.side, height: 2 * T.side });
  drawThumb(canvas.getContext("2d"), row, 0, 0, 2 * T.side);
  const figure = make("figure", {}, canvas, make("figcaption", { textContent: caption }));
  const digest = R.picture[row];
  const full = make("img", { alt: caption, src: `${D.store}/pictures/${digest.slice(0, 2)}/${digest}.png` });
  full.onload = () => canvas.replaceWith(full);
  return figure;
}

function titled(title, text) {
  const pre = make("pre", { textContent: text });
  const copy = make("button", { className: "copy", textContent: "copy" });
  copy.onclick = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // a page from a file may not have the clipboard
      getSelection().selectAllChildren(pre);
      document.execCommand("copy");
    }
    copy.textContent = "copied";
    setTimeout(() => { copy.textContent = "copy"; }, 1200);
  };
  return [make("h3", {}, make("span", { textContent: title }), copy), pre];
}

function numbers(row) {
  const list = make("dl");
  D.measures.forEach((measure, m) => {
    const value = R.measures[m][row];
    if (value === null) return;
    const mark = make("i");
    mark.style.left = 100 * share(m, value) + "%";
    list.append(
      make("dt", { textContent: measure.title, title: measure.about }),
      make("dd", {}, `${formatted(value)} ${measure.unit}`, make("span", { className: "place" }, mark)));
  });
  return list;
}

function details(row) {
  const panel = $("#details");
  choose("row", R.hash[row]);
  for (const thumb of document.querySelectorAll(".thumb.chosen")) thumb.classList.remove("chosen");
  for (const thumb of document.querySelectorAll(`.thumb[data-row="${row}"]`)) thumb.classList.add("chosen");
  const close = make("button", { className: "close", textContent: "✕", ariaLabel: "Close", onclick: closeDetails });
  const base = R.base[row];
  const pair = make("div", { className: "pair" }, pictureOf(row, "this row"));
  if (base >= 0 && base !== row) pair.append(pictureOf(base, "baseline: " + R.policy[base]));
  const axes = make("dl");
  D.axes.forEach((axis, a) => {
    if (R.axes[a][row] >= 0) axes.append(make("dt", { textContent: axis.name }), make("dd", { textContent: label(a, row) }));
  });
  panel.replaceChildren(close, make("h2", { textContent: nameOf(row) }), pair, axes,
    make("h3", { textContent: "Measures, and where they are among all rows" }), numbers(row),
    ...titled("Paint it", paintCommand(row)),
    ...titled("Check that it is the same to the byte", againCommand(row)),
    ...titled("Policy", D.policies[R.policy[row]]),
    ...titled("Hash", R.hash[row]));
  panel.hidden = false;
  window.dispatchEvent(new Event("resize"));
}

function closeDetails() {
  $("#details").hidden = true;
  choices.delete("row");
  window.dispatchEvent(new Event("resize"));
}
document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeDetails(); });
document.addEventListener("click", (event) => {
  const thumb = event.target.closest?.("[data-row]");
  if (thumb) details(Number(thumb.dataset.row));
});
