// Makes and refreshes parts of a page. Text becomes text, never markup: nothing here, or anywhere, sets innerHTML.

/** An element with properties and children; a string is a text. */
export function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
        if (key.includes("-") || key === "role") made.setAttribute(key, value);
        else made[key] = value;
    }
    made.append(...children);
    return made;
}

/** An SVG element with attributes and children. */
export function shape(name, attributes = {}, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
}

export const byId = (id) => document.getElementById(id);

/** Sets a text only where it differs, so that a selection, and a screen reader's place, survive. */
export function say(target, text) {
    if (target.textContent !== text) target.textContent = text;
}

/**
 * Shows one child a value, keeping the children there are.
 * @param make an empty child  @param fill what a child shows of a value
 */
export function list(parent, values, make, fill) {
    while (parent.children.length > values.length) parent.lastElementChild.remove();
    while (parent.children.length < values.length) parent.append(make());
    values.forEach((value, index) => fill(parent.children[index], value, index));
}

/** A row maker for `list`: cells of these classes, the first one a row's heading. */
export const row = (...classes) => () =>
    element("tr", {}, ...classes.map((name, index) =>
        index === 0 ? element("th", { scope: "row", className: name }) : element("td", { className: name })));

/** Copies a command, and says so on the button for a moment. */
export function copyButton(text) {
    const button = element("button", { type: "button", className: "copy" }, "Copy");
    button.setAttribute("aria-label", `Copy ${text}`);
    button.addEventListener("click", async () => {
        say(button, await copy(text) ? "Copied" : "Not allowed");
        setTimeout(() => say(button, "Copy"), 1500);
    });
    return button;
}

/** Whether the text was copied. `navigator.clipboard` exists only in secure contexts: not over plain HTTP from elsewhere. */
async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        const before = document.activeElement;
        const field = element("textarea", { value: text, className: "unseen", "aria-hidden": "true" });
        document.body.append(field);
        field.select();
        const isCopied = document.execCommand("copy");
        field.remove();
        before?.focus();
        return isCopied;
    }
}
