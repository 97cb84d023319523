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
from tests.api.contract.client import Calls, ContractClient
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
        world.finished_run(world.synced_run["id"])
        self._ids = {
            "/api/auth/users/{id}": self._make_user,
            "/api/sources/{id}": lambda: self._world.make_source()["id"],
            "/api/sources/{id}/tables": lambda: self._changing["source"],
            "/api/sources/": lambda: self._world.source["id"],
            "/api/destinations/{id}": lambda: self._world.make_destination()["id"],
            "/api/destinations/": lambda: self._world.destination["id"],
            "/api/pipelines/{id}": lambda: self._changing["pipeline"],
            "/api/pipelines/": lambda: self._world.synced_pipeline["id"],
            "/api/runs/": lambda: self._world.synced_run["id"],
            "/api/notifications/targets/": self._make_target,
            "/api/notifications/links/": self._make_link,
        }
        self._changing = {
            "source": world.make_source()["id"],
            "pipeline": world.make_pipeline()["id"],
        }

    def prepare(self, case: schemathesis.Case) -> None:
        """Let every second request name things that are there."""
        if next(self._turns) % 2:
            return
        for name in case.path_parameters or {}:
            case.path_parameters[name] = self._id(case.path, name)
        if isinstance(case.body, dict):
            known = {
                "source_id": self._world.source["id"],
                "destination_id": self._world.destination["id"],
                "pipeline_id": self._world.synced_pipeline["id"],
            }
            for name in known.keys() & case.body.keys():
                case.body[name] = known[name]

    def _id(self, path: str, name: str) -> str:
        if name == "script_id":
            return self._make_script()
        if name == "pipeline_id":
            return str(self._world.synced_pipeline["id"])
        prefix = max((prefix for prefix in self._ids if path.startswith(prefix)), key=len)
        return self._ids[prefix]()

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
        credentials = {
            "email": platform.settings.admin_email,
            "password": platform.settings.admin_password.get_secret_value(),
        }
        tokens = anonymous.call("POST /api/auth/login", json=credentials)
        admin = ContractClient(platform.api_url, description, Calls(), tokens["access_token"])
        exits.callback(admin.close)
        world = World(admin, shop, warehouse)
        exits.callback(world.finish)
        receiver = exits.enter_context(Receiver())
        yield Playground(platform.api_url, tokens["access_token"], world, receiver)
