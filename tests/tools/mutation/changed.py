"""Finds the functions of the package whose code differs from the base.

The base is the merge base with origin/main, or HEAD~1 if there is no such branch or HEAD is on it.
"""

import ast
import subprocess
from dataclasses import replace

from .groups import GROUPS, PACKAGE, ROOT, Group


def groups() -> dict[str, Group]:
    """Returns the groups that have such functions, with only the mutants of these functions."""
    base = _base()
    changed: dict[str, tuple[str, ...]] = {}
    for file in _git("diff", "--name-only", base, "--", str(PACKAGE)).splitlines():
        path = ROOT / file
        if path.suffix == ".py" and path.exists():
            before, after = _functions(_git("show", f"{base}:{file}")), _functions(path.read_text(encoding="utf-8"))
            module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
            names = tuple(f"{module}.{name}__mutmut_*" for name, code in after.items() if before.get(name) != code)
            if names:
                changed[str(path.relative_to(PACKAGE))] = names
    found = {}
    for name, group in GROUPS.items():
        if sources := tuple(source for source in group.sources if source in changed):
            mutants = tuple(mutant for source in sources for mutant in changed[source])
            found[name] = replace(group, sources=sources, mutants=mutants)
    return found


def _functions(source: str) -> dict[str, str]:
    """Returns the code of each function without its comments and docstring, by the name that mutmut gives it."""
    found = {}
    for node in ast.parse(source).body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"xǁ{node.name}ǁ" if isinstance(node, ast.ClassDef) else "x_"
        for member in members:
            if isinstance(member, ast.FunctionDef):
                if ast.get_docstring(member) is not None:
                    del member.body[0]
                found[prefix + member.name] = ast.dump(member)
    return found


def _base() -> str:
    base, head = _git("merge-base", "HEAD", "origin/main").strip(), _git("rev-parse", "HEAD").strip()
    if not base or base == head:
        base = _git("rev-parse", "--verify", "--quiet", "HEAD~1").strip() or head
    return base


def _git(*arguments: str) -> str:
    """Returns the output, which is empty for what does not exist."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout
