"""A mixed load of many visitors: jobs, streams that are left, requests that are given up, deletions,
nonsense. Whatever they do, no answer is a 5xx, and nothing ends the server."""

import http.client
import json
import random
import threading
import time

from hard_server import Visitor

SMALL = {"width": 64, "height": 64, "steps": 2}


class Load:
    def __init__(self, server, threads=4, seed=1):
        self.server = server
        self.faults, self.counts, self.stopped = [], {}, []
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.visit, args=(seed * 100 + k,)) for k in range(threads)]

    def run(self, seconds):
        self.begin()
        time.sleep(seconds)
        return self.end()

    def begin(self):
        for thread in self.threads:
            thread.start()

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        for visitor, job in self.stopped[-200:]:
            state = visitor.json("GET", f"/jobs/{job}").get("state", "cancelled")  # it may be forgotten
            if state != "cancelled":
                self.faults.append(f"{job} was cancelled and is {state}")
        return self.faults

    def visit(self, seed):
        chance = random.Random(seed)
        visitor, jobs = Visitor(self.server.port, f"{seed:032x}"), []
        acts = [getattr(self, name) for name in dir(self) if name.startswith("act_")]
        while not self.over.is_set():
            act = chance.choice(acts)
            status = 0
            try:
                status = act(visitor, chance, jobs) or 0
            except (OSError, http.client.HTTPException, KeyError):
                time.sleep(0.02)  # it is being killed, or the job is gone
            with self.lock:
                name = act.__name__[4:]
                self.counts[name] = self.counts.get(name, 0) + 1
                if status >= 500 and status != 503:  # 503: it is stopping
                    self.faults.append(f"{name}: {status}")

    # ---- What a visitor does ----

    def act_job(self, visitor, chance, jobs):
        kind = chance.random()
        if kind < 0.6:
            body = {"kind": "paint", "prompt": "a cat", "seed": chance.randrange(9), **SMALL, "count": chance.randint(1, 3)}
        elif kind < 0.8:
            body = {"input": "my heart is broken", **SMALL, "filter": chance.choice(["ascii", "blend", "none"])}
        else:
            body = {"kind": "paint", "prompt": "a", "steps": 150, "count": 8}
        status, _ = answer = visitor.ask("POST", "/jobs", body)
        if status == 202:
            jobs.append(self.id_of(answer))
            del jobs[:-8]
        return status

    @staticmethod
    def id_of(answer):
        return json.loads(answer[1])["id"]

    def some(self, chance, jobs):
        return chance.choice(jobs) if jobs else "none"

    def act_leave_stream(self, visitor, chance, jobs):
        connection = visitor.open("GET", f"/events/{self.some(chance, jobs)}?previews={chance.choice(['true', 'false'])}")
        answer = connection.getresponse()
        if answer.status == 200:
            answer.read(chance.choice([1, 10, 1000, 30000]))
        connection.close()
        return answer.status

    def act_leave_at_once(self, visitor, chance, jobs):
        path = chance.choice(["/react", "/v1/images/generations", "/sdapi/v1/txt2img", "/v1/chat/completions"])
        body = {
            "/react": {"input": "hello", **SMALL},
            "/v1/images/generations": {"prompt": "a", "steps": 20, "stream": True, "partial_images": 2, "size": "64x64"},
            "/sdapi/v1/txt2img": {"prompt": "a", **SMALL, "steps": 50},
            "/v1/chat/completions": {"model": "yent", "stream": True, "messages": [{"role": "user", "content": "hi"}]},
        }[path]
        connection = visitor.open("POST", path, body)
        time.sleep(chance.random() * 0.05)
        if chance.random() < 0.5:
            connection.sock.settimeout(5)
            connection.sock.recv(chance.choice([1, 200]))
        connection.close()

    def act_whole_request(self, visitor, chance, jobs):
        path, body = chance.choice([
            ("/react", {"input": "who are you", **SMALL}),
            ("/v1/images/generations", {"prompt": "a", "steps": 1, "size": "64x64"}),
            ("/sdapi/v1/txt2img", {"prompt": "a", **SMALL, "batch_size": 2}),
            ("/v1/completions", {"model": "yent", "prompt": "once upon a", "max_tokens": 8}),
        ])
        return visitor.ask("POST", path, body)[0]

    def act_delete(self, visitor, chance, jobs):
        return visitor.ask("DELETE", f"/jobs/{self.some(chance, jobs)}")[0]

    def act_stop(self, visitor, chance, jobs):
        job = self.some(chance, jobs)
        status, text = visitor.ask("POST", f"/jobs/{job}/stop")
        if status == 200 and json.loads(text)["state"] == "cancelled":
            self.stopped.append((visitor, job))
        return status

    def act_stop_at_once(self, visitor, chance, jobs):
        """About when the answer is there."""
        answer = visitor.ask("POST", "/jobs", {"input": "hello", **SMALL})
        if answer[0] == 202:
            time.sleep(chance.random() * 0.03)
            self.act_stop(visitor, chance, [self.id_of(answer)])

    def act_interrupt(self, visitor, chance, jobs):
        visitor.ask("GET", "/sdapi/v1/progress")
        return visitor.ask("POST", "/sdapi/v1/" + chance.choice(["interrupt", "skip"]))[0]

    def act_look(self, visitor, chance, jobs):
        pictures = visitor.json("GET", "/gallery?limit=5").get("pictures", [])
        ending = chance.choice(["", "/thumb", "/cells", "/cells.png", "/cells.txt", "/cells.html"])
        picture = chance.choice(pictures)["id"] if pictures else "none"
        visitor.ask("GET", chance.choice(["/jobs", "/options", "/metrics", "/openapi.json", "/health"]))
        return visitor.ask("GET", f"/image/{picture}{ending}")[0]

    def act_delete_picture(self, visitor, chance, jobs):
        pictures = visitor.json("GET", "/gallery?limit=2").get("pictures", [])
        return visitor.ask("DELETE", f"/image/{pictures[0]['id']}")[0] if pictures else 0

    def act_forget(self, visitor, chance, jobs):
        if chance.random() > 0.2:
            return 0
        jobs.clear()
        return visitor.ask("DELETE", "/visitor")[0]

    def act_nonsense(self, visitor, chance, jobs):
        return chance.choice([
            lambda: visitor.ask("POST", "/jobs", "{" * 50)[0],
            lambda: visitor.ask("POST", "/jobs", {"kind": "paint", "prompt": "a", "steps": "many"})[0],
            lambda: visitor.ask("POST", "/jobs", {"kind": "paint", "prompt": "a", "init_image": "AAAA"})[0],
            lambda: visitor.ask("GET", "/image/" + "x" * 300)[0],
            lambda: visitor.ask("POST", "/sdapi/v1/img2img", {"init_images": ["http://a/b.png"]})[0],
            lambda: visitor.ask("PUT", "/jobs")[0],
        ])()
