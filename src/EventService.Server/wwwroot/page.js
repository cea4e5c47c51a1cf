import { drawHistogram } from "./histogram.js";

const field = id => document.getElementById(id);
let processes = [];
let version = null; // the document of the chosen model's version in production

async function ask(path, options = {}) {
  const headers = field("key").value ? { Authorization: `Bearer ${field("key").value}` } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The server does not answer. Is it running?");
  }

  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Error(problem.detail ?? `The server answers ${response.status} ${response.statusText}.`);
  }

  return response.json();
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }

  return made;
}

function choose(select, values) {
  const before = select.value;
  select.replaceChildren(...values.map(v => element("option", v)));
  if (values.includes(before)) {
    select.value = before;
  }
}

function problem(sentence) {
  field("problem").textContent = sentence;
}

/* The request ------------------------------------------------------------------------------------------------------- */

function served() {
  return processes.filter(p => p.models.some(m => m.production !== null));
}

function modelsOf(process) {
  return (processes.find(p => p.process === process)?.models ?? []).filter(m => m.production !== null);
}

async function showProcess() {
  const models = modelsOf(field("process").value);
  choose(field("model"), models.map(m => m.name));
  field("model-field").hidden = models.length < 2;
  await showModel();
}

async function showModel() {
  const model = modelsOf(field("process").value).find(m => m.name === field("model").value);
  if (!model) {
    return;
  }

  version = await ask(`models/${encodeURIComponent(model.name)}/versions/${model.production}`);
  const { schema, conditions, description } = version.document;
  field("about").textContent = `${model.name} version ${model.production}: ${description}`;

  field("conditions").hidden = conditions.length === 0;
  field("conditions").querySelector(".fields").replaceChildren(...conditions.map(c => {
    const label = element("label", `${c.name} [${c.unit}], ${c.minimum} to ${c.maximum} `, { title: c.description });
    const points = c.trainedPoints.length > 0 ? c.trainedPoints : [c.minimum];
    label.append(element("input", "", {
      type: "number", name: c.name, min: c.minimum, max: c.maximum, step: "any", value: points[Math.floor(points.length / 2)],
    }));
    return label;
  }));

  const arrays = (schema.arrays ?? []).map(a => a.name);
  const names = [...schema.scalars.map(s => s.name), ...schema.collections.map(c => c.name), ...arrays];
  field("columns").replaceChildren(...names.map(name => {
    const label = element("label", "");
    label.append(element("input", "", { type: "checkbox", value: name }), ` ${name}`);
    return label;
  }));
  const columns = [
    ...schema.scalars.filter(s => s.name !== "weight").map(s => s.name),
    ...schema.collections.flatMap(c => [`n${c.name}`, ...c.columns.map(x => `${c.name}_${x.name}`), ...c.columns.slice(0, 1).map(x => `${c.name}_${x.name}[0]`)]),
    ...arrays,
  ];
  choose(field("column"), columns);
  showLines();
}

/** What names the events, for /generate and /histogram alike. */
function events() {
  const query = new URLSearchParams({ process: field("process").value });
  if (modelsOf(field("process").value).length > 1) {
    query.set("model", field("model").value);
  }

  for (const input of field("conditions").querySelectorAll("input")) {
    query.set(input.name, input.value);
  }

  for (const name of ["seed", "cut"]) {
    if (field(name).value.trim()) {
      query.set(name, field(name).value.trim());
    }
  }

  return query;
}

function generateQuery() {
  const query = events();
  query.set("n", field("n").value.trim());
  query.set("format", field("format").value);
  const columns = [...field("columns").querySelectorAll("input:checked")].map(c => c.value);
  if (columns.length > 0) {
    query.set("columns", columns.join(","));
  }

  if (field("logDensity").checked) {
    query.set("logDensity", "true");
  }

  return query;
}

/** As people write it: commas, brackets and comparisons stay what they are, where a shell and a server take them so. */
function readable(query) {
  return query.toString().replaceAll("%2C", ",").replaceAll("%5B", "[").replaceAll("%5D", "]");
}

const endings = {
  npy: { file: "events.npy", read: "np.load(io.BytesIO(answer.read()))", imports: "import io, urllib.request\nimport numpy as np" },
  jsonl: { file: "events.jsonl", read: "[json.loads(line) for line in answer]", imports: "import json, urllib.request" },
  "dm-csv": { file: "events.csv", read: "answer.read().decode().splitlines()", imports: "import urllib.request" },
};

function showLines() {
  const address = `${location.origin}/generate?${readable(generateQuery())}`;
  const { file, read, imports } = endings[field("format").value];
  const hasKey = field("key").value !== "";
  const curlKey = hasKey ? ` -H "Authorization: Bearer $EVENTSERVICE_KEY"` : "";
  const pythonKey = hasKey ? `, headers={"Authorization": "Bearer " + os.environ["EVENTSERVICE_KEY"]}` : "";
  field("curl").textContent = `curl --fail-with-body -g -o ${file} -X POST${curlKey} '${address.replaceAll("'", "%27")}'`;
  field("python").textContent =
    `${hasKey ? imports.replace("import ", "import os, ") : imports}\n` +
    `request = urllib.request.Request(${JSON.stringify(address)}, method="POST"${pythonKey})\n` +
    `with urllib.request.urlopen(request) as answer:\n    events = ${read}`;
}

/* The histogram ----------------------------------------------------------------------------------------------------- */

let asked = 0;

async function look() {
  const mine = ++asked;
  const query = events();
  query.set("n", "10000");
  query.set("column", field("column").value);
  for (const name of ["bins", "range"]) {
    if (field(name).value.trim()) {
      query.set(name, field(name).value.trim());
    }
  }

  try {
    const answer = await ask(`histogram?${query}`, { method: "POST" });
    if (mine === asked) {
      problem("");
      drawHistogram(field("histogram"), answer);
    }
  } catch (error) {
    if (mine === asked) {
      field("histogram").replaceChildren();
      problem(error.message);
    }
  }
}

/* Models and jobs --------------------------------------------------------------------------------------------------- */

function table(where, head, rows, nothing) {
  const scroll = field(where).querySelector(".scroll");
  if (rows.length === 0) {
    scroll.replaceChildren(element("p", nothing, { class: "quiet" }));
    return;
  }

  const made = element("table", "");
  made.append(element("thead", ""), element("tbody", ""));
  made.tHead.insertRow().append(...head.map(h => element("th", h, { scope: "col" })));
  for (const row of rows) {
    const cells = made.tBodies[0].insertRow();
    for (const cell of row) {
      const td = cells.insertCell();
      td.append(cell ?? "–");
    }
  }

  scroll.replaceChildren(made);
}

function cardOf(name, v) {
  const path = `models/${encodeURIComponent(name)}/versions/${v.version}/card`;
  return v.validated === null ? "no card" : element("a", v.validated ? "card passes" : "card does not pass", { href: path });
}

async function showModels() {
  const models = await ask("models");
  table("models", ["Model", "Process", "Version", "Aliases", "Validation", "sha256", "Created"], models.flatMap(m => m.versions.map(v => [
    m.name, m.process, element("a", v.version, { href: `models/${encodeURIComponent(m.name)}/versions/${v.version}` }),
    Object.entries(m.aliases).filter(([, number]) => number === v.version).map(([alias]) => alias).join(" ") || null,
    cardOf(m.name, v), v.sha256.slice(0, 12), v.createdAt.slice(0, 16).replace("T", " "),
  ])), "No model is registered yet.");
}

async function showJobs() {
  const jobs = await ask("jobs?limit=20");
  table("jobs", ["Job", "State", "Process", "Events", "Done", "Time left", "Note"], jobs.map(j => [
    element("a", j.id, { href: `jobs/${j.id}` }), j.state, j.receipt.process, j.n.toLocaleString("en"), `${(100 * j.done / j.n).toFixed(1)} %`,
    j.secondsLeft === null ? null : `${Math.ceil(j.secondsLeft).toLocaleString("en")} s`, j.error,
  ]), "No jobs yet.");
}

async function list(where, show) {
  try {
    await show();
  } catch (error) {
    field(where).querySelector(".scroll").replaceChildren(element("p", error.message, { class: "problem" }));
  }
}

/* Start ------------------------------------------------------------------------------------------------------------- */

async function start() {
  try {
    processes = await ask("processes");
    choose(field("process"), served().map(p => p.process));
    await showProcess();
    if (version) {
      await look();
    } else {
      problem("No model is in production yet. Publish one with 'eventservice models publish' and promote it.");
    }
  } catch (error) {
    problem(error.message);
  }

  await Promise.all([list("models", showModels), list("jobs", showJobs)]);
}

const attempt = work => work().catch(error => problem(error.message));

field("origin").textContent = location.origin;
field("form").addEventListener("submit", event => event.preventDefault());
field("form").addEventListener("input", showLines);
field("process").addEventListener("change", () => attempt(async () => { await showProcess(); await look(); }));
field("model").addEventListener("change", () => attempt(async () => { await showModel(); await look(); }));
field("key").addEventListener("change", start);
field("column").addEventListener("change", look);
field("histogram-form").addEventListener("submit", event => {
  event.preventDefault();
  look();
});
for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field(button.dataset.copies).textContent);
      field("copied").textContent = "Copied.";
    } catch {
      field("copied").textContent = "The browser does not let this page copy; mark the text instead.";
      getSelection().selectAllChildren(field(button.dataset.copies));
    }
  });
}

start();
