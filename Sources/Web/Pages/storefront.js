// The shop window: products, what is left of them, and the way into the basket.

import { byId, element, list, say } from "./elements.js";
import { count, money } from "./format.js";
import { Basket } from "./basket.js";
import { Checkout } from "./checkout.js";
import { OrderPage } from "./order.js";

/** Of a large catalogue, as many as a reader can take in; the others are found by name. */
const maximumShown = 60;
const stockInterval = 2000;
/** Prices change seldom; a checkout reads them once more. */
const catalogueInterval = 30_000;
const requestTimeout = 5000;

const basket = new Basket(byId("basket-lines"), () => showBasket());
const orderPage = new OrderPage();
const checkout = new Checkout(basket, readCatalogue, (order, remark) => orderPage.open(order, remark));
let products = [];
let pieces = null;
let isBasketInView = false;

/** Whether the catalogue was read. */
async function readCatalogue() {
    try {
        const answer = await fetch("/v1/products", { signal: AbortSignal.timeout(requestTimeout) });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        ({ products } = await answer.json());
    } catch {
        return false;
    }
    basket.know(products);
    showProducts();
    return true;
}

async function followCatalogue() {
    const isRead = document.hidden ? products.length > 0 : await readCatalogue();
    if (!isRead) say(byId("shelf-note"), "The shop does not answer; trying again …");
    setTimeout(followCatalogue, isRead && products.length > 0 ? catalogueInterval : stockInterval);
}

function showProducts() {
    const wanted = byId("find").value.trim().toLowerCase();
    const found = products.filter(({ name, productId }) => `${name} ${productId}`.toLowerCase().includes(wanted));
    list(byId("products"), found.slice(0, maximumShown), emptyProduct, showProduct);
    const more = found.length - maximumShown;
    say(byId("shelf-note"), products.length === 0 ? "The shelves are empty. “flash-sale run” stocks them."
        : found.length === 0 ? "No product is called that."
        : more > 0 ? `and ${count(more)} more; find them by name` : "");
}

function emptyProduct() {
    const button = element("button", { type: "button" }, "Add to basket");
    button.addEventListener("click", () => {
        const said = basket.add(button.value);
        // The same words again are read out again.
        say(byId("basket-said"), "");
        say(byId("basket-said"), `${button.dataset.name}: ${said}`);
        say(button.nextElementSibling, said);
    });
    return element("li", {},
        element("p", { className: "name" }), element("p", { className: "id soft" }),
        element("p", { className: "price" }), element("p", { className: "left" }), button, element("p", { className: "wanted" }));
}

function showProduct(item, product) {
    const [name, id, price, left, button, wanted] = item.children;
    say(name, product.name);
    say(id, product.productId);
    say(price, money(product.price.amount, product.price.currency));
    const pieces = piecesOf(product.productId);
    say(left, pieces === null ? "stock not known here" : pieces > 0 ? `${count(pieces)} left` : "sold out, as far as is known");
    left.className = pieces !== null && pieces <= 0 ? "left warn" : "left soft";
    button.value = product.productId;
    button.dataset.name = product.name;
    button.setAttribute("aria-label", `Add ${product.name} to the basket`);
    const quantity = basket.quantityOf(product.productId);
    say(wanted, quantity > 0 ? `${count(quantity)} in the basket` : "");
}

const piecesOf = (product) => (pieces === null ? null : pieces[product] ?? 0);

/** What Inventory has said so far. A hint: the answer comes with the order. */
async function followStock() {
    if (!document.hidden) {
        let maximum;
        try {
            const answer = await fetch("/storefront/stock", { signal: AbortSignal.timeout(requestTimeout) });
            if (!answer.ok) throw new Error(`status ${answer.status}`);
            const stock = await answer.json();
            pieces = stock.pieces ?? null;
            maximum = stock.maximumQuantity;
            say(byId("stock-note"), pieces !== null ? "Stock as Inventory last told it; it decides when you order."
                : stock.behind > 0 ? `Counting stock: ${count(stock.behind)} events to go.`
                : "Stock is not known here; Inventory decides when you order.");
        } catch {
            pieces = null;
            say(byId("stock-note"), "The shop does not answer; trying again …");
        }
        basket.knowStock(pieces, maximum);
    }
    setTimeout(followStock, stockInterval);
}

function showBasket() {
    const number = basket.pieces;
    const total = basket.totals.map(([currency, amount]) => money(amount, currency)).join(" + ");
    byId("basket-empty").hidden = number > 0;
    byId("basket-lost").hidden = basket.isKept;
    say(byId("basket-total"), number === 0 ? "" : `Total ${total}`);
    say(byId("basket-bar-pieces"), number === 1 ? "1 piece" : `${count(number)} pieces`);
    say(byId("basket-bar-total"), total);
    showBar();
    checkout.update();
    if (products.length > 0) showProducts();
}

/** On a narrow screen the basket is far below: a bar leads there while it cannot be seen. */
function showBar() {
    byId("basket-bar").hidden = isBasketInView || basket.pieces === 0;
}

new IntersectionObserver(([entry]) => {
    isBasketInView = entry.isIntersecting;
    showBar();
}).observe(byId("basket"));
byId("find").addEventListener("input", showProducts);
basket.show();
followCatalogue();
followStock();
