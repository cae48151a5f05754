"""The server does what its description says, whatever is sent: schemathesis makes the requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from answering import answering
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from headstart.deliver.serving.app import make_app
from headstart.deliver.serving.page import page
from headstart.deliver.serving.settings import Settings
from headstart.deliver.serving.shelf import Shelf

from .conftest import VERSION

EXAMPLES = 12  # for each route; benchmarks/serve_fuzz.py sends thousands
NO_PICTURES = positive_data_acceptance  # a schema cannot say which bytes are a picture
ROUTES = {
    *("GET /livez", "GET /readyz", "GET /metrics", "GET /v1/models", "POST /v1/predict", "POST /v1/heat"),
    *("GET /v2", "GET /v2/health/live", "GET /v2/health/ready"),
    *("GET /v2/models/{name}", "GET /v2/models/{name}/ready", "POST /v2/models/{name}/infer"),
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a server answers, in a thread of this process."""
    shelf = Shelf({"colours": Path("colours")}, Settings(), print)
    shelf.put("colours", VERSION, answering())
    app: Any = make_app(shelf, page)
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", ws="none", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
    shelf.workers.close()


@pytest.fixture(scope="module")
def operations(address: str) -> dict[str, Any]:
    """The routes as schemathesis reads them from the description."""
    described = schemathesis.openapi.from_dict(httpx.get(f"{address}/openapi.json").json())
    found = [one.ok() for one in described.get_all_operations()]
    return {f"{one.method.upper()} {one.path}": one for one in found}


def test_every_route_is_tried(operations: dict[str, Any]) -> None:
    assert operations.keys() == ROUTES


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_a_route_answers_as_it_is_described(route: str, address: str, operations: dict[str, Any]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def check(data: Any) -> None:
        case = data.draw(operations[route].as_strategy())
        case.call_and_validate(base_url=address, timeout=20, excluded_checks=[NO_PICTURES])

    check()
