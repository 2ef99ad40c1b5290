"""A page printed to PDF by a browser on this machine, else by WeasyPrint."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.stages.page import palette

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "msedge",
    "microsoft-edge",
)
VARIABLE = "PARLEY_CHROMIUM"
_TIMEOUT_S = 180
_CHART_COLOUR = re.compile(r'="var\(--([a-z-]+)\)"')
_REMEDY = (
    f"install Chromium or Chrome, name one that is not on the path in {VARIABLE}, "
    "or install WeasyPrint with: pip install 'parley[pdf]'"
)
_SWITCHES = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pdf-header-footer",
    # nothing is asked for; should anything be, no name leads anywhere
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--export-tagged-pdf",
    "--generate-pdf-document-outline",
)


def pdf(page: str) -> bytes:
    """A self-contained HTML page as a PDF; nothing is loaded for it from anywhere.

    Raises ConfigError where there is nothing to print with, or where it makes no PDF.
    """
    browser = find_browser()
    printed = _by_browser(page, browser=browser) if browser else _by_weasyprint(page)
    if not printed.startswith(b"%PDF-"):
        raise ConfigError(f"{browser or 'WeasyPrint'} made no PDF; {_REMEDY}")
    return printed


def find_browser() -> str | None:
    """The browser that the environment names, else the first on the path. Raises ConfigError."""
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise ConfigError(f"{VARIABLE} is {named}, which is no program; name one, or unset it")
        return found
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def _by_browser(page: str, *, browser: str) -> bytes:
    """Print with a browser whose profile is gone afterwards. Raises ConfigError."""
    with tempfile.TemporaryDirectory(prefix="parley-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        source, target = folder / "report.html", folder / "report.pdf"
        source.write_text(page, encoding="utf-8", errors="replace")
        command = [
            browser,
            *_SWITCHES,
            *_sandbox_switches(),
            f"--user-data-dir={folder / 'profile'}",
            f"--print-to-pdf={target}",
            source.as_uri(),
        ]
        _call(command, browser=browser)
        return target.read_bytes() if target.is_file() else b""


def _sandbox_switches() -> tuple[str, ...]:
    """Chromium refuses to run as root inside its sandbox; for everybody else the sandbox stays."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ("--no-sandbox",) if is_root else ()


def _call(command: list[str], *, browser: str) -> None:
    """Run the browser and see that it ends well. What it says is dropped: it may quote the page."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell; every argument is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as err:
        raise ConfigError(
            f"{browser} did not print the report within {_TIMEOUT_S} s; try again, or {_REMEDY}"
        ) from err
    except OSError as err:
        raise ConfigError(f"{browser} cannot be run ({err.strerror}); {_REMEDY}") from err
    if done.returncode:
        raise ConfigError(f"{browser} ended with code {done.returncode}; {_REMEDY}")


def _by_weasyprint(page: str) -> bytes:
    """Print with WeasyPrint. Raises ConfigError where it or its Pango is not there."""
    try:
        import weasyprint
    except (ImportError, OSError) as err:  # OSError: its libraries are missing
        raise ConfigError(f"a PDF is printed by a browser, and there is none; {_REMEDY}") from err
    written: bytes = weasyprint.HTML(string=_coloured(page), url_fetcher=_refuse).write_pdf(
        pdf_variant="pdf/ua-1"
    )
    return written


def _coloured(page: str) -> str:
    """The page with its charts in the colours of paper: WeasyPrint reads no variables in SVG."""
    return _CHART_COLOUR.sub(
        lambda found: f'="{palette.LIGHT.get(found[1], found[1])}"',
        page,
    )


def _refuse(url: str, *_: Any, **__: Any) -> dict[str, Any]:
    """Stands where WeasyPrint fetches what a page names: it gets nothing."""
    raise ValueError(f"nothing is loaded from outside: {url[:40]}")
