// What the page asks of the server. Errors are sentences, ready to be shown.

class ServerError extends Error {
  constructor(message, status, wait = 0) {
    super(message);
    this.status = status;  // 0: no answer at all
    this.wait = wait;      // seconds, of Retry-After
  }
}

async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ServerError("The server does not answer.", 0);
  }
  if (answer.status === 204) return null;
  const json = await answer.json().catch(() => null);
  if (answer.ok) return json;
  const message = json?.error?.message ?? `The server says ${answer.status}.`;
  if (answer.status === 401 && path !== "/login") login.show();
  throw new ServerError(message, answer.status, Number(answer.headers.get("Retry-After")) || 0);
}

const server = {
  options: () => ask("GET", "/options"),
  paint: (request) => ask("POST", "/jobs", request),
  jobs: () => ask("GET", "/jobs?limit=40"),
  job: (id) => ask("GET", `/jobs/${id}`),
  stop: (id) => ask("POST", `/jobs/${id}/stop`),
  // Stops it and leaves nothing of it.
  forget_job: (id) => server.stop(id).then(() => ask("DELETE", `/jobs/${id}`)),
  gallery: (before) => ask("GET", `/gallery?limit=40${before ? `&before=${before}` : ""}`),
  remove: (picture) => ask("DELETE", `/image/${picture}`),
  cells: (picture, look) => ask("GET", `${picture.cells_url}?${new URLSearchParams(look)}`),
  forget: () => ask("DELETE", "/visitor"),
  entry: () => ask("GET", "/login"),
  enter: (key) => ask("POST", "/login", { key }),
  leave: () => ask("POST", "/logout"),
};

const event_names = ["queued", "reacting", "word", "reaction", "roast", "painting", "step", "picture",
  "done", "failed", "cancelled"];

// Listens to one job until it is over. The browser reconnects by itself, and the server goes on
// after the last event that came; where it gives up, we ask how the job is and start again.
class Listener {
  constructor(id, { event, lost, found, gone }) {
    Object.assign(this, { id, event, lost, found, gone });
    this.wait = 1;
    this.last = "";
    this.open();
  }

  open() {
    const after = this.last ? `?after=${encodeURIComponent(this.last)}` : "";
    const source = new EventSource(`/events/${this.id}${after}`);
    this.source = source;
    source.onopen = () => {
      this.wait = 1;
      this.found();
    };
    source.onerror = () => {
      if (this.source !== source) return;
      this.lost();
      if (source.readyState === EventSource.CLOSED) this.again();
    };
    for (const name of event_names) {
      source.addEventListener(name, (message) => {
        if (this.source !== source) return;
        if (message.lastEventId) this.last = message.lastEventId;
        const over = name === "done" || name === "failed" || name === "cancelled";
        if (over) this.close();
        this.event(name, JSON.parse(message.data || "{}"));
      });
    }
  }

  again() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.try_now(), this.wait * 1000);
    this.wait = Math.min(this.wait * 2, 15);
  }

  async try_now() {
    clearTimeout(this.timer);
    try {
      await server.job(this.id);
    } catch (error) {
      if (error.status === 404) {
        this.close();
        this.gone();
      } else if (error.status !== 401) {
        this.again();
      }
      return;
    }
    if (this.source) this.open();
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}

// The one form for the key. What was asked is asked again once the key is right.
const login = {
  needed: false,
  show() {
    login.needed = true;
    if (!$("login").open) $("login").showModal();
  },
  start(entered) {
    $("login").addEventListener("cancel", (event) => event.preventDefault());
    $("login-form").addEventListener("submit", async (event) => {
      event.preventDefault();
      $("login-error").textContent = "";
      try {
        await server.enter($("key").value);
      } catch (error) {
        $("login-error").textContent = error.status === 401 ? "That is not a key I know." : error.message;
        $("key").select();
        return;
      }
      $("key").value = "";
      $("login").close();
      entered();
    });
  },
};
