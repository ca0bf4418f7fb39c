"""The table and the facts are one list."""

from wassr.networks.facts import FACTS
from wassr.networks.table import NETWORKS


def test_table_and_facts_name_the_same_networks() -> None:
    assert set(FACTS) == set(NETWORKS)
    assert all(row.name == name for name, row in FACTS.items())
