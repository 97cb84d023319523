"""A platform to be thrown anything at, with things in it that requests can hit.

Owns a catalog and a Dagster of its own, since whatever is sent may change settings and delete
things. Half of the requests name what is there; the others are left as they were made up.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import schemathesis

from arus_dagster.catalog.first_admin import ensure_admin
from tests.api.contract.client import Calls, ContractClient, Login
from tests.api.contract.receiver import Receiver
from tests.api.contract.world import World, prepare_source, unique
from tests.dagster_stack import DagsterStack
from tests.servers import Database


class Playground:
    """The platform's address, an admin's token, and ids of what is there.

    Args:
        url: of the API.
        token: an admin's access token.
        world: what makes things there.
        receiver: where notifications go.
    """

    def __init__(self, url: str, token: str, world: World, receiver: Receiver) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"}
        self._world = world
        self._receiver = receiver
        self._turns = itertools.count()
        self._steady = {
            "sources": world.source["id"],
            "destinations": world.destination["id"],
            "pipelines": world.synced_run["pipeline_id"],
            "runs": world.synced_run["id"],
            "script": self._make_script(),
            "target": self._make_target(),
            "link": self._make_link(),
        }
        # What is changed is not what others are tried with: it might never work again.
        self._changed = {
            "users": self._make_user(),
            "sources": world.make_source()["id"],
            "destinations": world.make_destination()["id"],
            "pipelines": world.make_pipeline()["id"],
        }
        self._deleted = {
            "DELETE /api/auth/users/{id}": self._make_user,
            "DELETE /api/sources/{id}": lambda: world.make_source()["id"],
            "DELETE /api/destinations/{id}": lambda: world.make_destination()["id"],
            "DELETE /api/pipelines/{id}": lambda: world.make_pipeline()["id"],
            "DELETE /api/pipelines/{id}/scripts/{script_id}": self._make_script,
            "DELETE /api/notifications/targets/{id}": self._make_target,
            "DELETE /api/notifications/links/{id}": self._make_link,
        }

    def prepare(self, case: schemathesis.Case) -> None:
        """Let every second request name things that are there, and few be repetitions."""
        turn = next(self._turns)
        if turn % 8:
            # The same key with other bodies is refused before anything else is looked at.
            case.headers.pop("Idempotency-Key", None)
        if turn % 2:
            return
        for name in case.path_parameters:
            case.path_parameters[name] = self._id(case.method, case.path, name)
        if isinstance(case.body, dict):
            known = {
                "source_id": self._steady["sources"],
                "destination_id": self._steady["destinations"],
                "pipeline_id": self._steady["pipelines"],
                "target_id": self._steady["target"],
            }
            for name in known.keys() & case.body.keys():
                case.body[name] = known[name]

    def _id(self, method: str, path: str, name: str) -> str:
        label = f"{method.upper()} {path}"
        if label in self._deleted and name == path.rsplit("{")[-1].rstrip("}"):
            return self._deleted[label]()
        if name == "script_id":
            return str(self._steady["script"])
        if path.startswith("/api/notifications/"):
            kind = "pipelines" if name == "pipeline_id" else path.split("/")[3].rstrip("s")
            return str(self._steady[kind])
        resource = path.removeprefix("/api/auth/").removeprefix("/api/").split("/")[0]
        changing = method.upper() in ("PUT", "PATCH") and not path.endswith("{script_id}")
        # Methods that a path doesn't have are tried too, so that either may lack the resource.
        first, second = self._steady, self._changed
        if changing:
            first, second = second, first
        return str(first[resource] if resource in first else second[resource])

    def _make_user(self) -> str:
        email = f"{unique('fuzz').replace(' ', '-')}@example.com"
        user = {"email": email, "name": "Fuzz", "password": "long enough", "role": "viewer"}
        return self._made("POST /api/auth/users", user)

    def _make_script(self) -> str:
        script = {"name": unique("Script"), "content": "def transform(row):\n    return row\n"}
        pipeline_id = self._world.synced_pipeline["id"]
        return self._made("POST /api/pipelines/{id}/scripts", script, id=pipeline_id)

    def _make_target(self) -> str:
        config = {"url": f"{self._receiver.url}/fuzz"}
        target = {"name": unique("Target"), "type": "webhook", "config": config}
        return self._made("POST /api/notifications/targets", target)

    def _make_link(self) -> str:
        link = {
            "pipeline_id": self._world.synced_pipeline["id"],
            "target_id": self._make_target(),
            "events": ["success"],
        }
        return self._made("POST /api/notifications/links", link)

    def _made(self, endpoint: str, body: dict[str, Any], **path: str) -> str:
        made: str = self._world.api.call(endpoint, status=201, json=body, **path)["id"]
        return made


@contextlib.contextmanager
def running(platform: DagsterStack, shop: Database, warehouse: Database) -> Iterator[Playground]:
    """A playground on a stack that is not started yet."""
    with contextlib.ExitStack() as exits:
        with platform.catalog.session() as session:
            ensure_admin(session, platform.settings)
        exits.callback(platform.stop)
        platform.start(api=True)
        prepare_source(shop)
        description = schemathesis.openapi.from_url(f"{platform.api_url}/openapi.json")
        anonymous = ContractClient(platform.api_url, description, Calls())
        exits.callback(anonymous.close)
        password = platform.settings.admin_password.get_secret_value()
        login = Login(anonymous, platform.settings.admin_email, password)
        admin = ContractClient(platform.api_url, description, Calls(), login)
        exits.callback(admin.close)
        world = World(admin, shop, warehouse)
        exits.callback(world.finish)
        receiver = exits.enter_context(Receiver())
        yield Playground(platform.api_url, login.token, world, receiver)
