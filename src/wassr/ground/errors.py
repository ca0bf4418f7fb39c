"""Every error that a user can cause, as one tree; each message is one line: what, why, and the way out.

    WassrError
      UsageError      a command or call that cannot mean anything (exit code 2)
      SettingsError   a recipe or other settings file: names file, line and key
      PictureError    a picture that cannot be read, enlarged or written: names the file
      ModelError      a model file, card or network that does not fit: names the model
        NoSuchModel   a name or file that is none (exit code 2)
      EngineError     an inference engine or device that is absent or fails its self-test
        NoSuchEngine  an engine, device or precision that was asked for and is not here (exit code 2)
      TrainingError   a run that cannot start or go on: names the term, step or folder
        CannotStart   one that was asked for wrongly, before anything is trained (exit code 2)

Anything else that escapes is a bug and keeps its traceback, but for a file name that is too long: main tells that one.
"""

from pathlib import Path


class WassrError(Exception):
    """Base of all errors that the command line prints as one line; `exit_code` is what it then ends with."""

    exit_code = 1


class UsageError(WassrError):
    """A call that cannot mean anything."""

    exit_code = 2


class SettingsError(WassrError):
    """A settings file with an unknown key or a wrong value."""

    exit_code = 2


class ListInSettings(SettingsError):
    """A settings file that is a list where keys with values were expected."""


class PictureError(WassrError):
    """A picture that cannot be read, enlarged or written."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = str(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type["PictureError"], tuple[str, str]]:
        return type(self), (self.path, self.reason)  # from its two arguments: pools of processes pickle errors


class ModelError(WassrError):
    """A model that is unknown, damaged or does not fit."""


class NoSuchModel(ModelError):
    """A name or file that is no model."""

    exit_code = 2


class EngineError(WassrError):
    """An engine or device that is missing or gives wrong results."""


class NoSuchEngine(EngineError):
    """An engine, device or precision that was asked for and that this machine does not have."""

    exit_code = 2


class TrainingError(WassrError):
    """A training run that cannot start or go on."""


class CannotStart(TrainingError):
    """A run that was asked for wrongly; nothing was trained."""

    exit_code = 2
