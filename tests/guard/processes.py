"""Traffic between processes of one program."""

from __future__ import annotations

import copy
import datetime
import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

from guard.running import main
from guard.values import DAY, Config, double


def case_joblib_parallel(folder, marker):
    import joblib

    return joblib.Parallel(n_jobs=2)(joblib.delayed(divmod)(number, 2) for number in range(4))


def _pool(method):
    with multiprocessing.get_context(method).Pool(2) as pool:
        return pool.map(double, [1, 2, 3])


def case_pools(folder, marker):
    return [_pool(method) for method in multiprocessing.get_all_start_methods()]


def case_executor(folder, marker):
    with ProcessPoolExecutor(1, initializer=_install) as pool:
        return list(pool.map(double, [1, 2, 3]))


def _install():
    from modelscan import guard

    guard.install("strict")


def case_manager(folder, marker):
    with multiprocessing.Manager() as manager:
        shared = manager.dict(a=datetime.date(2020, 1, 2))
        return repr(shared["a"])


def case_queue(folder, marker):
    queues = multiprocessing.Queue(), multiprocessing.SimpleQueue()
    for queue in queues:
        queue.put(Config("a", DAY))
    return [repr(queue.get()) for queue in queues]


def case_dask(folder, marker):
    """Processes of its own, and what they hand back."""
    try:
        import dask
    except ImportError:
        return None
    parts = [dask.delayed(double)(number) for number in range(4)]
    return dask.compute(*parts, scheduler="processes", num_workers=1)


def case_copies(folder, marker):
    """No pickle of these is a load."""
    config = Config("a", DAY)
    return [repr(copy.deepcopy([config, {"a": config}])), repr(copy.copy(config))]


GUARDED_AT_THE_TOP = """
import joblib, multiprocessing
import modelscan
modelscan.guard.install("strict")
def double(number):
    return 2 * number
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(double, [1, 2]))
    print(joblib.Parallel(n_jobs=2)(joblib.delayed(double)(number) for number in (3, 4)))
"""


def case_workers_that_guard_themselves(folder, marker):
    path = folder / "program.py"
    path.write_text(GUARDED_AT_THE_TOP, "utf-8")
    return subprocess.run([sys.executable, path], capture_output=True, text=True, check=True).stdout


main(globals())
