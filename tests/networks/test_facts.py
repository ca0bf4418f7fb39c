"""The facts name the networks of the table and tell the truth about their constructors."""

import inspect
import subprocess
import sys
from typing import get_args

import pytest

from wassr.networks.critics import CRITICS
from wassr.networks.facts import CRITIC_FACTS, CRITIC_WORDS, FACTS, FEATURE_LAYERS
from wassr.networks.features import _TORCHVISION_TRUNK, TRUNKS
from wassr.networks.inference import inference_form
from wassr.networks.probe import cost
from wassr.networks.table import NETWORKS


@pytest.mark.parametrize("name", FACTS)
def test_defaults_are_the_constructors(name: str) -> None:
    parameters = inspect.signature(NETWORKS[name]).parameters
    assert "scale" in parameters
    assert {k: p.default for k, p in parameters.items() if k != "scale"} == dict(FACTS[name].defaults)


def test_critics_are_those_of_their_table() -> None:
    assert list(CRITIC_FACTS) == list(CRITICS)
    for name, defaults in CRITIC_FACTS.items():
        parameters = inspect.signature(CRITICS[name]).parameters
        assert {k: p.default for k, p in parameters.items() if k != "crop"} == dict(defaults)


def test_every_argument_in_words_has_its_words() -> None:
    rows = [(NETWORKS[facts.name], facts.defaults, facts.words) for facts in FACTS.values()]
    rows += [(CRITICS[name], defaults, CRITIC_WORDS) for name, defaults in CRITIC_FACTS.items()]
    for constructor, defaults, words in rows:
        parameters = inspect.signature(constructor).parameters
        for argument in (key for key, value in defaults.items() if isinstance(value, str)):
            assert get_args(parameters[argument].annotation) == words[argument]


def test_feature_layers_are_those_of_the_trunks() -> None:
    assert set(FEATURE_LAYERS) == {tap for trunk in (*TRUNKS.values(), _TORCHVISION_TRUNK) for tap in trunk.scales}


@pytest.mark.parametrize("name", FACTS)
def test_stated_arithmetic_is_what_is_computed(name: str) -> None:
    facts = FACTS[name]
    network = inference_form(NETWORKS[name](scale=4), polyphase=False)
    assert cost(network, 4, facts.planes).gmac == pytest.approx(facts.gmac, rel=0.01)


def test_compact_stays_within_its_budget() -> None:
    assert FACTS["compact"].gmac <= 14.5  # 0.20 of the time that RLFN-S takes in PyTorch


def test_facts_need_no_torch() -> None:
    code = "import sys, wassr.networks.facts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
