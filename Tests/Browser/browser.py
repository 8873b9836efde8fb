"""A browser that remembers what no page may do: write to its console, fail, ask anybody else."""

import json
import os
import time

from axe_playwright_python.sync_playwright import Axe

NAME = "shop.example"  # the shop's name besides localhost: plain HTTP under it is no secure context
PATIENCE = 20  # seconds to wait for what must come


class Browser:
    def __init__(self, playwright, chromium, shop, verdict, pictures):
        self.verdict = verdict
        self.pictures = pictures
        self.origins = {f"http://127.0.0.1:{shop.port(name)}" for name in ("CHECKOUT", "ANALYTICS_ADMIN")}
        self.origins.add(f"http://{NAME}:{shop.port('CHECKOUT')}")
        self.origins.add(f"file://{shop.scratch}")
        self.chromium = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", f"--host-resolver-rules=MAP {NAME} 127.0.0.1"])
        self.context = self.chromium.new_context(viewport={"width": 1280, "height": 1000}, color_scheme="light")
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def close(self):
        self.chromium.close()

    def page(self, address, stranger=False, context=None):
        """A page, watched from its first request on; a stranger's is one in a browser that has kept nothing."""
        context = context or (self.chromium.new_context() if stranger else self.context)
        page = Page(self, context.new_page())
        page.tab.goto(address)
        return page


class Page:
    def __init__(self, browser, tab):
        self.browser, self.tab = browser, tab
        self.requests, self.responses, self.wrong, self.excused = [], [], [], []
        tab.on("console", lambda message: self.note(f"console: {message.text}") if message.type != "log" else None)
        tab.on("pageerror", lambda error: self.note(f"error: {error}"))
        tab.on("dialog", lambda dialog: (self.note(f"dialog: {dialog.message}"), dialog.dismiss()))
        tab.on("request", self.requested)
        tab.on("response", lambda response: self.responses.append(response))

    def close(self):
        """With all that its browser has kept."""
        self.tab.context.close()

    def note(self, text):
        if not any(part in text for part in self.excused):
            self.wrong.append(text)

    def requested(self, request):
        self.requests.append(request)
        if not any(request.url.startswith(origin + "/") for origin in self.browser.origins):
            self.note(f"a request to {request.url}")

    def excuse(self, text):
        """A message that the browser itself writes about what the test does to it."""
        self.excused.append(text)

    def text(self, selector):
        return self.tab.locator(selector).inner_text()

    def number(self, selector):
        """The whole number that stands there; none is -1."""
        digits = self.text(selector).replace(",", "")
        return int(digits) if digits.isdigit() else -1

    def until(self, what, condition, seconds=PATIENCE):
        """Waits for what must come, and says whether it came."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.browser.verdict.check(False, f"{what} (not within {seconds} s)")
                return False
            self.tab.wait_for_timeout(50)
        self.browser.verdict.check(True, what)
        return True

    def picture(self, name):
        if self.browser.pictures:
            os.makedirs(self.browser.pictures, exist_ok=True)
            self.tab.screenshot(path=os.path.join(self.browser.pictures, name + ".png"))

    def theme(self, name):
        self.tab.emulate_media(color_scheme=name)

    def size(self, width, height):
        self.tab.set_viewport_size({"width": width, "height": height})

    def check_access(self, what):
        """axe, in both themes, wide and narrow; and a narrow page is not wider than its screen."""
        for theme in ("light", "dark"):
            self.theme(theme)
            for width in (1280, 360):
                self.size(width, 1000)
                findings = Axe().run(self.tab).response["violations"]
                names = [f"{finding['id']} at {finding['nodes'][0]['target']}" for finding in findings]
                self.browser.verdict.check(not names, f"{what}: axe finds nothing, {theme}, {width} wide{told(names)}")
                wide = self.tab.evaluate("document.documentElement.scrollWidth")
                self.browser.verdict.check(wide <= width, f"{what}: fits {width} pixels ({wide})")
        self.size(1280, 1000)
        self.theme("light")

    def check_quiet(self, what):
        self.browser.verdict.check(not self.wrong, f"{what}: console quiet, nothing from elsewhere{told(self.wrong)}")


def told(names):
    return "; not so: " + json.dumps(names[:4]) if names else ""
