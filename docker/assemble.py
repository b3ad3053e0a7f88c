"""Put what the image needs from an environment into a folder: packages, bytecode, the command.

Arguments: the environment, the folder that becomes the image's root, the path of the interpreter in the image.
"""

import compileall
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

UNUSED_FOLDERS = ("tests", "test", "__pycache__", "include", "f2py")
"""Of the dependencies: their tests, headers, a Fortran compiler's front end. Nothing imports them at run time."""

COMMAND = """#!{python}
import sys

from streams.cli import main

sys.exit(main(prog_name="stillwatch"))
"""

PRECOMPILE = '''"""Compile the standard library where the image lacks its bytecode; leaves itself out of the image."""

import compileall
import os
import py_compile
import sysconfig

compileall.compile_dir(
    sysconfig.get_path("stdlib"),
    quiet=2,
    workers=1,
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    stripdir="/",
    prependdir="/",
)
os.remove(__file__)
'''


def main(environment: Path, root: Path, python: str) -> None:
    """Fill the folder."""
    [packages] = environment.glob("lib/python3.*/site-packages")
    target = root / "opt/stillwatch"
    shutil.copytree(packages, target, symlinks=True)
    _drop_unused(target)
    _strip(target)
    compileall.compile_dir(
        target, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH, stripdir=root, prependdir="/"
    )
    (target / "_precompile.py").write_text(PRECOMPILE)
    command = root / "usr/local/bin/stillwatch"
    command.parent.mkdir(parents=True)
    command.write_text(COMMAND.format(python=python))
    command.chmod(0o755)


def _drop_unused(target: Path) -> None:
    for name in UNUSED_FOLDERS:
        for folder in sorted(target.glob(f"**/{name}")):
            # A package of that name at the top level is a dependency itself.
            if folder.is_dir() and folder.parent != target:
                shutil.rmtree(folder)


def _strip(target: Path) -> None:
    """Remove symbols nobody debugs with. Not in ``*.libs``: their files are addressed by what stripping would move."""
    if shutil.which("strip") is None:
        sys.stderr.write("no strip in the build base: libraries keep their symbols\n")
        return
    for library in sorted(target.glob("**/*.so")):
        if not any(part.endswith(".libs") for part in library.parts):
            subprocess.run(["strip", "--strip-unneeded", str(library)], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
