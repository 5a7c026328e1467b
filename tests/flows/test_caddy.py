"""The sample configuration for Caddy (docs/caddy) with a real Caddy: what nginx is put to."""

from __future__ import annotations

import pytest

from tests.flows.fronts import Caddy, Front, there
from tests.flows.test_nginx import (
    fronted,
    inside,
    test_a_desk_that_is_opened,
    test_compressed_beforehand,
    test_nobody_outside_gets_in,
    test_the_same_bytes,
    test_what_only_feedmill_knows,
)

pytestmark = pytest.mark.slow

__all__ = [
    "fronted",
    "inside",
    "test_a_desk_that_is_opened",
    "test_compressed_beforehand",
    "test_nobody_outside_gets_in",
    "test_the_same_bytes",
    "test_what_only_feedmill_knows",
]


@pytest.fixture(scope="module")
def kind() -> type[Front]:
    return there(Caddy)
