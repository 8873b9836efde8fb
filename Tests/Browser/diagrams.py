"""What we call Mermaid, read by Mermaid itself: stories of orders, and the diagrams in the documentation."""

import glob
import os
import re

# An order's story with every kind of end that the sale has, and the sale's first and last orders.
PICK = """SELECT min(order_id) FROM orders GROUP BY status, reason
    UNION SELECT min(order_id) FROM orders UNION SELECT max(order_id) FROM orders"""


def diagrams(browser, shop, verdict, mermaid):
    page = browser.context.new_page()
    page.add_script_tag(path=mermaid)
    wrong = "sequenceDiagram\n    a->>"
    verdict.check(fault(page, wrong) is not None, "Mermaid refuses what is none")

    orders = [order.hex() for (order,) in shop.rows("order", PICK)]
    stories = {f"order {order}": shop.stampede("order", uuid(order), "--mermaid").stdout for order in orders}
    verdict.check(len(stories) >= 2, f"{len(stories)} stories to show")
    check(page, verdict, "the story of an order is Mermaid", stories)
    drawn = page.evaluate("async text => (await mermaid.render('story', text)).svg", list(stories.values())[0])
    verdict.check("places order" in drawn, "and is drawn")

    check(page, verdict, "every diagram in the documentation is Mermaid", fences(shop.options.root))
    page.close()


def uuid(digits):
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def fences(root):
    """What stands between ```mermaid and ``` in README and docs, by file and place."""
    found = {}
    for path in [os.path.join(root, "README.md")] + glob.glob(os.path.join(root, "docs/**/*.md"), recursive=True):
        with open(path) as file:
            for number, text in enumerate(re.findall(r"```mermaid\n(.*?)```", file.read(), re.S), 1):
                found[f"{os.path.relpath(path, root)}, number {number}"] = text
    return found


def check(page, verdict, what, texts):
    faults = {name: fault(page, text) for name, text in texts.items()}
    wrong = [f"{name}: {why}" for name, why in faults.items() if why is not None]
    verdict.check(texts and not wrong, f"{what} ({len(texts)})" + (f"; not so: {wrong[:3]}" if wrong else ""))


def fault(page, text):
    """What Mermaid says against a text; nothing if it takes it."""
    return page.evaluate("text => mermaid.parse(text).then(() => null, error => String(error).slice(0, 300))", text)
