"""Sends what docs/reference/openapi.yaml describes, and what it forbids, to a shop of its own: see README.md."""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request

import yaml
from bounded import whole
from shop import Shop

PRODUCT = {"productId": "P-0001", "name": "Tea", "price": {"amount": 1999, "currency": "GBP"}}
MAXIMUM_SECONDS = 35  # for an answer: ?wait=30s, and some
SHARES = {"checkout": 0.5, "order admin": 0.2, "inventory admin": 0.2, "dashboard": 0.1}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--root", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=whole(1, 86_400), default=40)
    parser.add_argument("--seed", type=whole(0, 10**9), default=random.randrange(10**9))
    parser.add_argument("--keep", help=argparse.SUPPRESS)
    return parser.parse_args()


def put(shop, port, path, body):
    """As the operator."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=json.dumps(body).encode(), method="PUT",
        headers={"Content-Type": "application/json", "Authorization": "Bearer " + token(shop)})
    urllib.request.urlopen(request, timeout=10).read()


def token(shop):
    with open(os.path.join(shop.data, "operator.token")) as file:
        return file.read().strip()


def narrowed(root, directory):
    """The description for a shop that sells one product, in pounds; its path."""
    with open(os.path.join(root, "docs/reference/openapi.yaml")) as file:
        description = yaml.safe_load(file)
    order = description["components"]["schemas"]["Order"]["properties"]
    order["currency"] = {"const": PRODUCT["price"]["currency"]}
    order["lines"]["maxItems"] = 1
    order["lines"]["items"]["properties"]["productId"] = {"const": PRODUCT["productId"]}
    del description["paths"]["/events"]
    # One server a run; each is named on the command line.
    for item in description["paths"].values():
        item.pop("servers", None)
    path = os.path.join(directory, "openapi.json")
    with open(path, "w") as file:
        json.dump(description, file)
    return path


def run(options, shop, description, name, port, phases, *selection):
    """True where nothing was found."""
    seconds = max(5, int(options.seconds * SHARES[name]))
    command = [
        os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", description,
        "--url", f"http://127.0.0.1:{port}", "--seed", str(options.seed), "--max-time", str(seconds), "--phases", phases,
        "--request-timeout", str(MAXIMUM_SECONDS), "--continue-on-failure", "--generation-database", "none",
        "--suppress-health-check", "all", "--warnings", "off", "--no-color", "--output-sanitize", "false", *selection,
    ]
    print(f"-- {name}, {seconds} s, seed {options.seed}", file=sys.stderr, flush=True)
    begin = time.monotonic()
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": os.path.join(os.path.dirname(__file__), "hooks.py")}
    try:
        done = subprocess.run(
            command, env=environment, cwd=shop.scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=4 * seconds + 120)
    except subprocess.TimeoutExpired as error:
        print(f"{name}: it hangs\n{(error.stdout or b'').decode()[-3000:]}")
        return False
    counts = [line.strip() for line in done.stdout.splitlines() if " generated" in line]
    tail = done.stdout[-6000:] if done.returncode else "\n".join(counts)
    print(f"{tail}\n{name}: exit code {done.returncode} after {time.monotonic() - begin:.0f} s", flush=True)
    return done.returncode == 0


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="stampede-schemathesis-") as directory, Shop(options) as shop:
        description = narrowed(options.root, directory)
        put(shop, shop.base + 1, "/admin/products", {"products": [PRODUCT]})
        put(shop, shop.base + 2, "/admin/stock", {"key": "first", "stock": [{"productId": "P-0001", "available": 10**12}]})
        bearer = ("--header", "Authorization: Bearer " + token(shop))
        pids = {name: shop.pid(name) for name in ("order-service", "inventory-service", "analytics-service")}
        whole = "examples,coverage,fuzzing"
        usual = ("--exclude-checks", "use_after_free")
        results = [
            run(options, shop, description, "checkout", shop.base, whole + ",stateful", "--include-tag", "checkout",
                "--include-tag", "pages", "--exclude-checks", "use_after_free,ignored_auth"),
            run(options, shop, description, "order admin", shop.base + 1, whole, "--include-tag", "admin",
                "--include-tag", "operator", "--exclude-path", "/admin/stock", *bearer, *usual),
            run(options, shop, description, "inventory admin", shop.base + 2, whole, "--include-tag", "admin",
                "--include-tag", "operator", "--exclude-path", "/admin/products", *bearer, *usual),
            run(options, shop, description, "dashboard", shop.base + 5, whole, "--include-tag", "dashboard", *usual),
        ]
        for name, pid in pids.items():
            if shop.pid(name) != pid:
                print(f"{name} died: {shop.data}/logs/{name}.log")
                results.append(False)
    if not all(results):
        print(f"'Scripts/lib/schemathesis --seed {options.seed}' sends the same again", file=sys.stderr)
    sys.exit(0 if all(results) else 1)


main()
