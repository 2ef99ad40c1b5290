"""Every exception of the project.

PipelineError
├── ConfigError          a setting or an option is wrong            exit 2, HTTP 422
├── InputError           the recording cannot be used               exit 3, HTTP 422
│   ├── UnreadableAudio  missing, unreadable, damaged, not audio
│   ├── NoAudioTrack     a video (or container) without sound
│   └── TooLong          more decoded audio than the limit
├── ModelError           weights missing, damaged or failing        exit 4, HTTP 503
├── ContractError        a stage broke its own promise: our bug     exit 5, HTTP 500
└── StoreError           artefacts or results cannot be written     exit 6, HTTP 503

A message says what went wrong, where, and what to do next. Errors of libraries are
translated where the library is called, with ``raise … from err``.
"""


class PipelineError(Exception):
    """The root of the tree; never raised itself."""

    exit_code = 1
    http_status = 500


class ConfigError(PipelineError):
    """A setting or an option is wrong."""

    exit_code = 2
    http_status = 422


class InputError(PipelineError):
    """The recording cannot be used."""

    exit_code = 3
    http_status = 422


class UnreadableAudio(InputError):
    """The file is missing, not readable, damaged, or not audio."""


class NoAudioTrack(InputError):
    """The file has no audio track."""


class TooLong(InputError):
    """The recording holds more audio than the limit allows."""


class ModelError(PipelineError):
    """Weights are missing, damaged, or failed while running."""

    exit_code = 4
    http_status = 503


class ContractError(PipelineError):
    """A stage broke its own promise; always a bug of ours."""

    exit_code = 5
    http_status = 500


class StoreError(PipelineError):
    """Artefacts or results cannot be read or written."""

    exit_code = 6
    http_status = 503
