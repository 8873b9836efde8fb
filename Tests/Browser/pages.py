"""Dashboard, storefront and the report of a sale in a real browser, during the sale and after it."""

import argparse
import os
import sys

from playwright.sync_api import sync_playwright
from shop import Shop, Verdict

from basket import baskets
from browser import NAME, Browser
from dashboard import after_the_sale, during_the_sale
from diagrams import diagrams
from report import report_page
from storefront import put, storefront


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--chromium", required=True)
    parser.add_argument("--mermaid", required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    options.keep, options.shoppers, options.seed = None, 2000, 1

    verdict = Verdict()
    with Shop(options, name="browser", environment={"STAMPEDE_HTTP_HOSTS": NAME}) as shop, sync_playwright() as playwright:
        pictures = os.path.join(options.root, "docs/images") if options.write else None
        browser = Browser(playwright, options.chromium, shop, verdict, pictures)
        during_the_sale(browser, shop, verdict)
        after_the_sale(browser, shop, verdict)
        report_page(browser, shop, verdict)
        storefront(browser, shop, verdict)
        baskets(browser, shop, verdict, put)
        diagrams(browser, shop, verdict, options.mermaid)
        browser.close()
    verdict.end()


if __name__ == "__main__":
    sys.exit(main())
