"""Loaded by Schemathesis, see README.md: what no schema can say of good requests."""
import json
import uuid

import schemathesis

TOKENS = {}  # of the orders that were placed, by id
OPENED = ("/v1/orders/{id}", "/storefront/orders/{id}")


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if not (meta and meta.generation.mode.is_positive):
        return
    if case.operation.label == "POST /v1/orders" and case.headers:
        # A key of its own for each order: drawn ones come twice, with other bodies.
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.operation.path in OPENED and case.headers is not None:
        # Whoever placed an order has its token; of any other one nobody has.
        token = TOKENS.get((case.path_parameters or {}).get("id"))
        if token:
            case.headers["Authorization"] = "Bearer " + token
    if case.operation.label == "PUT /admin/stock" and isinstance(case.body, dict):
        # Each product once.
        case.body["stock"] = list({row["productId"]: row for row in case.body["stock"]}.values())


@schemathesis.hook
def after_call(context, case, response):
    if case.operation.label == "POST /v1/orders" and response.status_code == 202:
        answer = json.loads(response.content)
        TOKENS[answer["orderId"]] = answer["token"]


@schemathesis.check
def opened_by_its_own_token(context, response, case):
    """An order opens for the token of its 202, and for nothing else."""
    if case.operation.path in OPENED and response.status_code < 300:
        sent = response.request.headers.get("Authorization")
        mine = TOKENS.get((case.path_parameters or {}).get("id"))
        assert mine and sent == "Bearer " + mine, f"opened by {sent}"
