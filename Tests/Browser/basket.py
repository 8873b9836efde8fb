"""The basket: several tabs, a phone, plain HTTP, what may be typed, what a browser does not store."""

import json

KEY = "stampede.basket"
MISTYPED = ["-3", "0", "1e3", "", "2.5", "1,5", "three", "100001", "1000000000", "9" * 40]


def baskets(browser, shop, verdict, put):
    address = f"http://127.0.0.1:{shop.port('CHECKOUT')}/"
    quantities(browser, shop, verdict, address)
    two_tabs(browser, shop, verdict, address)
    answers_that_fail(browser, shop, verdict, address)
    prices_that_change(browser, shop, verdict, address, put)
    confirmed_and_cancelled(browser, shop, verdict, address)
    set_aside(browser, shop, verdict, address)
    nothing_stored(browser, shop, verdict, address)
    phone(browser, shop, verdict, address)
    plain_http(browser, shop, verdict, f"http://shop.example:{shop.port('CHECKOUT')}/")


def quantities(browser, shop, verdict, address):
    page = browser.page(address, stranger=True)
    add(page, "A-1")
    field = page.tab.locator("#basket-lines input")
    for text in MISTYPED:
        field.fill(text)
        field.blur()
        note = page.text("#basket-lines .note")
        verdict.check("Remove" in note or "at most 100,000" in note, f"{text!r} pieces are refused in words: {note}")
        verdict.check("24.00" in page.text("#basket-total"), f"{text!r} pieces change nothing")
        verdict.check(page.tab.locator("#pay").is_disabled(), f"{text!r} pieces cannot be ordered")
    field.fill(" 3 ")
    field.blur()
    verdict.check("72.00" in page.text("#basket-total"), "a whole number is taken")
    verdict.check(page.tab.locator("#basket-lines .note").is_hidden(), "and what was said of the others is gone")
    page.check_quiet("quantities")
    page.close()


def two_tabs(browser, shop, verdict, address):
    first = browser.page(address, stranger=True)
    second = browser.page(address, context=first.tab.context)
    for page in (first, second):
        page.until("products are on the shelf", lambda: page.tab.locator("#products li").count() > 3)
    add(first, "A-1")
    add(second, "A-2")
    for name, page in (("first", first), ("second", second)):
        page.until(f"the {name} tab shows what both added", lambda: lines(page) == {"An enamel kettle": "1", "A lamp": "1"})
    before = shop.orders()[0]
    for page in (first, second):
        page.tab.evaluate("document.getElementById('pay').click()")
    first.until("one of two tabs that order at once gets the order",
                lambda: "Confirmed." in (headline(first), headline(second)))
    for name, page in (("first", first), ("second", second)):
        page.until(f"the {name} tab's basket is empty", lambda: lines(page) == {})
        page.until(f"the {name} tab waits for nothing", lambda: page.tab.locator("#checkout-again").is_hidden())
    verdict.check(shop.orders()[0] == before + 1, "two tabs that order one basket at once make one order")
    for page in (first, second):
        page.check_quiet("two tabs")
    second.tab.close()
    first.close()


def answers_that_fail(browser, shop, verdict, address):
    """A cut-off 202, a 429 and a 503 are asked again under the same key; a reload in between changes nothing."""
    page = browser.page(address, stranger=True)
    before, keys = shop.orders()[0], []
    bad = [dict(status=202, body='{"orderId": "'), dict(status=429, headers={"Retry-After": "1"}), dict(status=503)]

    def fail_first(route):
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
        if len(keys) <= len(bad):
            return route.fulfill(**bad[len(keys) - 1])
        return route.continue_()

    page.excuse("status of 429")
    page.excuse("status of 503")
    page.tab.route("**/v1/orders", fail_first)
    add(page, "A-2")
    page.tab.click("#pay")
    page.until("an answer was cut off", lambda: len(keys) >= 1)
    page.tab.reload()
    page.until("after a reload the order can be sent again", lambda: page.tab.locator("#again").is_visible())
    verdict.check(page.tab.locator("#pay").is_disabled(), "and no other one is begun")
    page.tab.click("#again")
    page.until("confirmed", lambda: headline(page) == "Confirmed.")
    verdict.check(len(keys) == len(bad) + 1 and len(set(keys)) == 1, f"all tries had one key: {keys}")
    verdict.check(shop.orders()[0] == before + 1, "one order was made")
    page.check_quiet("answers that fail")
    page.close()


def prices_that_change(browser, shop, verdict, address, put):
    page = browser.page(address, stranger=True)
    add(page, "A-1")
    before = shop.orders()[0]
    put(shop, "ORDER_ADMIN", "/admin/products", {"products": [
        {"productId": "A-1", "name": "An enamel kettle", "price": {"amount": 2600, "currency": "GBP"}}]})
    page.tab.click("#pay")
    page.until("a price that changed is told before the order", lambda: "£24.00 to £26.00" in page.text("#checkout-note"))
    verdict.check(shop.orders()[0] == before, "and nothing was ordered at it")
    verdict.check("26.00" in page.text("#basket-total"), "the total is the new one")
    page.tab.click("#pay")
    page.until("ordered at the price that was shown", lambda: headline(page) == "Confirmed." and "26.00" in page.text("#order-total"))
    page.tab.goto(address)
    store(page, {"lines": [{"id": "GONE-1", "quantity": 1}, {"id": "A-3", "quantity": 2}]})
    page.tab.reload()
    page.until("a product that is not sold any more is named", lambda: "Not sold any more." in page.text("#basket-lines"))
    page.until("and one that is sold out", lambda: "Sold out" in page.text("#basket-lines"))
    verdict.check(page.tab.locator("#pay").is_disabled(), "what is not sold cannot be ordered")
    page.check_quiet("prices that change")
    page.close()


def confirmed_and_cancelled(browser, shop, verdict, address):
    page = browser.page(address, stranger=True)
    add(page, "A-2")
    page.tab.click("#pay")
    page.until("confirmed", lambda: headline(page) == "Confirmed.")
    verdict.check("final" not in page.text("#order"), "nothing that can be cancelled is called final")
    page.tab.click("#order-cancel")
    page.until("cancelled after it was confirmed", lambda: headline(page) == "Cancelled and paid back.")
    verdict.check(page.tab.locator("#order-cancel").is_hidden(), "what is final cannot be cancelled")
    page.check_quiet("confirmed and cancelled")
    page.close()


def set_aside(browser, shop, verdict, address):
    """A page that the browser had set aside (back/forward cache) was told of nothing meanwhile."""
    page = browser.page(address, stranger=True)
    page.until("products are on the shelf", lambda: page.tab.locator("#products li").count() > 3)
    store(page, {"lines": [{"id": "A-2", "quantity": 4}], "key": "k"})
    verdict.check(lines(page) == {}, "nobody told the page")
    page.tab.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.until("it shows the basket of now", lambda: lines(page) == {"A lamp": "4"})
    for rubbish in ["{", "7", "null", '{"lines": 3}', '[["A-1", -3], ["A-1"], 5]', '{"lines": [{"id": 5, "quantity": "x"}, null]}']:
        store(page, rubbish)
        page.tab.reload()
        page.until(f"{rubbish} in the storage is an empty basket",
                   lambda: page.tab.locator("#products li").count() > 3 and lines(page) == {})
    page.check_quiet("set aside")
    page.close()


def nothing_stored(browser, shop, verdict, address):
    blocked = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"
    full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
    for name, script in (("blocked", blocked), ("full", full)):
        context = browser.chromium.new_context()
        context.add_init_script(script)
        page = browser.page(address, context=context)
        add(page, "A-2")
        verdict.check(lines(page) == {"A lamp": "1"}, f"storage {name}: there is a basket")
        verdict.check(page.tab.locator("#basket-lost").is_visible(), f"storage {name}: what will be lost is said")
        page.tab.click("#pay")
        page.until(f"storage {name}: an order is confirmed", lambda: headline(page) == "Confirmed.")
        verdict.check("until the page is closed" in page.text("#order-remark"), f"storage {name}: said on the order's page, too")
        page.check_quiet(f"storage {name}")
        page.close()


def phone(browser, shop, verdict, address):
    for theme in ("light", "dark"):
        context = browser.chromium.new_context(
            viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, color_scheme=theme)
        page = browser.page(address, context=context)
        page.tab.locator("#products li", has_text="A-2").locator("button").tap()
        bar = page.tab.locator("#basket-bar")
        verdict.check(in_view(page, "#basket-bar") and "1 piece" in bar.inner_text() and "42.50" in bar.inner_text(),
                      f"phone, {theme}: an addition is seen")
        bar.tap()
        page.until(f"phone, {theme}: the bar leads to the basket", lambda: in_view(page, "#pay"))
        page.until(f"phone, {theme}: and leaves the view to it", bar.is_hidden)
        page.check_quiet(f"phone, {theme}")
        page.close()


def plain_http(browser, shop, verdict, address):
    """Under another name than localhost a page is no secure context: `crypto.randomUUID` and the clipboard are not there."""
    page = browser.page(address, stranger=True)
    verdict.check(page.tab.evaluate("isSecureContext") is False, "plain HTTP: no secure context")
    add(page, "A-2")
    page.tab.evaluate("import('/assets/elements.js').then((it) => document.querySelector('footer').append(it.copyButton('stampede audit')))")
    page.tab.click("footer .copy")
    page.until("plain HTTP: a command is copied", lambda: page.text("footer .copy") == "Copied")
    page.tab.focus("#find")
    page.tab.keyboard.press("Control+V")
    verdict.check(page.tab.input_value("#find") == "stampede audit", "plain HTTP: and it can be pasted")
    page.tab.click("#pay")
    page.until("plain HTTP: an order is confirmed", lambda: headline(page) == "Confirmed.")
    page.check_quiet("plain HTTP")
    page.close()


def add(page, product):
    page.tab.locator("#products li", has_text=product).locator("button").click()


def lines(page):
    return dict(zip(page.tab.locator("#basket-lines .name").all_text_contents(),
                    page.tab.locator("#basket-lines input").evaluate_all("(all) => all.map((field) => field.value)")))


def headline(page):
    return page.text("#order-headline") if page.tab.locator("#order").is_visible() else ""


def store(page, value):
    page.tab.evaluate("([key, text]) => localStorage.setItem(key, text)",
                      [KEY, value if isinstance(value, str) else json.dumps(value)])


def in_view(page, selector):
    box, size = page.tab.locator(selector).bounding_box(), page.tab.viewport_size
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= size["height"]
