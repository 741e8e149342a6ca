"""Shell text: what its commands fetch, decode, install and run. Nothing is expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from modelscan.notebooks.loaders import variable
from modelscan.records import dataclass, field

LENGTH = 200_000
"""Characters of one text that are looked at."""
DEPTH = 4

_TOKEN = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+|['"]""", re.DOTALL)
_INNER = re.compile(r"\$\(([^()]{1,2000})\)|`([^`]{1,2000})`|<\(([^()]{1,2000})\)")
_FETCHERS = frozenset(
    [
        "curl",
        "wget",
        "aria2c",
        "axel",
        "fetch",
        "lynx",
        "gdown",
        "iwr",
        "irm",
        "invoke-webrequest",
        "invoke-restmethod",
        "certutil",
        "bitsadmin",
    ]
)
_SHELLS = frozenset(
    [
        "sh",
        "bash",
        "zsh",
        "dash",
        "ksh",
        "ash",
        "fish",
        "pwsh",
        "powershell",
        "cmd",
        "iex",
        "invoke-expression",
        "eval",
        "source",
        ".",
    ]
)
_INTERPRETERS = re.compile(r"python[\d.]*|pypy\d?|perl|ruby|node|php|lua|osascript|ipython\d?")
_DECODERS = {
    "base64": ("-d", "-D", "--decode", "-di", "-id"),
    "base32": ("-d", "--decode"),
    "xxd": ("-r", "-rp", "-r -p"),
    "openssl": ("-d",),
    "uudecode": (),
    "rev": (),
}
_BEFORE = frozenset(
    [
        "sudo",
        "doas",
        "env",
        "nohup",
        "time",
        "exec",
        "command",
        "busybox",
        "stdbuf",
        "nice",
        "xargs",
        "builtin",
        "then",
        "do",
        "else",
    ]
)
_INDEX = (
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--trusted-host",
    "--index",
    "--default-index",
)
_SECRETS = re.compile(
    r"\.ssh/|\.aws/credentials|/etc/(?:passwd|shadow)|\.netrc|\.git-credentials|\.docker/config\.json"
)
_PERSISTENT = re.compile(
    r"authorized_keys|\.ipython/profile_\w+/startup|(?:site|user)customize\.py|/etc/cron|\.config/autostart"
)
_REMOTE_SHELL = re.compile(
    r"/dev/(?:tcp|udp)/|\b(?:nc|ncat|netcat)\b[^|;\n]{0,200}\s(?:-\w*[ec]\b|--exec|--sh-exec)|\bsocat\b[^\n]{0,200}\bexec:",
    re.I,
)
_DESTROYS = re.compile(
    r"\brm\s+(?:-\w+\s+){1,4}(?:--no-preserve-root\s+)?[\"']?(?:/\*?|(?:~|\$\{?HOME\}?)/?\*?)[\"']?(?:\s|$)|\bmkfs\.\w+\s|\bdd\b[^\n]{0,200}\bof=/dev/[sh]d"
)
_UNPACKS = re.compile(
    r"\b(?:exec|eval)\b.{0,400}?(?:b\d\ddecode|fromhex|decompress|urlopen|requests\.|marshal|chr\()", re.S
)
"""A program on a command line that decodes or downloads what it runs."""
_PINNED = re.compile(r"@[0-9a-f]{40}\b")
_ARCHIVE = re.compile(r"https?://\S+|file:\S+")


@dataclass(frozen=True, slots=True)
class Risk:
    """One fact about a command. `subject` is a key of rules/notebook.toml."""

    subject: str
    command: str
    host: str = ""


@dataclass(slots=True)
class Shell:
    """All shell text of one notebook: what an earlier command fetched, a later one may run."""

    fetched: set[str] = field(default_factory=set)
    marked: set[str] = field(default_factory=set)
    """Files that a command made executable."""
    cloned: set[str] = field(default_factory=set)
    """Folders that repositories were cloned into."""
    inside: bool = False
    """The working folder is one of them."""

    def risks(self, text: str, depth: int = 0) -> Iterator[Risk]:
        """The facts about `text`, and about the shell text inside it."""
        text = text[:LENGTH].replace("\\\n", " ")
        whole = text.strip()
        for pattern, subject in ((_REMOTE_SHELL, "shell-remote"), (_DESTROYS, "shell-destroys")):
            if found := pattern.search(text):
                yield Risk(subject, text[found.start() : found.end() + 100].split("\n")[0])
        inside = self.inside
        for pipeline in pipelines(text):
            yield from self._pipeline(pipeline, depth)
        self.inside = inside  # each text has a shell of its own
        if depth < DEPTH:
            for found in _INNER.finditer(whole):
                inner = next(filter(None, found.groups()), "")
                yield from self.risks(inner, depth + 1)

    def _pipeline(self, stages: list[list[str]], depth: int) -> Iterator[Risk]:
        programs = [_program(stage) for stage in stages]
        for word in (word for stage in stages for word in stage):
            name, equals, value = word.partition("=")
            if equals and (subject := variable(name, value)):
                yield Risk(subject, " | ".join(" ".join(stage) for stage in stages))
        shown = " | ".join(" ".join(stage) for stage in stages)
        kinds = [_source(name, words) for name, words in programs]
        for number, (name, words) in enumerate(programs):
            carried = {kind for kind in kinds[:number] if kind} | _substituted(words)
            if _runs_input(name, words, piped=number > 0) and carried:
                yield Risk("shell-decoded" if "decoded" in carried else "shell-fetched", shown)
            yield from self._command(name, words, shown, depth)
        if _sends(programs, shown):
            yield Risk("shell-sends", shown)
        if _PERSISTENT.search(shown) and (
            ">" in shown or any(name in ("cp", "mv", "tee", "ln") for name, _ in programs)
        ):
            yield Risk("shell-persists", shown)
        if programs and programs[-1][0] == "crontab" and (len(stages) > 1 or programs[-1][1]):
            yield Risk("shell-persists", shown)

    def _command(self, name: str, words: list[str], shown: str, depth: int) -> Iterator[Risk]:
        if name in _FETCHERS or name == "git":
            self.fetched |= _fetched(words)
        if name == "git" and words[:1] == ["clone"]:
            self.cloned.add(_clone(words[1:]))
        elif name == "cd" and words:
            self.enters(words[0])
        for word in _run_files(name, words):
            file = word.rpartition("/")[2]
            if file in self.fetched or file in self.marked:
                yield Risk("shell-fetched-file" if file in self.fetched else "shell-marked-file", shown)
            elif self.clones(word) and re.search(r"\.(?:py|sh|bash|pl|rb|js)$|/", word):
                yield Risk("shell-cloned", shown)
        if name == "chmod" and any("x" in word or re.fullmatch(r"[0-7]*7[0-7]*", word) for word in words[:1]):
            self.marked |= {word.rpartition("/")[2] for word in words[1:] if not word.startswith("-")}
        if name in ("pwsh", "powershell") and any(re.fullmatch(r"-e(nc\w*|c)?", word, re.I) for word in words):
            yield Risk("shell-decoded", shown)
        if name in _SHELLS and depth < DEPTH and (script := _script(name, words)):
            yield from self.risks(script, depth + 1)
        if _INTERPRETERS.fullmatch(name) and _UNPACKS.search(_script(name, words)):
            yield Risk("shell-decoded", shown)
        yield from _installs(name, words, shown)

    def enters(self, folder: str) -> None:
        """The notebook goes to another folder."""
        self.inside = self.clones(folder)

    def clones(self, path: str) -> bool:
        """Is it a file or folder of a cloned repository?"""
        parts = path.removeprefix("./").strip("/").split("/")
        elsewhere = path.startswith(("/", "~", "$", ".."))
        return bool(self.cloned & set(parts if elsewhere else parts[:1])) or (self.inside and not elsewhere)


def pipelines(text: str) -> Iterator[list[list[str]]]:
    """Commands in order, each as the stages of its pipeline, each as words without their quotes."""
    stages: list[list[str]] = [[]]
    for word in _words(text):
        if word == "|":
            stages.append([])
        elif word in (";", "\n", "&", "&&", "||"):
            yield from [stages] if any(stages) else []
            stages = [[]]
        else:
            stages[-1].append(word)
    yield from [stages] if any(stages) else []


def _words(text: str) -> Iterator[str]:
    """Tokens with operators apart; `$(…)`, backticks and `<(…)` stay inside their word."""
    held: list[str] = []
    shielded = _INNER.sub(lambda found: held.append(found[0]) or f"\0{len(held) - 1}\0", text)  # type: ignore[func-returns-value]
    for line in shielded.split("\n"):
        for token in _TOKEN.findall(line):
            if token.startswith("#"):
                break
            for part in _operators(token):
                yield re.sub("\0(\\d+)\0", lambda found: held[int(found[1])], part)
        yield "\n"


def _operators(token: str) -> Iterator[str]:
    if token[:1] in "'\"":
        yield _unquoted(token)
        return
    for part in (
        re.split(r"(\|\||&&|[;|]|(?<![<>&\d])&(?![>&\d]))", token) if not re.search(r"['\"]", token) else [token]
    ):
        if part:
            yield _unquoted(part)


def _unquoted(word: str) -> str:
    return re.sub(r"""'([^']*)'|"((?:[^"\\]|\\.)*)\"""", lambda found: found[1] or found[2] or "", word)


def _program(words: list[str]) -> tuple[str, list[str]]:
    """The program's bare name and its arguments, behind assignments and `sudo`."""
    rest = list(words)
    while rest and (re.match(r"[A-Za-z_]\w*=", rest[0]) or rest[0] in _BEFORE or rest[0] in ("(", "{", "!")):
        before = rest.pop(0)
        while rest and before in _BEFORE and rest[0].startswith("-"):
            rest.pop(0)
    if not rest:
        return ("env", []) if "env" in words else ("", [])
    name = rest[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe").lower() if rest[0] != "." else "."
    return name.lstrip("(@"), [word.strip("()") if word in ("(", ")") else word for word in rest[1:]]


def _source(name: str, words: list[str]) -> str:
    """What a stage hands on: "fetched", "decoded" or nothing of note."""
    if name in _FETCHERS:
        return "fetched"
    flags = _DECODERS.get(name)
    if flags is not None and (not flags or any(word in flags for word in words)):
        return "decoded"
    return "decoded" if "decoded" in _substituted(words) else "fetched" if "fetched" in _substituted(words) else ""


def _substituted(words: list[str]) -> set[str]:
    found = set()
    for word in words:
        for match in _INNER.finditer(word):
            inner = next(filter(None, match.groups()), "")
            for stages in pipelines(inner):
                found |= {kind for stage in stages if (kind := _source(*_program(stage)))}
    return found


def _runs_input(name: str, words: list[str], *, piped: bool) -> bool:
    """Would this command run what it is handed, as opposed to reading it as data?"""
    operands = [word for word in words if not word.startswith("-")]
    if name in _SHELLS:
        return not piped or name in ("iex", "invoke-expression", "eval") or not operands or "-s" in words
    if _INTERPRETERS.fullmatch(name):
        return "-c" in words or "-e" in words if not piped else not words or "-" in words or operands == ["/dev/stdin"]
    return False


def _script(name: str, words: list[str]) -> str:
    """The text after `-c`."""
    if name == "eval":
        return " ".join(words)
    for flag in ("-c", "-lc", "-ic", "/c", "/C", "-Command", "-command"):
        if flag in words and (at := words.index(flag) + 1) < len(words):
            return words[at]
    return ""


def _fetched(words: list[str]) -> set[str]:
    """Names of the files a download leaves behind."""
    made = set()
    for at, word in enumerate(words):
        if word in ("-o", "-O", "--output", "--output-document", "-OutFile", ">") and at + 1 < len(words):
            made.add(words[at + 1].rpartition("/")[2])
        elif re.match(r"(?:https?|ftp)://", word):
            made.add(urlsplit(word).path.rpartition("/")[2])
    return {name for name in made if name and not name.startswith("-")}


def _clone(words: list[str]) -> str:
    """The folder that `git clone` makes."""
    operands = [word for word in words if not word.startswith("-")]
    at = next((number for number, word in enumerate(operands) if "/" in word or ":" in word), None)
    if at is None:
        return ""
    made = operands[at + 1] if at + 1 < len(operands) else operands[at].rstrip("/").removesuffix(".git")
    return made.rstrip("/").rpartition("/")[2]


def _run_files(name: str, words: list[str]) -> Iterator[str]:
    """Files that a command runs as programs."""
    operands = [word for word in words if not word.startswith("-")]
    if (name in _SHELLS or _INTERPRETERS.fullmatch(name)) and operands and not {"-c", "-m", "-e"} & set(words):
        yield operands[0]
    elif name:
        yield name


def _sends(programs: list[tuple[str, list[str]]], shown: str) -> bool:
    """Does a pipeline send what it reads of the user's own to another machine?"""
    network = [words for name, words in programs if name in _FETCHERS or name in ("nc", "ncat", "scp", "rsync", "ftp")]
    if not network or re.search(r"localhost|127\.0\.0\.1", shown):
        return False
    return bool(_SECRETS.search(shown)) or any(name in ("env", "printenv", "history") for name, _ in programs[:-1])


def _installs(name: str, words: list[str], shown: str) -> Iterator[Risk]:
    """Packages out of the ordinary index."""
    if _INTERPRETERS.fullmatch(name) and words[:2] == ["-m", "pip"]:
        name, words = "pip", words[2:]
    if name in ("conda", "mamba", "micromamba"):
        for at, word in enumerate(words[1:]):
            if words[at] in ("-c", "--channel") and "://" in word:
                yield Risk("pip-index", shown, urlsplit(word).hostname or word)
        return
    if name in ("npm", "npx", "yarn") and any(_ARCHIVE.match(word) for word in words):
        yield Risk("pip-address", shown)
    if name == "uv" and words[:1] in (["pip"], ["add"]):
        words = ["install", *words[1:]]
    elif not re.fullmatch(r"pip[\d.]*|pipx|easy_install", name):
        return
    if "install" not in words and "download" not in words and name != "easy_install":
        return
    for at, word in enumerate(words):
        flag, _, value = word.partition("=")
        if flag in _INDEX:
            value = value or (words[at + 1] if at + 1 < len(words) else "")
            if flag == "--trusted-host" or "://" in value:
                yield Risk("pip-index", shown, urlsplit(value).hostname or value)
        elif "git+" in word or "hg+" in word or "svn+" in word or "bzr+" in word:
            if not _PINNED.search(word):
                yield Risk("pip-repository", shown, urlsplit(word.partition("+")[2]).hostname or "")
        elif _ARCHIVE.match(word) or " @ http" in word or re.match(r"[\w.\[\]-]+@(?:https?:|git\+)", word):
            if at and words[at - 1] in _INDEX:
                continue
            address = _ARCHIVE.search(word)
            yield Risk("pip-address", shown, (urlsplit(address[0]).hostname or "") if address else "")
