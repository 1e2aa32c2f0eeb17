"""The rules of the house that a program can check (docs/architecture.md)."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "cgpymail"
LEVELS = {
    "interfaces": 0, "model": 0, "errors": 0,
    "mime": 1, "grammar": 1, "runtime": 1,
    "manager": 2, "directory": 2, "stores": 2,
    "imap": 3, "pop3": 3, "lmtp": 3, "admin": 3,
    "tap": 4, "live": 4, "doors": 4, "assembly": 4, "trusting": 4, "tool": 4, "demo": 4, "demodata": 4, "configfile": 4,
    "config": 2, "samplemail": 1, "__init__": 0,
}  # fmt: skip
MAX_LINES = 400
MAX_FUNCTION = 40
HARD_MAX_FUNCTION = 60


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Every module of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text())


def room(path: Path) -> str:
    """The top-level name below the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Dotted names of everything a module imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def typing_only(tree: ast.Module) -> set[int]:
    """Lines of imports that exist for the type checker alone."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def test_imports_point_down_only() -> None:
    """A layer knows only those below it, and no neighbour of its own level."""
    wrong = []
    for path, tree in modules():
        mine, free = room(path), typing_only(tree)
        for name, line in imports(tree):
            parts = name.split(".")
            if parts[0] != "cgpymail" or len(parts) < 2:
                continue
            other = parts[1]
            if other == mine or other not in LEVELS or (line in free and LEVELS[other] <= LEVELS[mine]):
                continue
            same_floor = LEVELS[other] == LEVELS[mine] and LEVELS[mine] not in (0, 4)
            if LEVELS[other] > LEVELS[mine] or same_floor:
                wrong.append(f"{path.relative_to(PACKAGE)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_every_room_has_its_level() -> None:
    """A new top-level name is put into the picture before it is used."""
    assert {room(path) for path, _ in modules()} <= set(LEVELS)


def test_only_the_composition_root_knows_the_reactor() -> None:
    """Nobody else imports twisted.internet.reactor, so everything else can be tested without it."""
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path, tree in modules()
        for name, line in imports(tree)
        if name.startswith("twisted.internet.reactor") and room(path) != "tap"
    ]
    assert not found


def test_time_and_files_come_from_the_runtime() -> None:
    """No clock but the runtime's, and nothing is written but through runtime/files.py."""
    calls = "rename unlink link fsync mkdir fdatasync pwrite write replace makedirs remove truncate"
    forbidden = {"time.time", "time.sleep", "datetime.now"} | {f"os.{call}" for call in calls.split()}
    found = []
    for path, tree in modules():
        if (
            room(path) in ("demodata",) or path.name == "files.py" or path == PACKAGE / "admin" / "loop.py"
        ):  # the tool's clock
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in forbidden:
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {ast.unparse(node)}")
    assert not found, "\n".join(found)


def test_files_and_functions_are_short() -> None:
    """Files of at most 400 lines; functions of at most 60, and few above 40."""
    long_files, long_functions, functions = [], [], 0
    for path, tree in modules():
        lines = path.read_text().count("\n")
        if lines > MAX_LINES:
            long_files.append(f"{path.relative_to(PACKAGE)}: {lines}")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions += 1
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > MAX_FUNCTION:
                    long_functions.append((size, f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}: {size}"))
    assert not long_files, "\n".join(long_files)
    assert not [words for size, words in long_functions if size > HARD_MAX_FUNCTION]
    assert len(long_functions) <= functions * 0.01, "\n".join(words for _, words in long_functions)


def test_public_names_have_docstrings() -> None:
    """Every module, public class, and public function says what it is."""
    bare = []
    for path, tree in modules():
        if not ast.get_docstring(tree):
            bare.append(f"{path.relative_to(PACKAGE)}")
        for node in _public(tree):
            if not ast.get_docstring(node):
                bare.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}")
    assert not bare, "\n".join(bare)


def _public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (item for item in node.body if isinstance(item, kinds) and not _private(item))


def _private(item: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Underscored names, the signatures of an overloaded function beside the real one, and setters beside getters."""
    marks = [ast.unparse(mark) for mark in item.decorator_list]
    return item.name.startswith("_") or any(mark.endswith(("overload", ".setter")) for mark in marks)


def test_package_files_hold_a_docstring_only() -> None:
    """Nothing hides in an __init__.py (the package's own has the version)."""
    for path in PACKAGE.rglob("__init__.py"):
        if path.parent != PACKAGE:
            assert len(ast.parse(path.read_text()).body) == 1, path
    assert not (PACKAGE.parent / "twisted" / "__init__.py").exists()
    assert not (PACKAGE.parent / "twisted" / "plugins" / "__init__.py").exists()


def test_no_shed() -> None:
    """No module without a subject."""
    assert not [path for path in PACKAGE.rglob("*.py") if path.stem in ("utils", "util", "helpers", "misc", "base")]


def test_every_package_is_installed() -> None:
    """What setup.cfg installs is what there is: nobody misses a folder only when it is no checkout any more."""
    setup = configparser.ConfigParser()
    setup.read(PACKAGE.parent / "setup.cfg")
    folders = {path.parent.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*.py")}
    there = {".".join(folder.parts) for folder in folders} | {"twisted.plugins"}
    assert set(setup["options"]["packages"].split()) == there
