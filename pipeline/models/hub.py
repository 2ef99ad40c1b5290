"""Weights by name from the Hugging Face hub, where one is reachable."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ModelError
from pipeline.models import quiet_dependencies


def from_hub(name: str, *, kind: str | None, offline: bool) -> Path:
    """The folder of some weights out of the hub's cache, downloaded first when not offline.

    A name is a repository of pyannote's (`pyannote/speaker-diarization-community-1`), one of
    faster-whisper's sizes (`large-v3-turbo`), or a repository in its format. Raises ModelError
    for an unknown name, for gated weights without a token, and when nothing is cached and the
    hub is not reached.
    """
    quiet_dependencies()
    if kind not in (None, "whisper", "segmentation"):
        raise ModelError(f"No weights are called {name!r}; `parley models list` shows those known.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError

    try:
        if name.startswith("pyannote/"):
            return Path(snapshot_download(name, local_files_only=offline))
        return _whisper(name, offline)
    except GatedRepoError as err:
        raise ModelError(
            f"The weights {name!r} need their authors' leave: accept the terms on their page on "
            "huggingface.co, then set HF_TOKEN to your access token."
        ) from err
    except LocalEntryNotFoundError as err:
        raise ModelError(_unreached(name, offline)) from err
    except (HfHubHTTPError, OSError, ValueError) as err:
        raise ModelError(
            f"No weights called {name!r} could be had from the hub ({type(err).__name__}). "
            "`parley models list` shows those that need no hub."
        ) from err


def _whisper(name: str, offline: bool) -> Path:
    """One of faster-whisper's sizes, or a repository in its format."""
    from faster_whisper.utils import download_model

    return Path(download_model(name, local_files_only=offline))


def _unreached(name: str, offline: bool) -> str:
    if not offline:
        return (
            f"The weights {name!r} are not cached and the hub was not reached. Check the network."
        )
    return (
        f"The weights {name!r} are not in the hub's cache, and Parley is offline. Run "
        f"`parley models fetch {name}` once where there is a network, or use the weights that "
        "`parley models list` shows as present."
    )
