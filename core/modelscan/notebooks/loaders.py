"""Functions that read a model, and switches that take a loader's protection away. One row a name.

Names as `names.moved` spells them. What a row means for somebody is said in rules/notebook.toml.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.records import dataclass


@dataclass(frozen=True, slots=True)
class Loader:
    """`subject` is the fact that a call states about a file that cannot be looked at; "" where that is nothing."""

    subject: str = "loader"
    path: int = 0
    """Which argument is the file."""
    keywords: tuple[str, ...] = ("file", "filename", "path", "filepath", "filepath_or_buffer", "f")


_PICKLES = Loader()
_QUIET = Loader("")
_CODE = Loader("hub-code", keywords=("repo_or_dir",))

LOADERS: Mapping[str, Loader] = {
    "pickle.load": _PICKLES,
    "pickle.loads": _PICKLES,
    "pickle._load": _PICKLES,
    "pickle._loads": _PICKLES,
    "pickle.Unpickler().load": _PICKLES,
    "pickle._Unpickler().load": _PICKLES,
    "joblib.load": _PICKLES,
    "dill.load": _PICKLES,
    "dill.loads": _PICKLES,
    "dill.load_session": _PICKLES,
    "dill.load_module": _PICKLES,
    "cloudpickle.load": _PICKLES,
    "cloudpickle.loads": _PICKLES,
    "pandas.read_pickle": _PICKLES,
    "pandas.compat.pickle_compat.load": _PICKLES,
    "shelve.open": _PICKLES,
    "torch.load": Loader("torch-load"),
    "torch.package.PackageImporter": _PICKLES,
    "torch.hub.load_state_dict_from_url": Loader("torch-load"),
    "torch.utils.model_zoo.load_url": Loader("torch-load"),
    "torch.jit.load": _QUIET,
    "torch.hub.load": _CODE,
    "torch.ops.load_library": Loader("native-library"),
    "torch.classes.load_library": Loader("native-library"),
    "tensorflow.load_op_library": Loader("native-library"),
    "tensorflow.load_library": Loader("native-library"),
    "numpy.load": _QUIET,
    "keras.saving.load_model": _QUIET,
    "keras.load_model": _QUIET,
    "tensorflow.saved_model.load": _QUIET,
    "fastai.learner.load_learner": _PICKLES,
    "fastai.vision.all.load_learner": _PICKLES,
    "fastai.basics.load_learner": _PICKLES,
    "mlflow.pyfunc.load_model": _PICKLES,
    "mlflow.sklearn.load_model": _PICKLES,
    "mlflow.pytorch.load_model": _PICKLES,
    "skops.io.load": _QUIET,
    "ultralytics.YOLO": _QUIET,
    "statsmodels.iolib.smpickle.load_pickle": _PICKLES,
    "statsmodels.api.load": _PICKLES,
    "scipy.io.loadmat": _QUIET,
    "xgboost.Booster().load_model": _QUIET,
    "jsonpickle.decode": Loader("object-decoder"),
    "yaml.unsafe_load": Loader("object-decoder"),
    "yaml.unsafe_load_all": Loader("object-decoder"),
}

METHODS: Mapping[str, Loader] = {
    "load_from_checkpoint": Loader("loader", keywords=("checkpoint_path",)),
    "from_pretrained": Loader("hub-unpinned", keywords=("pretrained_model_name_or_path",)),
}
"""The same for methods of any class, by their last name."""

HUB: Mapping[str, Loader] = {
    "huggingface_hub.hf_hub_download": Loader("hub-unpinned", keywords=("repo_id",)),
    "huggingface_hub.snapshot_download": Loader("hub-unpinned", keywords=("repo_id",)),
    "huggingface_hub.from_pretrained_keras": Loader("hub-unpinned"),
    "transformers.pipeline": Loader("hub-unpinned", path=1, keywords=("model",)),
    "sentence_transformers.SentenceTransformer": Loader("hub-unpinned", keywords=("model_name_or_path",)),
    "datasets.load_dataset": Loader("hub-unpinned", keywords=("path",)),
}
"""Whoever names a repository without a revision gets whatever is in it that day."""

SWITCHES: Mapping[str, tuple[bool, str]] = {
    "weights_only": (False, "torch-load-all"),
    "allow_pickle": (True, "numpy-allow-pickle"),
    "safe_mode": (False, "keras-unsafe"),
    "trust_remote_code": (True, "remote-code"),
    "trust_repo": (True, "hub-code"),
    "use_safetensors": (False, "hub-pickle"),
    "allow_dangerous_deserialization": (True, "unsafe-switch"),
}
"""Keyword: the value that takes protection away, and the fact that this is."""

CALLS: Mapping[str, str] = {
    "keras.config.enable_unsafe_deserialization": "keras-unsafe",
    "torch.serialization.add_safe_globals": "safe-globals",
    "torch.serialization.safe_globals": "safe-globals",
    "modelscan.guard.uninstall": "guard-off",
    "modelscan.allow": "guard-allow",
    "pty.spawn": "shell-remote",
}

VARIABLES: Mapping[str, str] = {
    "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "torch-load-all",
    "HF_TRUST_REMOTE_CODE": "remote-code",
    "TRUST_REMOTE_CODE": "remote-code",
    "MODELSCAN_POLICY": "guard-off",
}
"""Environment variables that do the same."""


def variable(name: str, value: str) -> str:
    """The fact that setting an environment variable states, or ""."""
    subject, said = VARIABLES.get(name, ""), value.strip("'\"").lower()
    wanted = said in ("off", "warn") if subject == "guard-off" else said not in ("", "0", "false", "no")
    return subject if wanted else ""


GUARDED = frozenset({"pickle", "joblib", "torch", "numpy", "dill", "cloudpickle", "pandas", "keras", "modelscan"})
"""Modules that lose their guard when they are imported anew."""

SAVING = frozenset(
    [
        "dump",
        "save",
        "savez",
        "savez_compressed",
        "to_pickle",
        "save_model",
        "save_weights",
        "save_pretrained",
        "dump_session",
    ]
)
"""Last names of functions that write a model: what a notebook has written itself, it may read."""

OWN = frozenset({"torch-load-all", "numpy-allow-pickle", "keras-unsafe"})
"""Switches that harm nobody who reads back what the notebook itself has written."""

NETWORK = (
    "requests.get",
    "requests.post",
    "requests.Session().get",
    "httpx.get",
    "urllib.request.urlopen",
    "urllib2.urlopen",
    "urllib3.",
    "wget.download",
    "gdown.download",
    "fsspec.open",
    "smart_open.open",
    "socket.socket",
)
FETCHING = ("urllib.request.urlretrieve", "wget.download", "gdown.download", "keras.utils.get_file", "pooch.retrieve")
DECODING = (
    "base64.b64decode",
    "base64.b85decode",
    "base64.a85decode",
    "base64.b32decode",
    "base64.decodebytes",
    "base64.urlsafe_b64decode",
    "zlib.decompress",
    "bz2.decompress",
    "lzma.decompress",
    "gzip.decompress",
    "codecs.decode",
    "builtins.bytes.fromhex",
    "binascii.unhexlify",
    "binascii.a2b_base64",
    "marshal.loads",
    "builtins.chr",
)
RUNNING = frozenset({"builtins.exec", "builtins.eval", "builtins.compile", "types.FunctionType", "types.CodeType"})
SHELLS = frozenset(
    [
        "os.system",
        "os.popen",
        "subprocess.run",
        "subprocess.call",
        "subprocess.check_call",
        "subprocess.check_output",
        "subprocess.Popen",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
        "commands.getoutput",
        "pty.spawn",
        "asyncio.create_subprocess_shell",
        "pexpect.run",
        "pexpect.spawn",
        "os.execvp",
        "os.execlp",
        "sh.bash",
    ]
)

WORDS = (
    "load|pickle|read_pickle|trust_|from_pretrained|safe_mode|weights_only|unsafe|hub|exec|eval|compile|system|popen"
    "|subprocess|spawn|reload|getattr|__|import_module|environ|download|pipeline|urlretrieve|decode|modelscan|marshal"
    "|shelve|dill|%|!|dup2|CDLL|LoadLibrary|guard|safe_globals|SentenceTransformer|YOLO|PackageImporter|getoutput|set_env|safetensors|allow_|"
    + "|".join(VARIABLES)
)
"""Something of this stands in every cell that can state a fact; the others are not parsed."""
