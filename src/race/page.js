// A cell opens the trace of its injection; the form chooses rows.
const traces = JSON.parse(document.getElementById("data").textContent);
const dialog = document.querySelector("dialog");
const form = document.querySelector("form");
const text = (number) => traces.texts[number];

function line(cells) {
  const row = document.createElement("tr");
  for (const cell of cells) {
    const made = document.createElement("td");
    made.textContent = cell;
    row.append(made);
  }
  return row;
}

function eventLine(event) {
  const row = line(["", `-- ${event}`]);
  row.className = "event";
  row.lastChild.colSpan = 6;
  return row;
}

function show(cell) {
  const trace = traces.cells[cell];
  const [template, original, setting, token] = trace.title.map(text);
  dialog.querySelector("h2").textContent = template;
  dialog.querySelector("p").textContent = `${original.trim()}; ${setting}`;
  dialog.querySelector("code").textContent = `ppcpv race --replay ${token}`;
  const body = dialog.querySelector("tbody");
  body.replaceChildren();
  for (const [address, instruction, flags, hold, page, ...events] of trace.steps) {
    for (const event of events) body.append(eventLine(text(event)));
    body.append(line([address.toString(16), text(instruction), flags & 1 ? "EE" : "", flags & 2 ? "critical" : "",
      flags & 4 ? "pending" : "", text(hold), text(page)]));
  }
  dialog.showModal();
  dialog.querySelector("h2").focus();
  const raised = [...body.children].find((row) => row.className && row.textContent.endsWith("raised"));
  raised?.scrollIntoView({ block: "center" });
}

document.querySelector("#rows").addEventListener("click", (event) => {
  const cell = event.target.dataset.cell;
  if (cell !== undefined) show(Number(cell));
});
const renew = grid(document.querySelector("#rows"), ".strip button");
form.addEventListener("input", () => {
  const wanted = (name) => form.elements[name].value;
  for (const row of document.querySelectorAll("#rows tr")) {
    row.hidden = (wanted("policy") && row.dataset.policy !== wanted("policy")) ||
      (form.elements.findings.checked && row.dataset.clean === "true");
  }
  renew();
});
form.addEventListener("submit", (event) => event.preventDefault());
