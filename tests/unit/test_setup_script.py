"""scripts/setup.sh keeps an environment that was made here, wherever that is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/setup.sh"


def environment(folder: Path) -> Path:
    """An environment in a folder, with a pip that does no more than say where it is."""
    venv = folder / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    [packages] = venv.glob("lib/python3.*/site-packages")
    (packages / "pip").mkdir()
    (packages / "pip/__main__.py").write_text("print('pip 1 from', __file__)")
    interpreter = venv / "bin/python3"
    # What pip writes where a line that begins with #! cannot name the interpreter, and where it can.
    wrapped = f"#!/bin/sh\n'''exec' \"{interpreter}\" \"$0\" \"$@\"\n' '''\n"
    (venv / "bin/pip").write_text(wrapped if " " in str(venv) else f"#!{interpreter}\n")
    return venv


def is_sound(folder: Path) -> bool:
    """Whether the script would keep the environment of a folder."""
    text = SCRIPT.read_text("utf-8")
    [in_range] = re.findall(r"^readonly (in_range=.*)$", text, re.MULTILINE)
    [function] = re.findall(r"^is_venv_sound\(\) \{.*?^\}", text, re.MULTILINE | re.DOTALL)
    program = f"venv=$PWD/.venv\n{in_range}\n{function}\nis_venv_sound"
    return subprocess.run(["bash", "-c", program], cwd=folder, check=False).returncode == 0


@pytest.mark.parametrize("name", ["plain", "with a space"])
def test_an_environment_made_here_is_kept(tmp_path: Path, name: str) -> None:
    """Also below a folder with a space in its name, where the first line of pip names no interpreter."""
    environment(tmp_path / name)

    assert is_sound(tmp_path / name)


@pytest.mark.parametrize("name", ["plain", "with a space"])
def test_one_whose_commands_lie_elsewhere_is_made_anew(tmp_path: Path, name: str) -> None:
    """As after a copy: its pip would install into the folder that it came from."""
    venv, other = environment(tmp_path / name), tmp_path / "other"
    pip = venv / "bin/pip"
    pip.write_text(pip.read_text().replace(str(tmp_path / name), str(other)))

    assert not is_sound(tmp_path / name)
