"""What is approved is read where something was found, and counts then as it always did."""

from __future__ import annotations

import hashlib
import json

import pytest
from samples import call, global_, text

from modelscan import approvals, settings

EVIL = b"\x80\x04" + call(global_("posix", "system"), text("true")) + b"."
GOOD = b"\x80\x04]\x94(K\x01K\x02e."


@pytest.fixture
def models(tmp_path):
    (tmp_path / "good.pkl").write_bytes(GOOD)
    (tmp_path / "evil.pkl").write_bytes(EVIL)
    return tmp_path


@pytest.mark.parametrize("more", [(), ("--no-cache",), ("--policy", "strict"), ("-l", "ERROR")], ids=" ".join)
def test_an_approved_file_counts_no_longer(run, models, more):
    assert run("-p", models / "evil.pkl", *more).code == 1
    approvals.add(sha256=hashlib.sha256(EVIL).hexdigest(), reason="of our own making")
    done = run("-p", models / "evil.pkl", "-r", "json", *more)
    assert done.code == 0
    assert "of our own making" in json.dumps(json.loads(done.out))
    assert run("-p", models / "good.pkl", "-p", models / "evil.pkl", *more).code == 0


def test_what_is_safe_asks_for_no_approval(run, models, monkeypatch):
    approvals.add(sha256="0" * 64, reason="of something else")
    asked = []
    monkeypatch.setattr(settings, "readable", lambda: asked.append(True) or ())
    assert run("-p", models / "good.pkl", "--no-cache").code == 0
    assert not asked
    assert run("-p", models / "evil.pkl", "--no-cache").code == 1
    assert asked
