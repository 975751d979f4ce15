"""Which rows go to a worker together: rows of one model and policy, for about two seconds of work."""

from collections import deque

SECONDS, MOST = 2.0, 64


class Batches:
    def __init__(self, rows):
        self._rows = deque(rows)
        self._mean_s = None  # of a row, as measured

    def __bool__(self):
        return bool(self._rows)

    def __len__(self):
        return len(self._rows)

    def learn(self, seconds):
        self._mean_s = seconds if self._mean_s is None else 0.9 * self._mean_s + 0.1 * seconds

    def size(self, workers):
        """One until a row's time is known; towards the end small, so that all workers end together."""
        if self._mean_s is None:
            return 1
        fair = max(1, len(self._rows) // (2 * max(workers, 1)))
        return max(1, min(MOST, fair, int(SECONDS / max(self._mean_s, 1e-4))))

    def take(self, workers):
        batch, most = [self._rows.popleft()], self.size(workers)
        key = self._key(batch[0])
        while self._rows and len(batch) < most and self._key(self._rows[0]) == key:
            batch.append(self._rows.popleft())
        return batch

    @staticmethod
    def _key(row):
        return row.model.path, row.policy_text
