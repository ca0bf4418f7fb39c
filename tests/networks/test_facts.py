"""The facts name the networks of the table and tell the truth about their constructors."""

import inspect
import subprocess
import sys

import pytest

from wassr.networks.facts import FACTS
from wassr.networks.inference import inference_form
from wassr.networks.probe import cost, count
from wassr.networks.table import NETWORKS


def test_table_and_facts_name_the_same_networks() -> None:
    assert set(FACTS) == set(NETWORKS)
    assert all(row.name == name for name, row in FACTS.items())


@pytest.mark.parametrize("name", FACTS)
def test_defaults_are_the_constructors(name: str) -> None:
    parameters = inspect.signature(NETWORKS[name]).parameters
    assert "scale" in parameters
    assert {k: p.default for k, p in parameters.items() if k != "scale"} == dict(FACTS[name].defaults)


@pytest.mark.parametrize("name", FACTS)
def test_stated_arithmetic_is_what_is_computed(name: str) -> None:
    facts = FACTS[name]
    network = inference_form(NETWORKS[name](scale=4), polyphase=False)
    assert cost(network, 4, facts.planes).gmac == pytest.approx(facts.gmac, rel=0.01)


def test_compact_stays_within_its_budget() -> None:
    assert FACTS["compact"].gmac <= 17


def test_parameter_counts_of_the_papers() -> None:
    network = NETWORKS["srresnet"]
    assert count(network(scale=4)) == 1_547_350
    assert count(network(scale=4, activation="relu")) == 1_547_331  # the code of 2018 with 9x9 and 9x9
    assert count(network(scale=4, head=3, tail=1, activation="relu")) == 1_518_147  # TensorLayer's
    assert count(NETWORKS["espcn"](scale=4)) == 24_752


def test_facts_need_no_torch() -> None:
    code = "import sys, wassr.networks.facts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
