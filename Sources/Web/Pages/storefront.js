// The shop window: products, what is left of them, and the way into the basket.

import { byId, element, list, say } from "./elements.js";
import { count, money } from "./format.js";
import { Basket } from "./basket.js";
import { Checkout } from "./checkout.js";
import { OrderPage } from "./order.js";

/** Of a large catalogue, as many as a reader can take in; the others are found by name. */
const maximumShown = 60;
const between = 2000;

const basket = new Basket(byId("basket-lines"), showBasket);
const orderPage = new OrderPage();
const checkout = new Checkout(basket, (order) => orderPage.open(order));
let products = [];
let pieces = null;

async function loadProducts() {
    try {
        const answer = await fetch("/v1/products");
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        ({ products } = await answer.json());
        basket.know(products);
        showProducts();
    } catch {
        say(byId("shelf-note"), "The catalogue does not open; trying again …");
        setTimeout(loadProducts, between);
    }
}

function showProducts() {
    const wanted = byId("find").value.trim().toLowerCase();
    const found = products.filter(({ name, productId }) => `${name} ${productId}`.toLowerCase().includes(wanted));
    list(byId("products"), found.slice(0, maximumShown), emptyProduct, showProduct);
    const more = found.length - maximumShown;
    say(byId("shelf-note"), products.length === 0 ? "The shelves are empty. flash-sale run stocks them."
        : found.length === 0 ? "No product is called that."
        : more > 0 ? `and ${count(more)} more; find them by name` : "");
}

function emptyProduct() {
    const button = element("button", { type: "button" }, "Add to basket");
    button.addEventListener("click", () => basket.add(button.value, 1));
    return element("li", {},
        element("p", { className: "name" }), element("p", { className: "id soft" }),
        element("p", { className: "price" }), element("p", { className: "left" }), button);
}

function showProduct(item, product) {
    const [name, id, price, left, button] = item.children;
    say(name, product.name);
    say(id, product.productId);
    say(price, money(product.price.amount, product.price.currency));
    const pieces = piecesOf(product.productId);
    say(left, pieces === null ? "stock not known here" : pieces > 0 ? `${count(pieces)} left` : "sold out, as far as is known");
    left.className = pieces !== null && pieces <= 0 ? "left warn" : "left soft";
    button.value = product.productId;
    button.setAttribute("aria-label", `Add ${product.name} to the basket`);
}

const piecesOf = (product) => (pieces === null ? null : pieces[product] ?? 0);

/** What Inventory has said so far. A hint: the answer comes with the order. */
async function lookAtStock() {
    if (!document.hidden) {
        try {
            const stock = await (await fetch("/storefront/stock")).json();
            pieces = stock.pieces ?? null;
            say(byId("stock-note"), pieces !== null ? "Stock as Inventory last told it; it decides when you order."
                : stock.behind > 0 ? `Counting stock: ${count(stock.behind)} events to go.`
                : "Stock is not known here; Inventory decides when you order.");
        } catch {
            pieces = null;
            say(byId("stock-note"), "The shop does not answer; trying again …");
        }
        if (products.length > 0) showProducts();
    }
    setTimeout(lookAtStock, between);
}

function showBasket() {
    byId("basket-empty").hidden = basket.lines.length > 0;
    const { totals } = basket;
    const text = totals.map(([currency, amount]) => money(amount, currency)).join(" + ");
    say(byId("basket-total"), basket.lines.length === 0 ? "" : `Total ${text}`);
    checkout?.update();
}

byId("find").addEventListener("input", showProducts);
loadProducts();
lookAtStock();
