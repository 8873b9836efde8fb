"""The storefront: from the shelf to an outcome, with answers that are lost and cards that are declined."""

import json
import os
import re
import urllib.request

HOSTILE = """<img src=x onerror="alert('sold')">"""


def storefront(browser, shop, verdict):
    put(shop, "ORDER_ADMIN", "/admin/products", {"products": [
        {"productId": "A-1", "name": "An enamel kettle", "price": {"amount": 2400, "currency": "GBP"}},
        {"productId": "A-2", "name": "A lamp", "price": {"amount": 4250, "currency": "GBP"}},
        {"productId": "A-3", "name": "The last chair", "price": {"amount": 9900, "currency": "GBP"}},
        {"productId": "Z-1<b>", "name": HOSTILE, "price": {"amount": 1999, "currency": "GBP"}},
    ]})
    put(shop, "INVENTORY_ADMIN", "/admin/stock", {"key": "browser", "stock": [
        {"productId": product, "available": 50} for product in ("A-1", "A-2", "Z-1<b>")
    ]})
    page = browser.page(f"http://127.0.0.1:{shop.port('CHECKOUT')}/")
    page.until("products are on the shelf", lambda: page.tab.locator("#products li").count() > 3)
    currencies(page, shop, verdict)
    hostile_name(page, verdict)
    page.until("stock is as Inventory told it", lambda: "50 left" in shelf(page, "A-2"))
    verdict.check("sold out" in shelf(page, "A-3"), "what is gone is called sold out, as far as is known")
    page.check_access("storefront")

    set_gateway(shop, delayMilliseconds=1500)
    lost_answer(page, shop, verdict)
    reload_keeps_the_basket(page, verdict)
    declined(page, verdict)
    set_gateway(shop, delayMilliseconds=0)
    sold_out(page)
    page.check_access("order page")
    deep_links(browser, page, shop, verdict)
    page.check_quiet("storefront")
    page.tab.close()


def currencies(page, shop, verdict):
    """The pages' own formatter, in every currency of ISO 4217, exactly: negative, zero, one digit, beyond 2^53."""
    with open(os.path.join(shop.options.root, "Fixtures/currencies/iso4217.tsv"), encoding="utf-8") as file:
        table = [line.split("\t") for line in file.read().splitlines()[1:]]
    amounts = ["0", "5", "-5", "199900", "-199900", "9007199254740993", "-9223372036854775808"]
    cases = [[amount, code, 2 if digits == "N.A." else int(digits)] for code, digits in table for amount in amounts]
    shown = page.tab.evaluate("""async (cases) => {
        const { money } = await import("/assets/format.js");
        return cases.map(([amount, code]) => money(amount, code));
    }""", cases)
    wrong = [(case, text) for case, text in zip(cases, shown) if plain(text) != decimal(*case)]
    verdict.check(len(cases) > 1000 and not wrong, f"amounts have the digits of ISO 4217 in every currency: {wrong[:5]}")


def plain(text):
    """Sign and digits of an amount, without grouping, symbol and code."""
    return ("-" if text.startswith("-") else "") + re.search(r"\d[\d,]*(\.\d+)?", text).group().replace(",", "")


def decimal(amount, _, digits):
    sign, figures = ("-", amount[1:]) if amount.startswith("-") else ("", amount)
    if digits == 0:
        return sign + figures
    figures = figures.zfill(digits + 1)
    return f"{sign}{figures[:-digits]}.{figures[-digits:]}"


def hostile_name(page, verdict):
    page.tab.fill("#find", "z-1")
    names = page.tab.locator("#products .name").all_inner_texts()
    verdict.check(names == [HOSTILE], "a name that is markup is shown as it is written")
    verdict.check(page.tab.locator("#products img, #products b").count() == 0, "and makes no element")
    page.tab.fill("#find", "")


def lost_answer(page, shop, verdict):
    """The shop takes the order, and its answer never arrives: the same key again, and one order."""
    before = shop.orders()[0]
    keys = []

    def lose_the_first(route):
        if route.request.method != "POST":
            return route.continue_()
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            return route.abort("connectionreset")
        return route.continue_()

    page.excuse("ERR_CONNECTION_RESET")
    page.tab.route("**/v1/orders", lose_the_first)
    add(page, "Z-1<b>")
    add(page, "A-2")
    verdict.check("62.49" in page.text("#basket-total"), f"the basket's total: {page.text('#basket-total')}")
    page.tab.click("#pay")
    page.until("reserved, being paid: said while it is so", lambda: "being paid" in headline(page))
    page.picture("storefront-order")
    page.until("confirmed", lambda: headline(page) == "Confirmed.")
    verdict.check(len(keys) == 2 and keys[0] == keys[1], "tried twice under one key")
    verdict.check(shop.orders()[0] == before + 1, "one order was made")
    page.tab.unroute("**/v1/orders", lose_the_first)
    back_to_the_shop(page)


def reload_keeps_the_basket(page, verdict):
    add(page, "A-2")
    page.tab.reload()
    page.until("a reload keeps the basket", lambda: page.tab.locator("#basket-lines li").count() == 1)
    page.until("and shows the shelf again", lambda: "left" in shelf(page, "A-2"))
    page.picture("storefront")


def declined(page, verdict):
    page.tab.select_option("#card", "tok_chargeDeclined")
    page.tab.click("#pay")
    page.until("a declined card is told as that", lambda: headline(page) == "Your card was declined.")
    verdict.check("nothing was charged" in page.text("#order-steps"), "and that nothing was charged")
    back_to_the_shop(page)


def sold_out(page):
    add(page, "A-3")
    page.tab.click("#pay")
    page.until("sold out is told as that", lambda: headline(page) == "Sold out.")


def deep_links(browser, page, shop, verdict):
    """One's own order opens by its address, a stranger's does not, and a token is never sent but in the header."""
    mine = page.tab.url
    order = mine.rsplit("/", 1)[1]
    page.tab.reload()
    page.until("one's own order opens by its address", lambda: headline(page) == "Sold out.")
    stranger = browser.page(mine, stranger=True)
    stranger.until("a stranger's does not", lambda: "not placed in this browser" in headline(stranger))
    verdict.check(not stranger.text("#order-lines") and not stranger.text("#order-total"), "nothing of it is shown")
    token = shop.order_token(order)
    stranger.tab.goto(mine + "#" + token)
    stranger.tab.reload()
    stranger.until("the token after '#' opens it", lambda: headline(stranger) == "Sold out.")
    verdict.check(token not in stranger.tab.url, "and is gone from the address")
    sent = [request.url for each in (page, stranger) for request in each.requests]
    verdict.check(not [url for url in sent if token in url], "no address that was asked for holds a token")
    stranger.tab.goto(mine[:-4] + ("0000" if mine[-4:] != "0000" else "1111") + "#" + token)
    stranger.excuse("403")
    stranger.tab.reload()
    stranger.until("the token of another order opens nothing", lambda: "not placed in this browser" in headline(stranger))
    stranger.check_quiet("stranger's page")
    stranger.tab.close()


def add(page, product):
    page.tab.fill("#find", product)
    page.tab.locator("#products li", has_text=product).locator("button").click()


def shelf(page, product):
    return page.tab.locator("#products li", has_text=product).locator(".left").inner_text()


def headline(page):
    return page.text("#order-headline") if page.tab.locator("#order").is_visible() else ""


def back_to_the_shop(page):
    page.tab.locator("#order a").click()
    page.until("back in the shop", lambda: page.tab.locator("#products li").count() > 0)


def put(shop, port, path, body):
    request = urllib.request.Request(
        f"http://127.0.0.1:{shop.port(port)}{path}", json.dumps(body).encode(), method="PUT",
        headers={"Authorization": f"Bearer {shop.operator_token()}", "Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).read()


def set_gateway(shop, **faults):
    put(shop, "GATEWAY", "/test/faults", faults)
