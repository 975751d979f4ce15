// Small helpers. Every text of a person or a model enters the page as a text node: nothing here, and
// nothing in the other files, makes HTML from a string.

const $ = (id) => document.getElementById(id);

// make("p", {class: "said"}, "text", child): attributes, listeners by `on...`, children in order.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// A sentence for a screen reader. An emptied region first, or the same sentence is not said twice.
function tell(sentence) {
  $("told").textContent = "";
  setTimeout(() => { $("told").textContent = sentence; }, 50);
}

// A sentence for everybody, at the top: with something to press, it stays until that is pressed.
let notice_timer = 0;
function notice(sentence, { action, label = "try again", good = false } = {}) {
  clearTimeout(notice_timer);
  const box = $("notice");
  box.className = good ? "good" : "";
  box.replaceChildren(sentence);
  if (action) {
    box.append(make("button", { type: "button", onclick: () => { quiet(); action(); } }, label));
  } else {
    notice_timer = setTimeout(quiet, good ? 3000 : 9000);
  }
}
function quiet() {
  clearTimeout(notice_timer);
  $("notice").replaceChildren();
}

// What the browser keeps for this person: recalled settings. It may refuse.
const kept = {
  read(name, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(`yent.${name}`)) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  write(name, value) {
    try {
      localStorage.setItem(`yent.${name}`, JSON.stringify(value));
    } catch { /* a private window: it is forgotten with the page */ }
  },
};

const seconds = (s) => (s < 10 ? `${s.toFixed(1)} s` : s < 90 ? `${Math.round(s)} s` : `${Math.round(s / 60)} min`);
