"""Nothing of the API reference is forgotten: neither by the API, nor by these tests."""

from __future__ import annotations

from collections import Counter

from arus_api.app import ROUTERS
from arus_api.openapi import api_routes
from tests.api.contract import reference
from tests.api.contract.claims import all_claims


def test_the_reference_is_read_whole() -> None:
    text = reference.TEXT.read_text()

    assert set(reference.UNNAMED) <= set(text.splitlines())
    assert len(reference.endpoints()) == text.count(" /api/") - text.count("except /api/") - (
        text.count("and /api/")
    ) + len(reference.UNNAMED)
    assert reference.endpoints()["POST /api/auth/login"].response["data"]["expires_in"] == 900
    assert sorted(reference.errors()) == [400, 401, 403, 404, 409, 422, 500, 502]


def test_every_endpoint_and_error_of_the_reference_has_its_test() -> None:
    claimed = {claim for claim, _ in all_claims()}
    documented = {*reference.endpoints(), *reference.errors(), *reference.ADDITIONS}

    assert documented - claimed == set(), "without a contract test"
    assert claimed - documented == set(), "tests of what no document names"


def test_no_two_tests_stand_for_the_same() -> None:
    counted = Counter(claim for claim, _ in all_claims())

    assert [claim for claim, number in counted.items() if number > 1] == []


def test_the_api_has_every_endpoint_of_the_reference_and_no_undocumented_one() -> None:
    served = {
        f"{method} {route.path}" for route in api_routes(ROUTERS) for method in route.methods or ()
    }

    assert {*reference.endpoints(), *reference.ADDITIONS} - served == set(), "missing"
    assert served - {*reference.endpoints(), *reference.ADDITIONS} == set(), "undocumented"
