"""A headless Chromium, used as a person does: by what labels, buttons and headings say.

Owns the browser's process and the three questions asked of every page: did anything go wrong in
its console, can everybody use it (axe), and does it fit a narrow screen.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

T = TypeVar("T")

WAIT_SECONDS = 60
WIDE, NARROW = 1280, 400
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # it shows nothing but our own pages, and refuses to start as root otherwise
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Browser:
    """One window of a fresh profile.

    Raises:
        AssertionError: Chromium or its driver is not installed.
    """

    def __init__(self) -> None:
        program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
        driver = shutil.which("chromedriver")
        assert program and driver, "The console's tests need Debian's chromium and chromium-driver"
        self._profile = tempfile.mkdtemp(prefix="arus-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = program
        for option in (*_OPTIONS, f"--user-data-dir={self._profile}"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self._axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text()
        self.dress(WIDE, "light")

    def quit(self) -> None:
        self.driver.quit()
        shutil.rmtree(self._profile, ignore_errors=True)

    # Doing

    def open(self, address: str) -> None:
        self.driver.get(address)

    def press(self, name: str, *, within: str = "//body") -> None:
        """Press the button, or follow the link, of this name."""
        named = f"normalize-space()='{name}' or @aria-label='{name}'"
        path = f"{within}//*[self::button or self::a or self::summary][{named}]"
        self._until(lambda: self._clicked(path), f"something to press that says {name!r}")

    def fill(self, label: str, text: str) -> None:
        """Type into the field of this label, instead of what stands there."""

        def typed() -> bool:
            field = self._labelled(label)
            field.clear()
            field.send_keys(text)
            return True

        self._until(typed, f"a field {label!r}")

    def choose(self, label: str, option: str) -> None:
        def chosen() -> bool:
            Select(self._labelled(label)).select_by_visible_text(option)
            return True

        self._until(chosen, f"{option!r} in {label!r}")

    def tick(self, label: str, *, on: bool = True) -> None:
        def ticked() -> bool:
            box = self._labelled(label)
            if box.is_selected() != on:
                box.click()
            return box.is_selected() == on

        self._until(ticked, f"a box {label!r}")

    def dress(self, width: int, scheme: str) -> None:
        """Another width in pixels, and dark or light."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    # Seeing

    def sees(self, *texts: str, seconds: float = WAIT_SECONDS) -> None:
        """Wait until all of these stand on the page."""
        for text in texts:
            self._until(partial(self._shows, text), f"{text!r}", seconds)

    def heading(self, text: str) -> None:
        """Wait for the page of this heading."""

        def there() -> bool:
            return self.driver.find_element(By.TAG_NAME, "h1").text == text

        self._until(there, f"page {text!r}")

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def names(self) -> set[str]:
        """What all buttons and links say."""
        found = self.driver.find_elements(By.CSS_SELECTOR, "main button, main a")
        return {element.text.strip() for element in found}

    def problem_of(self, label: str) -> str:
        """The message that stands at a field, once there is one."""

        def message() -> str | None:
            field = self._labelled(label)
            if field.get_attribute("aria-invalid") != "true":
                return None
            told = (field.get_attribute("aria-describedby") or "").split()[-1]
            return self.driver.find_element(By.ID, told).text

        return self._until(message, f"a message at {label!r}")

    def focused(self) -> str:
        """What the element with the focus says, or its label."""
        script = "const e = document.activeElement; return e.labels?.[0]?.innerText ?? e.innerText"
        return str(self.driver.execute_script(script)).removesuffix(" optional").strip()

    # Judging

    def check(self, *, width: int = WIDE, scheme: str = "light") -> None:
        """No error in the browser's console, nothing that axe finds, nothing past the edge."""
        self.dress(width, scheme)
        page = self.driver.current_url
        if not self.driver.execute_script("return 'axe' in window"):
            self.driver.execute_script(self._axe)
        found: list[dict[str, Any]] = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then((found) => done(found.violations))"
        )
        faults = [
            f"{fault['id']}: {node['html']} {node['failureSummary']}"
            for fault in found
            for node in fault["nodes"]
        ]
        assert not faults, "\n".join((page, *faults))
        edge = self.driver.execute_script("return document.documentElement.scrollWidth")
        assert edge <= width, f"{page} is {edge} pixels wide on a screen of {width}"
        self.dress(WIDE, "light")
        self.no_errors()

    def no_errors(self, *, besides: str = "the server responded with a status of") -> None:
        """Chromium itself reports each refused request; the pages show those to the user."""
        told = self.driver.get_log("browser")
        # Lower levels hold Chromium's advice on forms, among others.
        lines = [line["message"] for line in told if line["level"] in ("WARNING", "SEVERE")]
        assert not [line for line in lines if besides not in line], lines

    def picture(self, path: Path) -> None:
        """For whoever wants to see where a test stopped."""
        self.driver.save_screenshot(str(path))

    def _shows(self, text: str) -> bool:
        return text in self.text()

    def _clicked(self, path: str) -> bool:
        element = next(e for e in self.driver.find_elements(By.XPATH, path) if e.is_displayed())
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        return True

    def _labelled(self, name: str) -> WebElement:
        # A label may say more than its name, such as "optional", in elements of its own.
        own = f"normalize-space(text()[normalize-space()])='{name}'"
        path = f"//label[{own} or normalize-space()='{name}']"
        for label in self.driver.find_elements(By.XPATH, path):
            if label.is_displayed():
                return self.driver.execute_script("return arguments[0].control", label)
        return self.driver.find_element(By.XPATH, f"//*[@aria-label='{name}']")

    def _until(self, probe: Callable[[], T | None], what: str, seconds: float = WAIT_SECONDS) -> T:
        def attempt(_: object) -> T | None:
            try:
                return probe()
            except (NoSuchElementException, StaleElementReferenceException, StopIteration):
                return None
            except WebDriverException as error:
                if "not clickable" in str(error) or "not interactable" in str(error):
                    return None
                raise

        message = f"waited {seconds} s for {what}"
        try:
            return WebDriverWait(self.driver, seconds, 0.1).until(attempt)
        except WebDriverException as error:
            raise AssertionError(f"{message}; the page says:\n{self.text()}") from error
