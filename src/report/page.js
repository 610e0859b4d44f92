// The table of sites: filtered on every change, a hundred rows at first and more on request.
const data = JSON.parse(document.getElementById("data").textContent);
const form = document.querySelector("form");
const list = document.getElementById("sites");
const count = document.getElementById("count");
const more = document.getElementById("more");
const STEP = 100;
let shown = [];

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function choices(name, values) {
  const select = form.elements[name];
  for (const value of [...new Set(values)].filter(Boolean).sort()) select.append(element("option", value));
}

function wanted() {
  const value = (name) => form.elements[name].value;
  const exact = [["function", value("function")], ["mnemonic", value("instruction")], ["template", value("template")],
    ["reason", value("reason")]].filter(([, wanted]) => wanted);
  const text = value("text").trim().toLowerCase();
  return (site) => exact.every(([field, wanted]) => site[field] === wanted) &&
    (!text || [site.address, site.symbol, site.instruction, site.shape].some((part) => part.toLowerCase().includes(text)));
}

function listing(lines) {
  return lines.map(([address, word, text]) => `${address}  ${word}  ${text}`).join("\n");
}

function open(row, site) {
  if (row.childElementCount > 1) return;
  const body = element("div", undefined, "open");
  const old = element("div");
  old.append(element("b", "was"), element("pre", listing([[site.address, site.old, site.instruction]])));
  const now = element("div");
  if (site.template) {
    const code = site.trampoline ? data.trampolines[site.trampoline] : [];
    now.append(element("b", `is: ${site.template}, ${site.shape}`),
      element("pre", listing([[site.address, site.new, site.becomes], ...code])));
  } else {
    now.append(element("b", `left alone: ${site.reason}`));
  }
  for (const sentence of site.proof) now.append(element("p", sentence));
  body.append(old, now);
  row.append(body);
}

function row(site) {
  const made = element("details");
  const summary = element("summary");
  for (const text of [site.address, site.symbol, site.instruction, site.template || site.reason, site.shape]) {
    summary.append(element("span", text));
  }
  if (!site.template) summary.lastChild.previousSibling.style.color = "var(--left)";
  made.append(summary);
  made.addEventListener("toggle", () => open(made, site));
  return made;
}

function extend() {
  const next = shown.slice(list.childElementCount, list.childElementCount + STEP);
  list.append(...next.map(row));
  more.hidden = list.childElementCount >= shown.length;
}

function filter() {
  shown = data.sites.filter(wanted());
  list.replaceChildren();
  count.textContent = `${shown.length} of ${data.sites.length} sites`;
  extend();
}

choices("instruction", data.sites.map((site) => site.mnemonic));
choices("template", data.sites.map((site) => site.template));
choices("reason", data.sites.map((site) => site.reason));
form.addEventListener("input", filter);
form.addEventListener("reset", () => setTimeout(filter));
form.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", extend);
document.querySelector(".map").addEventListener("click", (event) => {
  if (!event.target.title) return;
  form.elements.function.value = event.target.dataset.name;
  filter();
  form.scrollIntoView();
});
grid(document.querySelector(".map"), "button:enabled");
filter();
