"""The cases that a guard has to pass, each by the name of the test or of the row that shows it.

Rows of a script are tried unguarded first, then through `guard.install()` and `%load_ext modelscan` (see `running`).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from guard.running import names_in

ROOT = Path(__file__).parents[2]

CASES: dict[str, str] = {
    "pickle.load of a file": "attacks.py:case_pickle_load",
    "pickle.loads": "attacks.py:case_pickle_loads",
    "a name bound before": "attacks.py:case_name_bound_before attacks.py:case_load_bound_before",
    "a name bound after": "attacks.py:case_name_bound_after",
    "pickle.Unpickler": "attacks.py:case_unpickler",
    "a subclass that calls the original find_class": "attacks.py:case_unpickler_subclass",
    "pickle._loads": "attacks.py:case_python_unpickler",
    "pandas.read_pickle, compressed too": "attacks.py:case_pandas attacks.py:case_pandas_gzip",
    "numpy.load of an array of objects": "attacks.py:case_numpy",
    "a member of an npz, read later": "attacks.py:case_npz_member_read_later",
    "joblib.load plain, compressed, mapped": "attacks.py:case_joblib attacks.py:case_joblib_gzip"
    " attacks.py:case_joblib_mmap",
    "dill.loads": "attacks.py:case_dill_loads",
    "cloudpickle.load": "attacks.py:case_cloudpickle",
    "shelve": "attacks.py:case_shelve",
    "torch.load of a zip": "attacks_libraries.py:heavy_torch_zip",
    "torch.load of the legacy format": "attacks_libraries.py:heavy_torch_legacy",
    "torch.package": "attacks_libraries.py:heavy_torch_package",
    "an extension code, in the cache already": "attacks.py:case_extension_code",
    "a dotted name": "attacks.py:case_dotted_name",
    "getattr and __import__": "attacks.py:case_getattr_chain",
    "INST": "attacks.py:case_inst",
    "a file swapped between scan and load": "attacks.py:case_swapped_between_scan_and_load",
    "a library that swallows the veto": "attacks.py:case_library_that_swallows",
    "ThreadPoolExecutor.submit(loads)": "attacks.py:case_thread_pool attacks.py:case_thread_pool_past_the_wrapper",
    "Thread(target=loads)": "attacks.py:case_thread",
    "a forked worker, its error in the parent": "attacks.py:case_fork_worker",
    "a pipe": "attacks.py:case_pipe",
    "Keras Lambda, .keras and .h5": "models.py:keras_attack_lambda models.py:keras_attack_lambda_in_hdf5",
    "a SavedModel that writes, v2, v1, TFSMLayer": "models.py:tensor_attack_saved_model"
    " models.py:tensor_attack_saved_model_of_one models.py:tensor_attack_layer",
    "tf.keras": "models.py:tensor_attack_alias",
    "map(loads, …)": "attacks.py:case_map",
    "the second pickle of a file": "attacks.py:case_second_pickle_in_a_file",
    "positions in files": "ordinary.py:case_positions_in_a_file ordinary.py:case_position_after_a_large_object",
    "a DataFrame with a time zone": "libraries.py:case_pandas",
    "scikit-learn, lightgbm, xgboost": "libraries.py:heavy_sklearn frameworks.py:heavy_boosters",
    "a torch state dict, mapped too": "libraries.py:heavy_torch",
    "joblib with mmap_mode stays a memmap": "libraries.py:case_joblib_mmap",
    "Pool, ProcessPool, loky, DataLoader, dask": "processes.py:case_pools processes.py:case_executor"
    " processes.py:case_joblib_parallel libraries.py:heavy_data_loader processes.py:case_dask",
    "pool.map(torch.load, paths)": "libraries.py:heavy_torch_load_in_a_pool",
    "twice on, off: every attribute is its original": "test_install.py:test_fifty_rounds_leave_no_trace"
    " ../jupyter/test_extension.py:test_reloading_guards_once",
    "a failing hook fails no import": "test_install.py:test_a_failing_hook_does_not_fail_the_import",
    "an override by hash, and one byte changed": "test_decisions.py:test_allowed_by_hash_and_by_nothing_else",
    "concurrent loads share no scope": "ordinary.py:case_async_loads test_scope.py:test_tasks_do_not_share_a_scope",
    "inspect.signature(torch.load)": "libraries.py:heavy_torch_signature",
    "small loads cost microseconds": "../../benchmarks/guarded.py:many_loads",
    "skops under the tripwire": "frameworks.py:heavy_skops",
}


@pytest.mark.parametrize("places", CASES.values(), ids=[f"{number} {name}" for number, name in enumerate(CASES, 1)])
def test_each_case_is_there(places):
    for place in places.split():
        script, name = place.split(":")
        text = (Path(__file__).parent / script).read_text("utf-8")
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), place


def test_as_many_again():
    """Attacks and ordinary loads beyond the 46."""
    assert len(CASES) == 46
    named = {place for places in CASES.values() for place in places.split()}
    scripts = ("attacks.py", "attacks_libraries.py", "models.py", "ordinary.py", "libraries.py", "frameworks.py")
    more = {f"{script}:{name}" for script in scripts for name in names_in(script)} - named
    assert len(more) >= 2 * len(CASES)
