"""Notebooks as people write them, with the outputs that libraries save in them. None of them is a risk."""

from __future__ import annotations

from collections.abc import Iterator

from notebooks.corpus import code, markdown, notebook, old, printed, shown, unescaped

COLAB = """
<div id="df-1a2b"><table border="1" class="dataframe"><tr><td>1</td></tr></table>
<button class="colab-df-convert" onclick="convertToInteractive('df-1a2b')" title="Convert"></button>
<script>
const buttonEl = document.querySelector('#df-1a2b button.colab-df-convert');
buttonEl.style.display = google.colab.kernel.accessAllowed ? 'block' : 'none';
async function convertToInteractive(key) {
  const dataTable = await google.colab.kernel.invokeFunction('convertToInteractive', [key], {});
  element.innerHTML = '';
}
</script></div>
"""
PLOTLY = """
<div><script type="text/javascript">window.PlotlyConfig = {MathJaxConfig: 'local'};</script>
<script src="https://cdn.plot.ly/plotly-2.27.0.min.js"></script><div id="a" class="plotly-graph-div"></div>
<script type="text/javascript">Plotly.newPlot("a", [{"y": [1, 2, 3], "type": "scatter"}], {});</script></div>
"""
BOKEH = """
(function(root) { function now() { return new Date(); }
  const force = true;
  if (typeof root._bokeh_onload_callbacks === "undefined" || force === true) { root._bokeh_onload_callbacks = []; }
  const JS_MIME_TYPE = 'application/javascript';
  const cmd_clean = "from bokeh.io.state import curstate; print(curstate().uuid_to_server['" + server_id + "'])";
  cell.notebook.kernel.execute(cmd_clean, {}); root.Bokeh.embed.embed_items_notebook(docs_json, render_items);
}(window));
"""
ALTAIR = """
<div id="altair-viz-1"></div>
<script type="text/javascript">
  (function(spec, embedOpt){ vegaEmbed(outputDiv, spec, embedOpt); })({"data": {"name": "d"}}, {"mode": "vega-lite"});
</script>
"""
FOLIUM = (
    '<div style="width:100%;"><iframe srcdoc="&lt;!DOCTYPE html&gt;&lt;script src=&quot;https://cdn.jsdelivr.net/npm/'
    "leaflet@1.9/dist/leaflet.js&quot;&gt;&lt;/script&gt;&lt;script&gt;var map_1 = L.map(&quot;map_1&quot;);"
    '&lt;/script&gt;" allowfullscreen></iframe></div>'
)
FRAME = """
<div><style scoped>.dataframe tbody tr th { vertical-align: top; }</style>
<table border="1" class="dataframe"><thead><tr><th>one</th></tr></thead>
<tbody><tr><td>script &lt;b&gt;</td></tr></tbody></table></div>
"""
VECTOR = (
    "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'><use xlink:href='#a'/></svg>"
)
PLAYER = "<iframe width=400 src='https://www.youtube.com/embed/x' frameborder=0 allowfullscreen></iframe>"
OUTPUTS = [
    shown("text/html", FRAME),
    shown("text/html", COLAB),
    shown("text/html", PLOTLY),
    shown("text/html", ALTAIR),
    shown("text/html", FOLIUM),
    shown("text/html", PLAYER),
    shown("application/javascript", BOKEH),
    shown("image/png", "iVBORw0KGgo" + "A" * 60_000),
    shown("image/svg+xml", VECTOR),
    shown("text/html", "<a href='https://example.org'>docs</a> <img src='data:image/png;base64,iVBORw0'>"),
    shown("text/latex", "$\\sum_{i=1}^n x_i$"),
    shown("text/markdown", "**bold** <br> [link](https://example.org)"),
    printed("\x1b[31mred\x1b[0m \x1b[1mbold\x1b[22m\n"),
    printed("100%|\u2588\u2588\u2588| 10/10 [00:01<00:00,  9.9it/s]\r\x1b[A\x1b[2K\x1b[?25l\x1b[?25h"),
    printed("Epoch 1/2\n\x08\x08 32/32 [====] - 0s 2ms/step - loss: 0.31\n"),
    {
        "output_type": "error",
        "ename": "NameError",
        "evalue": "name 'x' is not defined",
        "traceback": ["\x1b[0;31m----\x1b[0m", "\x1b[0;31mNameError\x1b[0m Traceback (most recent call last)"],
    },
]

CELLS = r"""
import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n%matplotlib inline
%load_ext autoreload\n%autoreload 2
!pip install -q numpy pandas scikit-learn
%pip install torch==2.4.0 --index-url https://download.pytorch.org/whl/cpu
%pip install torch-scatter -f https://data.pyg.org/whl/torch-2.4.0+cpu.html
!pip install git+https://github.com/org/pkg@0123456789abcdef0123456789abcdef01234567
!pip install -r requirements.txt
!pip install -e .
!nvidia-smi
!ls -la | head -5
files = !ls *.csv
!wget -q https://example.org/data.csv -O data.csv\ndf = pd.read_csv("data.csv")
!curl -s https://api.example.org/v1 | python -m json.tool
!curl -s https://api.example.org/v1 | python3 -c "import json,sys; print(json.load(sys.stdin))"
!curl -L https://example.org/d.tar.gz | tar xz
!git clone https://github.com/org/repo.git\n%cd repo
!unzip -q data.zip -d data && rm data.zip
!apt-get -qq install -y graphviz > /dev/null
!mkdir -p ~/.kaggle && cp kaggle.json ~/.kaggle/ && chmod 600 ~/.kaggle/kaggle.json
!echo "export PATH=$PATH:/opt/bin" >> ~/.bashrc
!python train.py --epochs 3 --lr 1e-3
!rm -rf ./outputs __pycache__
!zcat data.json.gz | head -1
!cat README.md | grep -i install
%%bash\ncd data\nfor f in *.csv; do wc -l $f; done
%%html\n<style>.output { font-size: 12px; }</style>
%%writefile config.yaml\nlr: 0.1
%%time\nmodel.fit(X, y)
%timeit sum(range(100))
%run helpers.py
%run ./other.ipynb
%env CUDA_VISIBLE_DEVICES=0
?np.load
pd.DataFrame?
import json\nwith open("a.json") as f:\n    data = json.load(f)
import yaml\ncfg = yaml.safe_load(open("c.yaml"))
import yaml\ncfg = yaml.load(open("c.yaml"), Loader=yaml.SafeLoader)
a = np.load("a.npy")
np.savez("b.npz", x=x, allow_pickle=True)\nb = np.load("b.npz")["x"]
import joblib\njoblib.dump(model, "own.joblib")\nmodel = joblib.load("own.joblib")
import pickle\nwith open("o.pkl", "wb") as f:\n    pickle.dump(m, f)\nm = pickle.load(open("o.pkl", "rb"))
import torch\ntorch.save(net.state_dict(), "net.pt")\nnet.load_state_dict(torch.load("net.pt"))
import torch\nnet.load_state_dict(torch.load("weights.pt", weights_only=True))
torch.save(net, "whole.pt")\nnet = torch.load("whole.pt", weights_only=False)
np.save("o.npy", rows, allow_pickle=True)\nrows = np.load("o.npy", allow_pickle=True)
model.save("own.keras")\nmodel = keras.models.load_model("own.keras", safe_mode=False)
sd = torch.load(io.BytesIO(requests.get(url).content), weights_only=True)
from tensorflow import keras\nmodel = keras.models.load_model("m.keras")
sha = "0123456789abcdef0123456789abcdef01234567"\ntok = AutoTokenizer.from_pretrained("x/y", revision=sha)
model = AutoModel.from_pretrained("./local", trust_remote_code=False)
from safetensors.torch import load_file\nsd = load_file("m.safetensors")
from sklearn.datasets import load_iris\nX, y = load_iris(return_X_y=True)
import os\nos.system("ls")\nos.makedirs("out", exist_ok=True)
import subprocess\nsubprocess.run(["git", "log", "-1"], check=True)
subprocess.run("ls | wc -l", shell=True)
df.eval("c = a + b")\npd.eval("1 + 1")
model.eval()\nwith torch.no_grad():\n    pass
re.compile("x")\nmodel.compile(optimizer="adam")
r = requests.get(url)\nprint(r.json())
import base64\nimage = base64.b64decode(text)
exec(open("helpers.py").read())
import importlib, mymodule\nimportlib.reload(mymodule)
getattr(model, "fit")(X, y)
os.environ["OMP_NUM_THREADS"] = "1"
x = 5 %2\ny = (1\n     % 3)
s = '''\n!not a command\n%nor a magic\n'''
def f(x: int) -> int:\n    return x if x != 0 else -x
σ = 1.0\nΔx = 0.1\nμ_σ = σ * Δx
print("Ünïcödé, العربية, 👩\u200d💻, हिन्दी")
from IPython.display import HTML, IFrame\nHTML("<b>x</b>")
async def go():\n    await x\nawait go()
match x:\n    case 1:\n        pass
dataset.load()\nplugin.loads = 3
import dill
%load_ext modelscan
%modelscan model.pt
import modelscan\nprint(modelscan.scan("m.pkl").verdict)
"""
TEXTS = [
    "# Title\nSome *text* with <b>html</b>, <br>, ![x](https://img.example.org/b.svg) and [link](https://example.org).",
    "<center><img src='https://example.org/x.png' width=300></center>\n<details><summary>more</summary>x</details>",
    "<a href='https://colab.example.org/x' target='_parent'><img src='https://x.org/b.svg' alt='Open In Colab'/></a>",
    "$$x = \\frac{1}{2}$$ and in prose: `x < y`.",
    "<style>h1 { color: red }</style>",
]


def ordinary() -> Iterator[tuple[str, bytes]]:
    """Every ordinary cell, output and text by itself, and whole notebooks mixed of them."""
    cells = [(line[:70], code(unescaped(line))) for line in CELLS.strip().split("\n")]
    cells += [(f"output {number}", code("x", [output])) for number, output in enumerate(OUTPUTS)]
    cells += [(f"text {number}", markdown(text)) for number, text in enumerate(TEXTS)]
    for name, cell in cells:
        yield name, notebook(markdown("# Analysis"), cell)
    for start in range(40):
        yield f"mix {start}", notebook(*(cell for _, cell in cells[start :: 7 + start % 5]))
    yield "form", notebook(code("#@title Install\n!pip install -q numpy", cellView="form"))
    yield "empty", notebook()
    yield "old", old({"cell_type": "code", "input": "print(1)", "outputs": []})
    yield "conda kernel", notebook(code("1"), kernelspec={"name": "conda-env-py311-py", "display_name": "x"})
