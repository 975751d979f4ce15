// The conversation: one turn is what the person said, what the artist answers, and what the other
// Yent remarks.

class Turn {
  // painter: the words go to him, past Yent; overheard: the other Yent said them; note: the page did.
  constructor(said, { painter = false, overheard = false, note = false } = {}) {
    this.said = overheard || note ? "" : said;
    Object.assign(this, { text: said, painter });
    this.words = make("p", { class: "words" });
    this.name = make("span", { class: "who" }, painter ? "painter" : "artist");
    this.line = make("p", { class: "line" });
    this.thumb = make("button", { type: "button", class: "thumb bare", hidden: true });
    this.answer = make("div", { class: "answer", hidden: true },
      make("div", {}, this.name, this.words, this.line), this.thumb);
    this.remark_words = make("p");
    this.remark = make("div", { class: "remark", hidden: true },
      make("span", { class: "who" }, "commentator"), this.remark_words);
    this.trouble = make("p", { class: "trouble", hidden: true });
    const speaker = overheard ? "The commentator: " : painter ? "You, to the painter: " : "You: ";
    this.element = make("li", { class: "turn" },
      make("p", { class: overheard ? "said overheard" : "said" },
        make("span", { class: "unseen" }, speaker), said),
      this.answer, this.remark, this.trouble);
    talk.add(this);
  }

  reacting({ artist_id }) {
    this.answer.hidden = false;
    this.words.replaceChildren();
    this.words.classList.add("speaking");
    if (artist_id) this.name.textContent = `artist ${artist_id}`;
    talk.follow();
  }

  word({ text, who }) {
    const there = who === "commentator" ? this.remark_words : this.words;
    if (who === "commentator") this.remark.hidden = false;
    else this.answer.hidden = false;
    there.classList.add("speaking");
    there.append(text);
    talk.follow();
  }

  reaction(reaction, aloud = true) {
    this.answer.hidden = false;
    this.words.classList.remove("speaking");
    this.words.textContent = reaction.yent_words;
    if (reaction.artist_id) this.name.textContent = `artist ${reaction.artist_id}`;
    this.about = [reaction.mood];
    if (typeof reaction.dissonance === "number") this.about.push(`d ${reaction.dissonance.toFixed(2)}`);
    if (typeof reaction.temperature === "number") this.about.push(`T ${reaction.temperature.toFixed(2)}`);
    this.time(reaction.elapsed_ms / 1000);
    if (aloud) tell(`Yent: ${reaction.yent_words}`);
    if (reaction.roast) this.roast({ text: reaction.roast }, false);
    talk.follow();
  }

  roast({ text }, aloud = true) {
    this.remark.hidden = !text;
    this.remark_words.classList.remove("speaking");
    this.remark_words.textContent = text;
    this.last_remark = text;
    if (aloud && text) tell(`The other Yent: ${text}`);
    talk.follow();
  }

  time(s) {
    const about = [...(this.about ?? [])];
    if (s >= 0) about.push(seconds(s));
    this.line.textContent = about.join(" · ");
  }

  picture(picture, show) {
    this.answer.hidden = false;
    this.pictured = picture.id;
    const image = make("img", { src: `${picture.url}/thumb`, alt: "", loading: "lazy", width: 64, height: 64 });
    const name = `Show the picture: ${this.words.textContent || picture.prompt}`;
    this.thumb.replaceChildren(image, make("span", { class: "unseen" }, name));
    this.thumb.onclick = show;
    this.thumb.hidden = false;
    talk.follow();
  }

  unpicture() {
    this.thumb.hidden = true;
    this.pictured = null;
  }

  failed(sentence, retry) {
    this.hush();
    this.trouble.hidden = false;
    this.trouble.replaceChildren(sentence, " ");
    if (retry) {
      this.trouble.append(make("button", {
        type: "button",
        onclick: () => {
          this.trouble.hidden = true;
          retry();
        },
      }, "try again"));
    }
    tell(sentence);
    talk.follow();
  }

  hush() {
    this.words.classList.remove("speaking");
    this.remark_words.classList.remove("speaking");
  }
}

const talk = {
  turns: [],
  said: [],      // what can be recalled, the oldest first
  recalled: 0,   // how far back

  add(turn) {
    $("welcome").hidden = true;
    talk.turns.push(turn);
    if (turn.said && talk.said[talk.said.length - 1] !== turn.said) talk.said.push(turn.said);
    talk.recalled = 0;
    $("log").append(turn.element);
    talk.follow(true);
  },

  clear() {
    talk.turns = [];
    talk.said = [];
    $("log").replaceChildren();
    $("welcome").hidden = false;
  },

  // Stays at the end, unless the person reads what was before.
  follow(always = false) {
    const box = $("scroll");
    if (always || box.scrollHeight - box.scrollTop - box.clientHeight < 160) box.scrollTop = box.scrollHeight;
  },

  // Up and down through what was said. An unfinished line comes back at the end.
  recall(step) {
    const depth = Math.max(0, Math.min(talk.said.length, talk.recalled + step));
    if (depth === talk.recalled) return;
    if (talk.recalled === 0) talk.unfinished = $("say").value;
    talk.recalled = depth;
    $("say").value = depth ? talk.said[talk.said.length - depth] : talk.unfinished;
    $("say").setSelectionRange($("say").value.length, $("say").value.length);
    grow();
  },
};

// The box grows with what is in it (`field-sizing`, where a browser has it, does the same).
function grow() {
  const box = $("say");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}
