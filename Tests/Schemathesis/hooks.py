"""Loaded by Schemathesis, see README.md: what no schema can say of good requests."""
import json
import uuid

import schemathesis

TOKENS = {}  # of the orders that were placed, by id


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if not (meta and meta.generation.mode.is_positive):
        return
    if case.operation.label == "POST /v1/orders" and case.headers:
        # A key of its own for each order: drawn ones come twice, with other bodies.
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.operation.label.endswith("orders/{id}") and case.headers is not None:
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
