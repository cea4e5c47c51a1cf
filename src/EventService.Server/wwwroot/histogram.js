const [width, height] = [640, 400];
const frame = { left: 72, right: 16, top: 16, bottom: 56 };

function shape(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }

  made.textContent = text;
  return made;
}

/** Four to eight round numbers from low to high. */
export function ticks(low, high) {
  const power = 10 ** Math.floor(Math.log10((high - low) / 4));
  const step = [5, 2.5, 2, 1].map(s => s * power).find(s => (high - low) / s >= 4) ?? power;
  const made = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
    made.push(Number((k * step).toPrecision(12)));
  }

  return made;
}

/** Counts with statistical error bars, axes with units. */
export function drawHistogram(figure, histogram) {
  const { column, unit, description, edges, counts, errors, events, entries, underflow, overflow, receipt } = histogram;
  const [low, high] = [edges[0], edges.at(-1)];
  const top = 1.05 * Math.max(1, ...counts.map((c, k) => c + errors[k]));
  const x = value => frame.left + (value - low) / (high - low) * (width - frame.left - frame.right);
  const y = value => height - frame.bottom - value / top * (height - frame.top - frame.bottom);
  const label = unit === "1" ? column : `${column} [${unit}]`;
  const summary = `${entries.toLocaleString("en")} entries of ${label} in ${events.toLocaleString("en")} events of ${receipt.process}, seed ${receipt.seed}` +
    `; below the axis ${underflow.toLocaleString("en")}, above it ${overflow.toLocaleString("en")}`;

  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary });
  const outline = [`M${x(low)},${y(0)}`, ...counts.map((c, k) => `V${y(c)}H${x(edges[k + 1])}`), `V${y(0)}Z`].join("");
  svg.append(shape("path", { class: "bars", d: outline }));
  const bars = shape("g", { class: "errors" });
  counts.forEach((c, k) => {
    if (c > 0) {
      const middle = x((edges[k] + edges[k + 1]) / 2);
      bars.append(shape("line", { x1: middle, x2: middle, y1: y(c - errors[k]), y2: y(c + errors[k]) }));
    }
  });
  svg.append(bars, shape("path", { class: "axis", d: `M${frame.left},${frame.top}V${y(0)}H${width - frame.right}` }));
  for (const tick of ticks(low, high)) {
    svg.append(shape("path", { class: "axis", d: `M${x(tick)},${y(0)}v6` }), shape("text", { x: x(tick), y: y(0) + 21, "text-anchor": "middle" }, tick.toLocaleString("en")));
  }

  for (const tick of ticks(0, top)) {
    svg.append(shape("path", { class: "axis", d: `M${frame.left},${y(tick)}h-6` }), shape("text", { x: frame.left - 10, y: y(tick) + 4.5, "text-anchor": "end" }, tick.toLocaleString("en")));
  }

  const binWidth = Number((edges[1] - edges[0]).toPrecision(3)).toLocaleString("en");
  const vertical = unit === "1" ? "Entries" : `Entries / ${binWidth} ${unit}`;
  svg.append(
    shape("text", { x: width - frame.right, y: height - 12, "text-anchor": "end" }, label),
    shape("text", { transform: `translate(18 ${frame.top}) rotate(-90)`, "text-anchor": "end" }, vertical));
  const caption = document.createElement("figcaption");
  caption.textContent = `${description ? `${description}. ` : ""}${summary}. Bars: square root of the entries.`;
  figure.replaceChildren(svg, caption);
  figure.dataset.entries = entries;
}
