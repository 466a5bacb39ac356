"""The API against its own description: schemathesis asks, and every answer must be one that was foreseen."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import booleans
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from schemas.errors import CATALOGUE
from schemas.roles import Role
from sync.central import sessions
from tests.central import kit
from tests.central.wire import CHUNK, TUS, Wire, sign_in
from tests.service import Served, served

load_all_checks()
schemathesis.serializer.alias(CHUNK, "application/octet-stream")
SKIPPED = {
    # A right answer to a well-formed question may be 404, 409 or 422: the log's content decides, not the description.
    "positive_data_acceptance",
    # There is nothing to delete and use again but uploads, which test_tus.py goes through step by step.
    "use_after_free", "ensure_resource_availability",
}  # fmt: skip
EXAMPLES = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 12


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Wire, dict[str, Any]]]:
    with kit.opened(
        tmp_path_factory.mktemp("central"), requests_per_minute=10**6, sign_in_per_minute=10**6
    ) as central:
        hand = kit.enrolled(central)
        data = kit.jpeg()
        with served(central) as running:
            wire = Wire(running, sign_in(running.url, hand))
            wire.push(hand.entry(body=kit.inspection(data)))
            path = wire.begin(data).headers["location"]
            wire.patch(path, 0, data)
            known = {"sha256": kit.photo(data)["sha256"], "upload_id": path.rpartition("/")[2], "hand": hand}
            yield running, wire, known


@pytest.fixture(scope="module")
def description(service: tuple[Served, Wire, dict[str, Any]]) -> Any:
    """Query parameters that we do not know are left alone, as HTTP has it, so they are not sent as a fault."""
    refusals = {"expected-statuses": [400, 401, 404, 409, 412, 413, 415, 422, 426]}
    config = schemathesis.Config.from_dict(
        {
            "generation": {"allow-extra-parameters": False},
            "checks": {"negative_data_rejection": refusals, "missing_required_header": refusals},
        }
    )
    return schemathesis.openapi.from_url(f"{service[0].url}/v1/openapi.json", config=config)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_one_that_the_description_foresees(
    description: Any, service: tuple[Served, Wire, dict[str, Any]], mode: GenerationMode
) -> None:
    """In `positive` mode requests fit the description, in `negative` mode they do not."""
    running, wire, known = service
    checks = [check for check in CHECKS.get_all() if check.__name__ not in SKIPPED]

    for result in description.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy(generation_mode=mode), real=booleans())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=EXAMPLES < 1000,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        def ask(case: schemathesis.Case, real: bool) -> None:
            if real and mode == GenerationMode.POSITIVE:
                case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
            case.call_and_validate(
                base_url=running.url, headers={"Authorization": f"Bearer {wire.token}"}, checks=checks, timeout=20
            )

        with contextlib.suppress(Unsatisfiable):  # nothing about this route can be wrong
            ask()


def test_the_description_names_for_every_route_what_it_needs_and_what_it_may_answer(
    service: tuple[Served, Wire, dict[str, Any]],
) -> None:
    paths = requests.get(f"{service[0].url}/v1/openapi.json", timeout=10).json()["paths"]
    open_to_all = {"/v1/health", "/v1/enrol", "/v1/session", "/v1/session/challenge"}
    for path, operations in paths.items():
        for method, operation in operations.items():
            answers = set(operation["responses"])
            assert {"500", "405"} <= answers or path == "/v1/health", (method, path)
            assert "default" not in answers
            if path not in open_to_all and method != "options":
                assert operation["security"] == [{"bearer": []}] and "401" in answers, (method, path)
            if "requestBody" in operation and path not in ("/v1/uploads/{upload_id}",):
                assert {"400", "413", "422", "426"} <= answers, (method, path)
            if path.startswith("/v1/uploads") and method != "options":
                assert "412" in answers, (method, path)
    statuses = {str(message.status) for message in CATALOGUE.values()}
    documented = {status for ops in paths.values() for op in ops.values() for status in op["responses"]}
    assert documented <= statuses | {"200", "201", "204", "206"}


def test_a_desk_token_goes_wherever_a_tablets_does_but_pushes_nothing(
    service: tuple[Served, Wire, dict[str, Any]],
) -> None:
    running, _, _ = service
    name = kit.account(running.central, "super", Role.SUPERVISOR, kit.LS)
    wire = Wire(running, sessions.desk_token(running.central, name, "password", 600))
    assert wire.push().status_code == 403
    assert wire.send("GET", "/v1/entries").status_code == 200
    assert wire.send("POST", "/v1/uploads", headers=TUS).status_code == 400
