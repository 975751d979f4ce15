"""The Dask cluster that paints: one that is there, or one on this machine."""

import contextlib
import logging
import os

from lab.errors import LabError, UsageError

# Pictures need the processor, not Dask's defaults for data: no stealing back of batches that a worker
# has painters for, and a batch that lost its worker three times is given up.
CONFIG = {
    "distributed.scheduler.allowed-failures": 3,
    # A worker that is started again within this time is the same one. After the usual 15 s a
    # LocalCluster gives it up for good, and on a busy machine it then loses all of them.
    "distributed.deploy.lost-worker-timeout": "600s",
    "distributed.admin.large-graph-warning-threshold": "1GB",
    "distributed.comm.timeouts.connect": "20s",
    "distributed.scheduler.worker-saturation": 1.1,
}


def cores():
    """Physical cores that this process may use, as far as the system tells."""
    mine, seen = os.sched_getaffinity(0), set()
    for cpu in mine:
        try:
            with open(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") as file:
                seen.add(file.read().strip())
        except OSError:
            seen.add(cpu)
    return max(1, len(seen))


@contextlib.contextmanager
def client_of(scheduler=None, workers=None, threads=1, dashboard=False):
    """A client of the cluster at `scheduler`, or of a new one with `workers` processes (0: a thread of
    this process). A new cluster ends with it."""
    import dask
    from distributed import Client, LocalCluster

    # LocalCluster sets this in this process, too, and leaves it there. It is not ours to keep.
    kept = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    with dask.config.set(CONFIG), contextlib.ExitStack() as stack:
        stack.callback(_restore, kept)
        stack.enter_context(_silenced("distributed.batched", "distributed.client", "distributed.comm", "distributed.core"))
        if scheduler:
            if workers is not None:
                raise UsageError("a scheduler that is there has its own workers")
            try:
                client = stack.enter_context(Client(scheduler, timeout="20s"))
            except (OSError, TimeoutError, ValueError) as error:
                raise LabError(f"no scheduler answers at {scheduler} ({error})") from None
        else:
            workers = max(1, cores() // threads) if workers is None else workers
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=max(workers, 1),
                    threads_per_worker=1,
                    processes=workers > 0,
                    silence_logs=logging.CRITICAL,  # a worker that ends is no news: its batch is done again
                    memory_limit=0,
                    dashboard_address="127.0.0.1:8787" if dashboard else "127.0.0.1:0",
                )
            )
            client = stack.enter_context(Client(cluster))
        yield client


@contextlib.contextmanager
def _silenced(*names):
    """Dask logs stack traces of what is told in a sentence here, such as a scheduler that is gone."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    yield
    for logger, level in zip(loggers, levels):
        logger.setLevel(level)


def _restore(variables):
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
