"""Every error is a WassrError and stays one line."""

import inspect
import pickle

from wassr.ground import errors
from wassr.ground.errors import PictureError, SettingsError, UsageError, WassrError


def test_every_error_is_of_one_tree() -> None:
    found = [e for _, e in inspect.getmembers(errors, inspect.isclass) if issubclass(e, Exception)]
    assert len(found) >= 7
    assert all(issubclass(e, WassrError) for e in found)


def test_exit_codes_tell_wrong_use_from_failure() -> None:
    assert WassrError("x").exit_code == 1
    assert UsageError("x").exit_code == SettingsError("x").exit_code == 2


def test_picture_error_names_the_file() -> None:
    error = PictureError("a.png", "is empty")
    assert str(error) == "a.png: is empty"
    assert (error.path, error.reason) == ("a.png", "is empty")


def test_errors_of_a_pool_of_processes_arrive() -> None:
    again = pickle.loads(pickle.dumps(PictureError("a.png", "is empty")))
    assert (type(again), str(again), again.path) == (PictureError, "a.png: is empty", "a.png")
