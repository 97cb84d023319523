import threading
import uuid

import pytest

from arus_dagster.catalog.repositories import users
from arus_dagster.errors import ConflictError, NotFoundError


def make(session, email="a@example.com", role="admin"):
    return users.create(session, email=email, name="A", password_hash="h", role=role)


def test_an_email_is_taken_ignoring_case(session):
    make(session)

    with pytest.raises(ConflictError, match="A@Example"):
        make(session, "A@Example.com")

    assert users.find_by_email(session, "A@EXAMPLE.COM").email == "a@example.com"


def test_a_lost_race_for_an_email_is_a_conflict(catalog):
    with catalog.session() as first:
        make(first)
        outcome: list[BaseException | None] = []

        def second() -> None:
            try:
                with catalog.session() as session:
                    make(session, "A@example.com")
                outcome.append(None)
            except ConflictError as error:
                outcome.append(error)

        thread = threading.Thread(target=second)
        thread.start()
    thread.join()

    assert isinstance(outcome[0], ConflictError)


def test_a_session_stays_usable_after_a_conflict(session):
    make(session)
    with pytest.raises(ConflictError):
        make(session)

    assert make(session, "b@example.com").role == "admin"


@pytest.mark.parametrize("changes", [{"role": "editor"}, {"is_active": False}])
def test_the_last_active_admin_stays_one(session, changes):
    last = make(session)
    make(session, "b@example.com", "editor")
    inactive = make(session, "c@example.com")
    users.update(session, inactive, {"is_active": False})

    with pytest.raises(ConflictError, match="last active admin"):
        users.update(session, last, changes)
    with pytest.raises(ConflictError, match="last active admin"):
        users.delete(session, last)

    users.update(session, inactive, {"is_active": True})
    users.delete(session, last)
    with pytest.raises(NotFoundError):
        users.get(session, last.id)


def test_two_admins_can_not_demote_each_other_at_once(catalog):
    with catalog.session() as session:
        ids = [make(session, f"{n}@example.com").id for n in range(2)]
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def demote(user_id: uuid.UUID) -> None:
        with catalog.session() as session:
            user = users.get(session, user_id)
            start.wait()
            try:
                users.update(session, user, {"role": "viewer"})
                outcomes.append("done")
            except ConflictError:
                outcomes.append("refused")

    threads = [threading.Thread(target=demote, args=(i,)) for i in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["done", "refused"]


def test_pages_are_newest_first_with_a_total(catalog):
    for n in range(5):
        with catalog.session() as session:
            make(session, f"{n}@example.com")

    with catalog.session() as session:
        page = users.page(session, limit=2, offset=1)

    assert [user.email for user in page.items] == ["3@example.com", "2@example.com"]
    assert page.total == 5


def test_rows_of_one_moment_keep_their_order_between_pages(session):
    made = {make(session, f"{n}@example.com").id for n in range(7)}

    seen = [u.id for n in range(0, 7, 3) for u in users.page(session, limit=3, offset=n).items]

    assert len(seen) == 7 and set(seen) == made
