"""Where measurements are written, and how they are drawn. Drawing needs matplotlib, which nothing else here does."""

import csv
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).parent.parent / "docs" / "figures"


def check_drawing() -> None:
    """Ask for what draws before anything is measured, which may take an hour. Raises ``ClickException`` without it."""
    if find_spec("matplotlib") is None:
        raise click.ClickException("the result is drawn, which needs matplotlib: `pip install matplotlib`")


def write_table(name: str, rows: Sequence[dict[str, Any]], folder: Path = FOLDER) -> Path:
    """Write rows, which have the same keys, as ``name.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return path


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows, which have the same keys, as a table for docs; all but the first column to the right."""
    names = list(rows[0])
    lines = [names, ["---", *("---:" for _ in names[1:])], *([str(row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def new_figure(columns: int = 1, width: float = 6.4, height: float = 4.2) -> "tuple[Figure, list[Any]]":
    """Return a figure with so many panels beside one another."""
    from matplotlib.figure import Figure  # only who draws needs it

    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(1, columns, squeeze=False)
    for panel in panels[0]:
        panel.grid(visible=True, alpha=0.3)
    return figure, list(panels[0])


def write_figure(name: str, figure: "Figure", folder: Path = FOLDER) -> Path:
    """Write a figure as ``name.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    figure.savefig(path, dpi=120, metadata={"Software": None})
    return path
