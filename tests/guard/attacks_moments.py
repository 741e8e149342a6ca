"""Loads that run code at odd moments: by threads that ran before, in tasks, in forked children, at the end.

What they run is on nobody's list, so that only a scan can stop it.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import io
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import samples
from guard.attacks import GUARDED, touch, written  # noqa: F401 - `touch` is what the pickles name
from guard.attacks_doubles import sly
from guard.running import main

_jobs: queue.Queue = queue.Queue()
_results: queue.Queue = queue.Queue()


def caught(call, *args):
    try:
        call(*args)
    except BaseException as error:
        return error
    return None


def work():
    while True:
        _results.put(caught(*_jobs.get()))


threading.Thread(target=work, daemon=True).start()
_executor = ThreadPoolExecutor(1)
_executor.submit(int).result()
_pool = ThreadPool(1)
_loop = asyncio.new_event_loop()
threading.Thread(target=_loop.run_forever, daemon=True).start()
_context = contextvars.copy_context()


def rethrown(error):
    if error is not None:
        raise error


def case_thread_that_ran_before(folder, marker):
    _jobs.put((pickle.loads, sly(marker)))
    rethrown(_results.get())


def case_thread_pool_that_ran_before(folder, marker):
    _executor.submit(pickle.loads, sly(marker)).result()


def case_pool_of_threads_that_ran_before(folder, marker):
    _pool.apply(pickle.loads, (sly(marker),))


def case_joblib_in_threads(folder, marker):
    import joblib

    path = written(folder, sly(marker))
    joblib.Parallel(2, backend="threading")(joblib.delayed(joblib.load)(path) for _ in range(2))


def case_event_loop_that_ran_before(folder, marker):
    async def load():
        pickle.loads(sly(marker))

    asyncio.run_coroutine_threadsafe(load(), _loop).result()


def case_task_of_asyncio(folder, marker):
    async def load():
        pickle.loads(sly(marker))

    async def every():
        await asyncio.gather(asyncio.create_task(load()), asyncio.sleep(0))

    asyncio.run(every())


def case_executor_of_asyncio(folder, marker):
    async def every():
        await asyncio.get_running_loop().run_in_executor(None, pickle.loads, sly(marker))

    asyncio.run(every())


def case_callback_of_asyncio(folder, marker):
    found = []

    async def every():
        asyncio.get_running_loop().call_soon(lambda: found.append(caught(pickle.loads, sly(marker))))
        await asyncio.sleep(0.01)

    asyncio.run(every())
    rethrown(found[0])


def case_task_begun_while_a_load_runs(folder, marker):
    """It keeps the context of the load, which is over when the task runs."""
    found = []

    async def late():
        pickle.loads(sly(marker))

    class Starts:
        def __setstate__(self, state):
            found.append(asyncio.get_running_loop().create_task(late()))

    globals()["Starts"] = Starts
    Starts.__qualname__, Starts.__module__ = "Starts", "__main__"

    async def every():
        pickle.loads(samples.proto() + samples.global_("__main__", "Starts") + b")\x81}b.")
        await found[0]

    asyncio.run(every())


def case_context_that_was_copied_before(folder, marker):
    _context.run(pickle.loads, sly(marker))


def case_context_that_is_copied(folder, marker):
    contextvars.copy_context().run(pickle.load, io.BytesIO(sly(marker)))


def case_new_context(folder, marker):
    contextvars.Context().run(pickle.loads, sly(marker))


def case_timer(folder, marker):
    found = []
    timer = threading.Timer(0, lambda: found.append(caught(pickle.loads, sly(marker))))
    timer.start()
    timer.join()
    rethrown(found[0])


def case_signal(folder, marker):
    found = []
    old = signal.signal(signal.SIGUSR1, lambda *_: found.append(caught(pickle.loads, sly(marker))))
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, old)
    rethrown(found[0])


def case_forked_child(folder, marker):
    there, here = os.pipe()
    child = os.fork()
    if not child:
        error = caught(pickle.loads, sly(marker))
        os.write(here, pickle.dumps(error))
        os._exit(0)
    os.close(here)
    with os.fdopen(there, "rb") as file:
        data = file.read()
    os.waitpid(child, 0)
    rethrown(pickle.loads(data))


def case_child_of_a_child(folder, marker):
    there, here = os.pipe()
    child = os.fork()
    if not child:
        if not (last := os.fork()):
            os.write(here, pickle.dumps(caught(pickle.load, io.BytesIO(sly(marker)))))
        else:
            os.waitpid(last, 0)
        os._exit(0)
    os.close(here)
    with os.fdopen(there, "rb") as file:
        data = file.read()
    os.waitpid(child, 0)
    rethrown(pickle.loads(data))


def case_child_forked_by_a_thread(folder, marker):
    _jobs.put((case_forked_child, folder, marker))
    rethrown(_results.get())


def case_end_of_an_object(folder, marker):
    found = []

    class Ends:
        def __del__(self):
            found.append(caught(pickle.loads, sly(marker)))

    Ends()
    rethrown(found[0])


def case_end_of_a_cycle(folder, marker):
    found = []

    class Ends:
        def __del__(self):
            found.append(caught(pickle.loads, sly(marker)))

    one = Ends()
    one.self = one
    del one
    gc.collect()
    rethrown(found[0])


def case_callback_of_a_weak_reference(folder, marker):
    found = []

    class Ends:
        pass

    one = Ends()
    reference = weakref.ref(one, lambda _: found.append(caught(pickle.loads, sly(marker))))
    del one
    assert reference() is None
    rethrown(found[0])


PROGRAM = """
import atexit, pickle, sys, threading, weakref
sys.path[:0] = {path!r}
{guard}
from guard.attacks import touch
touch.__module__ = "__main__"
def load():
    try:
        pickle.loads(bytes.fromhex({data!r}))
    except BaseException as error:
        print(type(error).__name__, error, sep="\\n", flush=True)
class Ends:
    pass
{end}
"""
IN_A_SCRIPT = "from modelscan import guard; guard.install()"


def at_the_end(marker, end):
    """In a program of its own, since this one does not end here."""
    code = PROGRAM.format(path=sys.path, guard=IN_A_SCRIPT if GUARDED else "", data=sly(marker).hex(), end=end)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if done.stdout:
        name, text = done.stdout.split("\n", 1)
        raise type(name, (Exception,), {})(text.strip())


def case_exit_of_the_program(folder, marker):
    at_the_end(marker, "atexit.register(load)")


def case_exit_of_the_threads(folder, marker):
    at_the_end(marker, "threading._register_atexit(load)")


def case_exit_of_a_finalizer(folder, marker):
    at_the_end(marker, "kept = Ends(); weakref.finalize(kept, load)")


def case_thread_that_outlives_the_program(folder, marker):
    at_the_end(marker, "threading.Timer(0.2, load).start()")


def case_generator_that_began_before(folder, marker):
    next(_generator)
    _generator.send(sly(marker))


def generator():
    yield pickle.loads((yield))


_generator = generator()
main(globals())
