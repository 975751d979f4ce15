// What was said and did not reach the server: it is there after a reload, to be tried again. The tab
// keeps it, and forgets it with itself.

const unsent = {
  all() {
    try {
      return JSON.parse(sessionStorage.getItem("yent.unsent")) ?? [];
    } catch {
      return [];
    }
  },
  write(list) {
    try {
      sessionStorage.setItem("yent.unsent", JSON.stringify(list.slice(-10)));
    } catch { /* a private window: it is lost with the page */ }
  },

  keep(turn, request, sentence) {
    unsent.drop(turn);
    turn.unsent = `${Date.now()}-${Math.random()}`;
    const one = { id: turn.unsent, said: turn.text, painter: turn.painter, request, sentence };
    unsent.write([...unsent.all(), one]);
  },
  drop(turn) {
    if (!turn.unsent) return;
    unsent.write(unsent.all().filter((one) => one.id !== turn.unsent));
    turn.unsent = null;
  },
  clear: () => unsent.write([]),

  show() {
    for (const { id, said, painter, request, sentence } of unsent.all()) {
      const turn = new Turn(said, { painter });
      turn.unsent = id;
      turn.failed(sentence, () => submit(request, turn));
    }
  },
};
