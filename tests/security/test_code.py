"""What our own code never does (C5, S5, H1): read from its syntax, so that a comment can't hide it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("syncer", "connectors", "config")
#: Calls that run text as code, or bytes as objects. A dotted name also forbids importing its module.
FORBIDDEN_CALLS = frozenset(
    "eval exec compile __import__ os.system os.popen os.spawnl os.spawnv os.execv pickle.load pickle.loads "
    "marshal.load marshal.loads shelve.open yaml.load yaml.unsafe_load dill.load dill.loads joblib.load "
    "tempfile.mktemp subprocess.getoutput subprocess.getstatusoutput".split()
)
FORBIDDEN_MODULES = frozenset("pickle marshal shelve dill joblib telnetlib ftplib".split())
#: XML is only read by openpyxl in the child process, with defusedxml.
FORBIDDEN_MODULES |= {"xml.etree", "xml.etree.ElementTree", "xml.dom.minidom", "xml.sax", "lxml"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def findings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and reason of everything in ``tree`` that is forbidden everywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name) for one in node.names if one.name in FORBIDDEN_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in FORBIDDEN_MODULES:
            yield node.lineno, node.module
        elif isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in FORBIDDEN_CALLS:
                yield node.lineno, name
            for keyword in node.keywords:
                value = keyword.value
                constant = value.value if isinstance(value, ast.Constant) else None
                if keyword.arg == "shell" and constant is not False:
                    yield node.lineno, "shell="
                elif keyword.arg == "verify":
                    yield node.lineno, "verify="
                elif keyword.arg == "allow_redirects" and constant is not False:
                    yield node.lineno, "allow_redirects="
                elif keyword.arg == "trust_env" and constant is not False:
                    yield node.lineno, "trust_env="


@pytest.mark.rule("C5")
@pytest.mark.rule("H1")
@pytest.mark.rule("H4")
def test_no_forbidden_call_stands_in_our_code() -> None:
    found = [f"{name}:{line} {what}" for name, tree in sources() for line, what in findings(tree)]
    assert found == []


@pytest.mark.rule("C5")
@pytest.mark.parametrize(
    "line",
    [
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import subprocess\nsubprocess.run('ls', shell=wanted)",
        "import os\nos.system('ls')",
        "eval('1')",
        "import pickle",
        "from pickle import loads",
        "import yaml\nyaml.load(text)",
        "import requests\nrequests.get(url, verify=False)",
        "from xml.etree import ElementTree",
    ],
)
def test_the_check_finds_what_it_is_there_for(line: str) -> None:
    assert list(findings(ast.parse(line)))


@pytest.mark.rule("C5")
def test_statements_are_never_put_together_from_text() -> None:
    """``text(...)`` and ``exec_driver_sql(...)`` take constants; four modules name our own tables and settings."""
    exempt = {
        "syncer/store/engine.py",  # PRAGMA lines from a tuple in the module
        "syncer/store/triggers.py",
        "syncer/store/migrate.py",
        "syncer/cli/restore.py",
    }
    found = []
    for name, tree in sources():
        if name in exempt or "/migrations/" in name:
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = dotted(node.func).rpartition(".")[2]
            if called not in ("text", "exec_driver_sql", "execute", "executescript"):
                continue
            first = node.args[0]
            if (
                (isinstance(first, ast.JoinedStr) and not _constants_only(first))
                or (isinstance(first, ast.BinOp) and isinstance(first.op, ast.Add | ast.Mod) and _has_text(first))
                or (isinstance(first, ast.Call) and dotted(first.func).endswith(".format"))
            ):
                found.append(f"{name}:{node.lineno}")
    assert found == []


def _constants_only(node: ast.JoinedStr) -> bool:
    inside = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    return all(isinstance(part, ast.Name) and part.id.strip("_").isupper() for part in inside)


def _has_text(node: ast.BinOp) -> bool:
    return any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in (node.left, node.right))


@pytest.mark.rule("C5")
def test_text_of_people_is_never_a_format() -> None:
    """``str.format`` on anything but a constant would read attributes of our objects."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in sources()
        if not name.startswith("syncer/sdk/testing/")  # names of checks and log records, no text of people
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("format", "format_map")
        and not isinstance(node.func.value, ast.Constant)
    ]
    assert found == []


@pytest.mark.rule("C5")
def test_the_scheduler_keeps_its_jobs_in_memory() -> None:
    """APScheduler's other stores pickle: none is imported or added, and none is named in a setting."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in sources()
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("apscheduler.jobstores"))
        or (isinstance(node, ast.Call) and dotted(node.func).endswith(".add_jobstore"))
        or (isinstance(node, ast.keyword) and node.arg == "jobstores")
    ]
    assert found == []


@pytest.mark.rule("C5")
def test_patterns_have_no_nested_repeats() -> None:
    """A repeat of a repeat, such as ``(a+)+``, can take for ever on a short text."""
    nested = re.compile(r"\((?:[^()\\]|\\.)*[+*]\)[+*{]")
    found = []
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and dotted(node.func).startswith("re.") and node.args:
                pattern = node.args[0]
                if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str):
                    found += [f"{name}:{node.lineno}"] if nested.search(pattern.value) else []
    assert found == []


@pytest.mark.rule("S5")
def test_bandit_finds_nothing() -> None:
    """As ``make lint`` runs it; a tool that did not run is no pass."""
    command = [sys.executable, "-m", "bandit", "--quiet", "--severity-level", "medium", "--configfile"]
    done = subprocess.run(
        [*command, "pyproject.toml", "--recursive", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr
    assert "bandit" in (ROOT / "Makefile").read_text("utf-8")


@pytest.mark.rule("S5")
def test_no_secret_stands_in_the_repository() -> None:
    """Shapes of real keys: private keys, Fernet keys, long tokens of well-known services."""
    shapes = {
        "private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE " + rb"KEY-----"),
        "cloud key": re.compile(rb"\bAKIA[0-9A-Z]{16}\b"),
        "repository token": re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
        "shop token": re.compile(rb"\bshp(at|ca|pa|ss)_[a-fA-F0-9]{32}\b"),
        "sealed value": re.compile(rb"\bgAAAAA[\w-]{60,}"),
        "Fernet key": re.compile(rb"SECRET_KEY[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9_-]{43}="),
    }
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    found = []
    for raw in listed:
        path = ROOT / raw.decode()
        if not raw or not path.is_file() or path.suffix == ".lock":
            continue
        content = path.read_bytes()
        found += [f"{raw.decode()}: {what}" for what, shape in shapes.items() if shape.search(content)]
    assert found == []
