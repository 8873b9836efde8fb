"""The report of a sale, opened from where `flash-sale --html` wrote it."""

import os


def place(shop):
    return os.path.join(shop.scratch, "report.html")


def report_page(browser, shop, verdict):
    page = browser.page("file://" + place(shop))
    verdict.check(page.text(".verdict") == "VALID", "the report says VALID")
    accepted = shop.orders()[0]
    verdict.check(f"{accepted:,}" in page.text(".tiles"), f"and {accepted:,} accepted, as many as Order has")
    charts = page.tab.locator("figure svg[role=img]")
    verdict.check(charts.count() == 3, f"it draws three charts ({charts.count()})")
    lines = page.tab.locator("figure > .scroll path.line").evaluate_all("lines => lines.map(line => line.getAttribute('d'))")
    verdict.check(
        len(lines) >= 10 and all(line.count("L") > 3 and "NaN" not in line for line in lines),
        f"with lines that go somewhere: {[line[:40] for line in lines if line.count('L') < 4] or len(lines)}")
    page.picture("report")
    page.check_access("report")
    page.check_quiet("report")
    page.tab.close()
