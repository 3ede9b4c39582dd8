"""layers/find_python.sh finds a Python for the build from any shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "layers" / "find_python.sh"

# A Python that reports another version and location, and may lack pip.
_FAKE = """#!{real}
import importlib.util, sys
sys.version_info, sys.executable = {version}, __file__
if not {has_pip}:
    importlib.util.find_spec = lambda name: None if name == "pip" else True
program, sys.argv = sys.argv[2], ["-c", *sys.argv[3:]]
exec(program)
"""
# A shim of pyenv fails like this if no .python-version has a version with the command.
_SHIM = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"


def _executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def _python(path: Path, *version: int, has_pip: bool = True) -> Path:
    text = _FAKE.format(real=os.path.realpath(sys.executable), version=version, has_pip=has_pip)
    return _executable(path, text)


class Machine:
    """A machine with its own HOME and PATH."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folders = [home / "first", home / "second"]

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self.home), "PATH": ":".join(map(str, self.folders)), **variables}
        # `sam build` does not run in the checkout either.
        command = [str(arguments[0]), *arguments[1:]]
        return subprocess.run(command, cwd=self.home, env=environment, capture_output=True, text=True, check=False)

    def find(self, version: str, *modules: str, **variables: str) -> str:
        return self.run("/bin/sh", str(SCRIPT), version, *modules, **variables).stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Returns a machine whose python3 is 3.9."""
    machine = Machine(tmp_path)
    _python(tmp_path / "first" / "python3", 3, 9)
    return machine


@pytest.mark.parametrize("version", ["3.13", "3.11+"])
def test_an_older_python3_is_skipped_for_one_with_a_version_in_its_name(machine: Machine, version: str) -> None:
    expected = _python(machine.folders[1] / "python3.13", 3, 13)

    assert machine.find(version) == str(expected)


@pytest.mark.parametrize("version", ["3.13", "3.11+"])
@pytest.mark.parametrize("root", [".pyenv", "elsewhere"])
def test_pyenvs_versions_are_found_behind_shims_that_fail(machine: Machine, version: str, root: str) -> None:
    for name in ("python3", "python3.13"):
        _executable(machine.folders[0] / name, _SHIM)
    expected = _python(machine.home / root / "versions" / "3.13.2" / "bin" / "python3.13", 3, 13)
    variables = {"PYENV_ROOT": str(machine.home / root)} if root == "elsewhere" else {}

    assert machine.find(version, **variables) == str(expected)


def test_a_python_of_uv_is_found(machine: Machine) -> None:
    expected = _python(machine.home / "of uv" / "bin" / "python3.13", 3, 13)
    _executable(
        machine.folders[1] / "uv", f'#!/bin/sh\n[ "$*" = "python find --no-project 3.13" ] && echo "{expected}"\n'
    )

    assert machine.find("3.13") == str(expected)


def test_another_version_can_run_the_build_but_not_make_the_bytecode(machine: Machine) -> None:
    expected = _python(machine.folders[1] / "python3.12", 3, 12)

    assert machine.find("3.11+", "pip") == str(expected)
    assert machine.find("3.13") == ""


def test_a_python_without_a_required_module_is_skipped(machine: Machine) -> None:
    without = _python(machine.folders[1] / "python3.13", 3, 13, has_pip=False)
    expected = _python(machine.folders[1] / "python3.11", 3, 11)

    assert machine.find("3.11+", "pip") == str(expected)
    assert machine.find("3.13") == str(without)


def test_a_variable_selects_a_python_unless_it_does_not_fit(machine: Machine) -> None:
    on_path = _python(machine.folders[1] / "python3.13", 3, 13)
    named = _python(machine.home / "opt" / "python", 3, 13)

    assert machine.find("3.13", PYTHON_RUNTIME=str(named)) == str(named)
    assert machine.find("3.11+", PYTHON=str(named)) == str(named)
    assert machine.find("3.13", PYTHON_RUNTIME="python3") == str(on_path)


def test_without_a_python_the_script_says_how_to_install_one(machine: Machine) -> None:
    result = machine.run("/bin/sh", str(SCRIPT), "3.13")

    assert (result.returncode, result.stdout) == (1, "")
    assert "uv python install 3.13" in result.stderr


@pytest.mark.parametrize("layer", ["bridge", "jwt"])
def test_the_layers_are_built_with_the_python_that_is_found(machine: Machine, layer: str) -> None:
    expected = _python(machine.home / ".pyenv" / "versions" / "3.13.2" / "bin" / "python3.13", 3, 13)
    make = shutil.which("make")
    assert make is not None
    makefile = ROOT / "layers" / layer / "Makefile"

    dry = machine.run(make, "--dry-run", "--makefile", str(makefile), f"build-{layer.capitalize()}Layer")

    assert dry.returncode == 0, dry.stderr
    assert f'"{expected}" ' in dry.stdout
    assert "python3 " not in dry.stdout


def test_versions_beside_the_shims_of_pyenv_are_found_with_another_home(tmp_path: Path) -> None:
    pyenv = tmp_path / "elsewhere" / ".pyenv"
    _executable(pyenv / "shims" / "python3.13", _SHIM)
    python = _python(pyenv / "versions" / "3.13.0" / "bin" / "python3.13", 3, 13)
    machine = Machine(tmp_path / "home")
    machine.home.mkdir()
    machine.folders.append(pyenv / "shims")

    assert machine.find("3.13") == str(python)
