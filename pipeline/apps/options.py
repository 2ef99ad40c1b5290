"""Options that several commands have, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SettingsFile = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file; configs/default.toml lists all settings."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="STAGE.KEY=VALUE", help="One setting; may be repeated."),
]
Force = Annotated[bool, typer.Option("--force", help="Make everything once more, stored or not.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]
AllTags = Annotated[
    bool,
    typer.Option(
        "--all-tags", help="Show experimental tags too: those right too seldom in test data."
    ),
]
