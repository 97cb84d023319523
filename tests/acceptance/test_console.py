"""The console in a real browser, on the embedded default: a user's day, from login to logout."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.browser import NARROW, Browser
from tests.acceptance.platform import Platform

SHOP = "Console shop"
WAREHOUSE = "Console warehouse"
PIPELINE = f"arus-{SHOP}"
STRICT = """def transform(row):
    if row["code"] == "XX":
        raise ValueError("nowhere")
    return row
"""
MENDED = "def transform(row):\n    return row\n"


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.quit()


@pytest.fixture
def browser(window: Browser, platform: Platform) -> Browser:
    window.open(f"http://127.0.0.1:{platform.ports['api']}/")
    window.driver.execute_script("localStorage.clear()")
    window.open(f"http://127.0.0.1:{platform.ports['api']}/")
    return window


def log_in(browser: Browser, email: str, password: str) -> None:
    browser.heading("Log in")
    browser.fill("E-mail", email)
    browser.fill("Password", password)
    browser.press("Log in")


def secrets(platform: Platform) -> dict[str, str]:
    lines = (platform.home / "arus.env").read_text().splitlines()[1:]
    return dict(line.split("=", 1) for line in lines)


def connect(
    browser: Browser, *, name: str, database: str, user: str, password: str, port: int
) -> None:
    browser.fill("Name", name)
    browser.fill("Host", "127.0.0.1")
    browser.fill("Port", str(port))
    browser.fill("Database", database)
    browser.fill("User", user)
    browser.fill("Password", password)


@pytest.mark.timeout(900)  # about a minute by itself; many times that on a busy machine
def test_a_users_day(browser: Browser, platform: Platform) -> None:
    env = secrets(platform)

    log_in(browser, "admin@arus.io", "wrong password")
    browser.sees("Invalid email or password")
    browser.check()
    browser.fill("Password", "admin123")
    browser.press("Log in")
    browser.heading("Dashboard")
    browser.sees("Runs by day", "Latest runs")
    browser.check(width=NARROW, scheme="dark")

    add_the_ends(browser, env)
    choose_tables(browser)
    write_a_script(browser)
    run_and_watch(browser, platform)
    look_after_the_dead_letter(browser)
    change_pause_and_backfill(browser, platform)
    make_another_pipeline(browser)
    look_around(browser)
    manage_channels_users_and_settings(browser)
    clear_up(browser)

    browser.press("Log out")
    browser.heading("Log in")
    browser.open(browser.driver.current_url)
    browser.heading("Log in")


def add_the_ends(browser: Browser, env: dict[str, str]) -> None:
    browser.press("Destinations")
    browser.press("Add a destination")
    browser.heading("Add a destination")
    browser.check(scheme="dark")
    connect(
        browser,
        name=WAREHOUSE,
        database="arus_warehouse",
        user=env["ARUS_DB_USER"],
        password=env["ARUS_DB_PASSWORD"],
        port=int(env["ARUS_DB_PORT"]),
    )
    browser.fill("Schema of targets", "console")
    browser.fill("Schema of raw rows", "console_raw")
    browser.press("Add the destination")
    browser.heading(WAREHOUSE)
    browser.press("Test")
    browser.sees("schemas and tables can be made", "connected")
    browser.check(width=NARROW)

    browser.press("Sources")
    browser.press("Add a source")
    browser.heading("Add a source")
    browser.press("Add the source")
    assert browser.problem_of("Name") == "Name is needed"
    assert browser.focused() == "Name"
    browser.check()
    connect(
        browser,
        name=SHOP,
        database="shop",
        user="shop_reader",
        password=env["ARUS_SAMPLE_PASSWORD"],
        port=70_000,
    )
    browser.press("Add the source")
    assert "65535" in browser.problem_of("Port")
    browser.fill("Port", env["ARUS_DB_PORT"])
    browser.press("Add the source")
    browser.heading(SHOP)
    browser.sees("not tested")
    browser.press("Test")
    browser.sees("Connected to PostgreSQL 1", "connected")
    browser.check(width=NARROW, scheme="dark")


def choose_tables(browser: Browser) -> None:
    browser.press("Choose tables")
    browser.heading("Choose tables")
    browser.sees("7 of 7 tables taken", "incremental by updated_at")
    browser.check(scheme="dark")
    browser.press("Take none")
    browser.tick("public.countries")
    browser.tick("public.orders")
    browser.choose("Load mode of public.orders", "raw first")
    browser.sees("2 of 7 tables taken")
    browser.press("Save and make the pipeline")
    browser.heading(PIPELINE)
    browser.sees("Every 5 minutes", "by way of console_raw.console_shop_orders_raw", "never")


def write_a_script(browser: Browser) -> None:
    browser.press("Scripts")
    browser.sees("No scripts")
    browser.press("New script")
    browser.fill("Name", "countries")
    browser.choose("Table", "countries")
    browser.fill("Python", "def transform(row)\n")
    browser.press("Save")
    assert "line 1" in browser.problem_of("Python")
    browser.check(width=NARROW, scheme="dark")
    browser.fill("Python", STRICT)
    browser.press("Save")
    browser.sees("Saved; it holds from the next run on", "on countries")
    browser.check()


def run_and_watch(browser: Browser, platform: Platform) -> None:
    with platform.locked("shop", "public.orders"):  # read second: the run waits for it
        browser.press("Run now")
        browser.sees("Running: 1 of 2 tables done", "Cancel")
        browser.check(scheme="dark")
    browser.sees("2 of 2 tables done", "8,000", "success")
    browser.sees("rows loaded in")
    assert "Cancel" not in browser.names()
    browser.check(width=NARROW)


def look_after_the_dead_letter(browser: Browser) -> None:
    browser.press(PIPELINE)
    browser.heading(PIPELINE)
    browser.sees("8,000", "ago")
    browser.check()
    browser.press("Dead letters")
    browser.sees("script 'countries', line 3: ValueError: nowhere")
    browser.press("The row")
    browser.sees('"code": "XX"')
    browser.check(width=NARROW, scheme="dark")

    browser.press("Scripts")
    browser.press("countries")
    browser.fill("Python", MENDED)
    browser.press("Save")
    browser.sees("Saved; it holds from the next run on")
    browser.press("Dead letters")
    browser.press("Try all again")
    browser.sees("1 row tried again by this run")
    browser.sees("2 of 2 tables done")
    browser.press(PIPELINE)
    browser.press("Dead letters")
    browser.sees("No dead letters")


def change_pause_and_backfill(browser: Browser, platform: Platform) -> None:
    browser.press("Edit")
    browser.fill("Schedule", "sometimes")
    browser.press("Save")
    assert "sometimes" in browser.problem_of("Schedule")
    browser.fill("Schedule", "30 4 * * 1-5")
    assert "not a cron expression" not in browser.text()
    browser.sees("Every weekday at 04:30.")
    browser.check(width=NARROW)
    browser.press("Save")
    browser.sees("At 04:30, Monday through Friday")

    browser.press("Pause")
    browser.sees("is paused: its schedule starts nothing", "paused")
    browser.press("Resume")
    browser.sees("runs on its schedule again", "active")

    browser.press("public.orders")
    browser.sees("public.orders")
    browser.fill("Only rows where", "no such column")
    browser.press("Save")
    assert browser.problem_of("Only rows where")
    browser.check(scheme="dark")
    browser.press("Cancel")

    browser.press("Backfill")
    browser.check()
    browser.press("Start the backfill")
    assert browser.problem_of("From") == "From is needed"
    browser.driver.execute_script(
        "const f = document.querySelector('dialog input'); f.value = '2024-01-01';"
        "f.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    with platform.locked("shop", "public.orders"):  # it can't end before it is cancelled
        browser.press("Start the backfill")
        browser.sees("2024-01-01 to now")
        browser.press("Cancel")
        browser.press("Cancel the run")
        browser.sees("cancelled", "Retry")


def make_another_pipeline(browser: Browser) -> None:
    browser.press("Pipelines")
    browser.heading("Pipelines")
    browser.press("New pipeline")
    browser.choose("Source", SHOP)
    browser.tick("public.products")
    browser.fill("Name", PIPELINE.upper())
    browser.choose("Waits for", PIPELINE)
    browser.press("Make the pipeline")
    browser.sees("already")
    browser.check(width=NARROW, scheme="dark")
    browser.fill("Name", "Console products")
    browser.press("Make the pipeline")
    browser.heading("Console products")
    browser.sees("Waits for", "never")
    browser.press("Pipelines")
    browser.sees("Console products", "cancelled", "none yet")
    browser.check(width=NARROW)


def look_around(browser: Browser) -> None:
    browser.press("Runs")
    browser.heading("Runs")
    browser.choose("Status", "cancelled")
    browser.sees("backfill")
    browser.check(scheme="dark")

    browser.press("Lineage")
    browser.sees("console_shop_orders_raw", "8K rows", "Order of pipelines")
    browser.check(width=NARROW, scheme="dark")
    browser.press("Dashboard")
    browser.sees("Succeeded")
    browser.check()
    browser.press("Dark colours")
    assert browser.driver.find_element("css selector", "html").get_attribute("data-theme") == "dark"
    browser.press("Light colours")


def manage_channels_users_and_settings(browser: Browser) -> None:
    browser.press("Notifications")
    browser.press("Add a channel")
    browser.choose("Kind", "Webhook")
    browser.fill("Name", "Console hook")
    browser.fill("Address", "http://127.0.0.1:9/hook")
    browser.check()
    browser.press("Add the channel")
    browser.heading("Console hook")
    browser.press("Send a test")
    browser.sees("notify_allow_local")
    browser.press("Close this message")
    browser.check(width=NARROW)

    browser.press("Users")
    browser.press("Add a user")
    browser.fill("Name", "<b>Kim</b>")
    browser.fill("E-mail", "kim@console.example")
    browser.fill("Password", "short")
    browser.press("Add the user")
    assert "8" in browser.problem_of("Password")
    browser.fill("Password", "correct horse battery")
    browser.press("Add the user")
    browser.sees("<b>Kim</b> can log in now", "kim@console.example")
    browser.check(scheme="dark")

    browser.press("Settings")
    browser.sees("Cron expression of a pipeline made without one.")
    browser.check(width=NARROW)
    browser.fill("Max retries", "many")
    browser.press("Save")
    assert "whole number" in browser.problem_of("Max retries")

    browser.press("Audit log")
    browser.choose("About", "users")
    browser.sees("create user", "<b>Kim</b>")
    browser.check(scheme="dark")

    browser.press("Settings")
    browser.press("Log out")
    log_in(browser, "kim@console.example", "correct horse battery")
    sees_but_touches_nothing(browser)
    browser.press("Log out")
    log_in(browser, "admin@arus.io", "admin123")


def sees_but_touches_nothing(browser: Browser) -> None:
    browser.heading("Not for your role")
    browser.press("Pipelines")
    browser.sees("Console products")
    assert browser.names().isdisjoint({"Run now", "Pause", "Pause all", "New pipeline"})
    browser.press(PIPELINE)
    browser.sees("Open in Dagster")
    offered = {"Run now", "Pause", "Full refresh", "Backfill", "Delete", "Edit"}
    assert browser.names().isdisjoint(offered)
    for page in ("Sources", "Destinations", "Notifications"):
        browser.press(page)
        browser.heading(page)
        assert not [name for name in browser.names() if name.startswith("Add")]
    assert "Users" not in browser.text()
    browser.check()


def clear_up(browser: Browser) -> None:
    for pipeline in ("Console products", PIPELINE):
        browser.press("Pipelines")
        browser.press(pipeline)
        browser.heading(pipeline)
        browser.press("Delete")
        browser.press("Delete the pipeline")
        browser.sees(f"{pipeline} is deleted")
    browser.press("Sources")
    browser.press(SHOP)
    browser.press("Remove")
    browser.press("Remove the source")
    browser.sees(f"{SHOP} is removed")
    browser.press("Destinations")
    browser.press(WAREHOUSE)
    browser.press("Remove")
    browser.press("Remove the destination")
    browser.sees(f"{WAREHOUSE} is removed")
    browser.press("Notifications")
    browser.press("Console hook")
    browser.press("Remove")
    browser.press("Remove the channel")
    browser.sees("Console hook is removed")
    browser.press("Users")
    browser.press("<b>Kim</b>")
    browser.press("Delete")
    browser.press("Delete the user")
    browser.sees("is deleted")
