"""The dashboard, while a sale goes on and after it."""

import re

import report

HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def during_the_sale(browser, shop, verdict):
    page = browser.page(address(shop))
    page.until("the dashboard is live", lambda: page.text("#connection") == "live")
    shop.start_sale("--arrival", "12s", "--stock", "1600", "--html", report.place(shop))
    page.until("orders are shown as they come", lambda: page.number("#placed") > 300)
    first = page.number("#placed")
    page.until("and go on coming", lambda: page.number("#placed") > first + 400)
    page.until("the chart draws them", lambda: len(points(page)) > 4)
    pause(page, verdict)
    sleep(page)
    for theme in ("light", "dark"):
        page.theme(theme)
        page.picture(f"dashboard-{theme}")
    page.theme("light")
    reconnect(page, shop)
    page.check_quiet("dashboard during the sale")
    page.tab.close()


def pause(page, verdict):
    """By keyboard; a paused page holds no stream, and picks up where it was."""
    page.tab.focus("#pause")
    page.tab.keyboard.press("Enter")
    page.until("paused by keyboard", lambda: page.text("#connection") == "paused")
    before, asked = page.text("#placed"), len(page.requests)
    page.tab.wait_for_timeout(1200)
    verdict.check(page.text("#placed") == before and len(page.requests) == asked, "nothing moves, nothing is asked")
    page.tab.keyboard.press("Enter")
    page.until("and goes on", lambda: page.text("#connection") == "live" and page.text("#placed") != before)
    verdict.check("after=" in page.requests[-1].url, "saying where it was")


def sleep(page):
    page.tab.evaluate(HIDE, True)
    page.until("a hidden page closes its stream", lambda: "asleep" in page.text("#connection"))
    page.tab.evaluate(HIDE, False)
    page.until("and opens it again", lambda: page.text("#connection") == "live")


def reconnect(page, shop):
    """Analytics restarts; the browser comes back by itself and says where it was."""
    page.excuse("ERR_")  # the browser's own line about a connection that was refused
    shop.supervisor("restart", "analytics")
    page.until("comes back after a restart", lambda: page.text("#connection") == "live" and last_event_id(page))


def last_event_id(page):
    """Asked of the latest stream that was answered: as it was sent, not as it was planned."""
    streams = [response.request for response in page.responses if "/events" in response.url]
    return "last-event-id" in streams[-1].all_headers()


def points(page):
    lines = page.tab.locator("#rates polyline").first.get_attribute("points") or ""
    return lines.split()


def after_the_sale(browser, shop, verdict):
    status, text = shop.finish_sale()
    verdict.check(status == 0, f"the sale is VALID{'' if status == 0 else ': ' + text[-400:]}")
    page = browser.page(address(shop))
    page.until("all orders are settled on the page", lambda: settled(page, shop))
    equals_the_databases(page, shop, verdict)
    story(browser, page, shop, verdict)
    page.check_access("dashboard")
    services_down(page, shop, verdict)
    page.check_quiet("dashboard after the sale")
    page.tab.close()


def settled(page, shop):
    total, done, _ = shop.orders()
    return page.text("#connection") == "live" and page.number("#placed") == total == done and rows(page).get("confirmed")


def rows(page):
    """The funnel, by name."""
    found = {}
    for row in page.tab.locator("#funnel tr").all():
        name, number = row.locator("th").inner_text(), row.locator("td").first.inner_text()
        found[name] = int(number.replace(",", ""))
    return found


def equals_the_databases(page, shop, verdict):
    """What the page shows is what the owners have: orders, revenue, stock. And the audit agrees with Analytics."""
    said, report = shop.audit()
    tenth = [invariant for invariant in report.get("invariants", []) if invariant["id"] == 10]
    verdict.check(said == "VALID" and len(tenth) == 1, "the audit says VALID, invariant 10 among them")
    funnel = rows(page)
    for status, number in shop.rows("order", "SELECT status, count(*) FROM orders GROUP BY status"):
        shown = sum(count for name, count in funnel.items() if name.startswith(status))
        verdict.check(shown == number, f"{status}: {shown} shown, {number} in Order's database")
    verdict.check(sum(funnel.values()) == page.number("#placed"), "the funnel adds up")
    revenue = shop.rows("order", "SELECT currency, sum(total_amount) FROM orders WHERE status = 'confirmed' GROUP BY currency")
    shown = [re.sub(r"\D", "", item.inner_text()) for item in page.tab.locator("#revenue li").all()]
    verdict.check(shown == [str(amount) for _, amount in sorted(revenue)], f"revenue to the last unit: {shown}")
    stock = dict(shop.rows("inventory", "SELECT product_id, available FROM stock"))
    wrong = [
        (name, left)
        for name, left in zip(texts(page, "#stock th"), texts(page, "#stock td:nth-child(3)"))
        if stock[name] != int(left.replace(",", ""))
    ]
    verdict.check(not wrong and stock, f"stock left as Inventory has it; not so: {wrong[:3] or 'none'}")
    verdicts = texts(page, "#invariants .verdict")
    verdict.check(len(verdicts) == 5 and all("holds" in text for text in verdicts), f"the strip: {verdicts}")
    verdict.check(page.text("#verdict-word") == said, f"the verdict is the audit's: {page.text('#verdict-word')}")


DOWN = ["inventory-service", "payment-service"]


def services_down(page, shop, verdict):
    """Processes come first on the page, and those that do not work first among them; nothing says that all is well."""
    first = page.tab.locator("#figures > :visible").first
    verdict.check(first.locator("#processes").count() == 1, "processes are the first thing on the page, above a story")
    page.until("all processes run", lambda: "All 6 processes run" in page.text("#processes-summary") or page.tab.locator(
        "#processes .bad").count() == 0)
    for name in DOWN:
        shop.supervisor("stop", name.removesuffix("-service"))
    page.until("two services that are down are shown, first", lambda: texts(page, "#processes .bad b") == DOWN)
    verdict.check(texts(page, "#processes li b")[:2] == DOWN, "before all others")
    page.until("the verdict is not green", lambda: page.text("#verdict-word") == "UNKNOWN")
    verdict.check("valid" not in page.tab.locator("#verdict").get_attribute("class").split(), "nor looks green")
    summary = page.text("#processes-summary")
    verdict.check(all(name in summary for name in DOWN), f"the summary names both: {summary}")
    trouble_is_first(page, verdict)
    page.check_access("dashboard with services down")
    for name in DOWN:
        shop.supervisor("start", name.removesuffix("-service"))
    page.until("and work again", lambda: page.tab.locator("#processes .bad").count() == 0)
    page.until("the verdict is back", lambda: page.text("#verdict-word") == "VALID")


def trouble_is_first(page, verdict):
    """On a desk and on a phone the trouble is on the first screen."""
    for width, height, name_of_picture, theme in (
            (1280, 800, "dashboard-trouble", "light"), (390, 844, "dashboard-trouble-phone", "dark")):
        page.size(width, height)
        page.tab.evaluate("window.scrollTo(0, 0)")
        for name in DOWN:
            box = page.tab.locator("#processes .bad", has_text=name).bounding_box()
            verdict.check(box and box["y"] + box["height"] <= height, f"{name} is on the first screen, {width} wide")
        page.theme(theme)
        page.picture(name_of_picture)
    page.size(1280, 1000)
    page.theme("light")


def texts(page, selector):
    return page.tab.locator(selector).all_inner_texts()


def story(browser, page, shop, verdict):
    """By search, by link, by both kinds of deep link."""
    order = shop.acknowledged()[-1]
    page.tab.fill("#order", "no id")
    page.tab.keyboard.press("Enter")
    page.until("a search for no id says so", lambda: "36 characters" in page.text("#search-problem"))
    page.tab.fill("#order", order.upper())
    page.tab.keyboard.press("Enter")
    page.until("a search shows the story", lambda: steps(page) >= 4)
    verdict.check(page.tab.url.endswith(f"/orders/{order}"), "at an address of its own")
    for path in (f"orders/{order}", f"#/orders/{order}"):
        deep = browser.page(address(shop) + path)
        deep.until(f"deep link {path[:8]}… shows the story", lambda: steps(deep) >= 4 and order in deep.text("#story-title"))
        deep.check_quiet("deep link")
        if path.startswith("orders"):
            deep.picture("dashboard-story")
        deep.tab.close()
    page.tab.click("#story-close")
    verdict.check(not page.tab.locator("#story").is_visible(), "and closes")
    page.tab.locator("#events a").first.click()
    page.until("an event leads to its order's story", lambda: steps(page) >= 1)


def steps(page):
    return page.tab.locator("#story-steps li").count()


def address(shop):
    return f"http://127.0.0.1:{shop.port('ANALYTICS_ADMIN')}/"
