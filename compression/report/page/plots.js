// Scatter plots of quality against cost: a line for each method, with and without tuning.

const SIGNS = {
  circle: r => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  square: r => `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
  triangle: r => `M0 ${-1.25 * r}L${1.15 * r} ${0.85 * r}H${-1.15 * r}z`,
  diamond: r => `M0 ${-1.35 * r}L${1.35 * r} 0L0 ${1.35 * r}L${-1.35 * r} 0z`,
  cross: r => `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`,
  star: r => `M${-1.4 * r} 0H${1.4 * r}M0 ${-1.4 * r}V${1.4 * r}M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`,
};

function sign(variant, x, y) {
  const colour = colourOf(variant);
  return svgElement("path", {
    class: "mark",
    d: SIGNS[signOf(variant)](4.2),
    transform: `translate(${x} ${y})`,
    stroke: colour,
    fill: variant.tuned ? colour : "var(--paper)"
  });
}

// Round numbers of a logarithmic axis that stand at least `apart` pixels, and their own text's width, from each other.
function logarithmicTicks(low, high, pixels, apart) {
  let ticks = [];
  for (const steps of [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 3, 5], [1, 2, 5], [1, 3], [1]]) {
    ticks = [];
    for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)); ++power) {
      for (const step of steps) {
        const tick = Number((step * 10 ** power).toPrecision(2));
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    const gaps = ticks.slice(1).map((tick, i) => pixels(tick) - pixels(ticks[i]));
    const widest = Math.max(0, ...ticks.map(tick => 7 * tick.toString().length + 8));
    if (gaps.every(gap => gap >= Math.max(apart, widest))) break;
  }
  return ticks.length > 1 ? ticks : ticksOfAShortAxis(low, high);
}

// Where the figures lie so near one another that hardly one of the numbers above is between them: at most five.
function ticksOfAShortAxis(low, high) {
  const least = (high - low) / 4, power = 10 ** Math.floor(Math.log10(least));
  const step = power * [1, 2, 5, 10].find(s => s * power >= least);
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high; ++k) ticks.push(Number((k * step).toPrecision(6)));
  return ticks;
}

function linearTicks(low, high, most) {
  const step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1].find(s => (high - low) / s <= most) ?? 1;
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9; ++k) ticks.push(Number((k * step).toFixed(6)));
  const decimals = Math.max(1, Math.ceil(-Math.log10(step) - 1e-9) + (step === 0.25 ? 1 : 0));
  return {ticks, text: tick => tick.toFixed(decimals)};
}

// What is drawn, with its place in figures: [{variant, x, y, interval}].
function pointsOf(cost, measure, least = -Infinity) {
  return report.variants
      .filter(v => known(cost.value(v)) && cost.value(v) > 0 && known(meanOf(v, measure)) && meanOf(v, measure) >= least)
      .map(variant => ({
             variant,
             x: cost.value(variant) * cost.scale,
             y: meanOf(variant, measure),
             interval: variant[measure.key]?.interval ?? null
           }));
}

function axes(points, measure, width, height) {
  const box = {left: 50, top: 12, right: width - 14, bottom: height - 46};
  const xs = points.map(p => p.x);
  const wide = Math.max(Math.log10(Math.max(...xs) / Math.min(...xs)), 0.1) * 0.07 + 0.01;
  const low = Math.min(...xs) / 10 ** wide, high = Math.max(...xs) * 10 ** wide;
  const ys = points.flatMap(p => [p.y, ...(p.interval ?? [])]).concat(measure.original ?? []);
  const top = Math.max(...ys), span = Math.max(top - Math.min(...ys), 0.01);
  const yLow = Math.max(Math.min(...ys) - 0.06 * span, span > 0.5 ? -0.03 : -1), yHigh = top + 0.1 * span;
  return {
    box,
    low,
    high,
    yLow,
    yHigh,
    x: value => box.left + (Math.log10(value / low) / Math.log10(high / low)) * (box.right - box.left),
    y: value => box.bottom - ((value - yLow) / (yHigh - yLow)) * (box.bottom - box.top),
  };
}

function drawAxes(svg, to, cost, measure) {
  const {box} = to;
  const across = logarithmicTicks(to.low, to.high, to.x, 34);
  const up = linearTicks(to.yLow, to.yHigh, Math.max(4, (box.bottom - box.top) / 44));
  svg.append(
      ...across.flatMap(
          tick =>
              [svgElement("line", {class: "rule", x1: to.x(tick), x2: to.x(tick), y1: box.top, y2: box.bottom}),
               svgElement("text", {x: to.x(tick), y: box.bottom + 16, "text-anchor": "middle"}, tick.toString())]),
      ...up.ticks.flatMap(
          tick =>
              [svgElement("line", {class: "rule", x1: box.left, x2: box.right, y1: to.y(tick), y2: to.y(tick)}),
               svgElement("text", {x: box.left - 6, y: to.y(tick) + 4, "text-anchor": "end"}, up.text(tick))]),
      svgElement("rect", {class: "frame", x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top}),
      svgElement(
          "text", {class: "title", x: (box.left + box.right) / 2, y: box.bottom + 36, "text-anchor": "middle"},
          `${cost.title} (${cost.unit}, logarithmic)`),
      svgElement(
          "text", {class: "title", "text-anchor": "middle", transform: `translate(12 ${(box.top + box.bottom) / 2}) rotate(-90)`},
          measure.title));
}

// A line and its signs for each method, tuned and not.
function drawSeries(svg, points, to) {
  const series = new Map();
  for (const point of points) {
    if (point.variant === original) continue;
    const name = methodText(point.variant);
    series.set(name, [...(series.get(name) ?? []), point]);
  }
  for (const line of series.values()) {
    line.sort((a, b) => a.x - b.x);
    const {variant} = line[0];
    svg.append(svgElement("polyline", {
      class: "series-line" + (variant.tuned ? "" : " untuned"),
      stroke: colourOf(variant),
      points: line.map(p => `${to.x(p.x).toFixed(1)},${to.y(p.y).toFixed(1)}`).join(" ")
    }));
  }
  for (const point of points) {
    if (!point.interval) continue;
    const x = to.x(point.x), [low, high] = point.interval.map(to.y);
    svg.append(svgElement(
        "path", {class: "bar", stroke: colourOf(point.variant), d: `M${x - 3} ${low}h6M${x} ${low}V${high}M${x - 3} ${high}h6`}));
  }
  return [...series.values()];
}

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

// Where there is no level, what the name says beyond the method, if that is short: more would hide the lines.
function labelOf(variant) {
  if (known(variant.level)) return String(variant.level);
  const own = variant.name.startsWith(variant.method + "-") ? variant.name.slice(variant.method.length + 1) : variant.name;
  return own.length > 10 ? null : own;
}

// The levels beside their points, where they hide least; one without a free place is left to the hover text.
function drawLabels(svg, points, lines, originalDice, to) {
  const signs = points.map(p => ({left: to.x(p.x) - 8, right: to.x(p.x) + 8, top: to.y(p.y) - 8, bottom: to.y(p.y) + 8}));
  const bars =
      points.filter(p => p.interval)
          .map(p => ({left: to.x(p.x) - 3, right: to.x(p.x) + 3, top: to.y(p.interval[1]), bottom: to.y(p.interval[0])}));
  const traces = lines.flatMap(line => line.slice(1).flatMap((p, i) => [0.15, 0.3, 0.45, 0.6, 0.75, 0.9].map(t => {
    const x = to.x(line[i].x) * (1 - t) + to.x(p.x) * t, y = to.y(line[i].y) * (1 - t) + to.y(p.y) * t;
    return {left: x - 2, right: x + 2, top: y - 2, bottom: y + 2};
  })));
  if (known(originalDice)) {
    const y = to.y(originalDice);
    for (let x = to.box.left; x < to.box.right; x += 12) traces.push({left: x, right: x + 12, top: y - 1, bottom: y + 1});
  }
  const taken = [];
  for (const [i, {variant}] of points.entries()) {
    if (variant === original) continue;
    const text = labelOf(variant);
    if (!text) continue;
    const width = 6.6 * text.length + 2, x = to.x(points[i].x), y = to.y(points[i].y);
    let best = null;
    for (const [ring, reach] of [14, 20, 29, 40].entries()) {
      for (const [turn, angle] of [-90, 90, 0, 180, -45, -135, 45, 135].entries()) {
        const cos = Math.cos(angle * Math.PI / 180), sin = Math.sin(angle * Math.PI / 180);
        const cx = x + cos * (reach + width / 2 - 4), cy = y + sin * (reach + 1);
        const place = {left: cx - width / 2, right: cx + width / 2, top: cy - 6, bottom: cy + 6, cx, cy};
        if (place.left < to.box.left + 2 || place.right > to.box.right - 1 || place.top < to.box.top ||
            place.bottom > to.box.bottom)
          continue;
        if (taken.some(other => overlap(place, other)) || signs.some(other => overlap(place, other))) continue;
        const cost = 8 * bars.filter(bar => overlap(place, bar)).length +
            3 * traces.filter(trace => overlap(place, trace)).length + 5 * ring + 0.3 * turn;
        if (!best || cost < best.cost) best = {...place, cost, far: ring > 1};
      }
    }
    if (!best) continue;
    taken.push(best);
    if (best.far) svg.append(svgElement("line", {class: "leader", x1: x, y1: y, x2: best.cx, y2: best.cy}));
    const label = svgElement("text", {class: "label", x: best.cx, y: best.cy + 4, "text-anchor": "middle"}, text);
    label.style.fill = colourOf(variant);
    svg.append(label);
  }
}

function tipLines(point, cost, measure) {
  const {variant} = point;
  const times = saving(cost, variant);
  return [
    variant.method === "original" ? "" : methodText(variant) + (known(variant.level) ? ", level " + variant.level : ""),
    `${cost.title}: ${digits(point.x)} ${cost.unit}` + (times ? ` (\u00f7 ${factor(times)})` : ""),
    cost.key === "latency" ? "on " + variant.latency.device : "",
    `${measure.title}: ${dice(point.y)}` + (point.interval ? ", 95\u00a0% " + intervalText(point.interval) : ""),
  ].filter(line => line);
}

// Hover and arrow keys show a point's figures.
function makeExplorable(figure, svg, points, to, cost, measure, front) {
  const tip = element("div", {class: "tip", role: "status", hidden: true});
  const ring = svgElement("circle", {class: "active-ring", r: 9, visibility: "hidden"});
  const ordered = [...points].sort((a, b) => a.x - b.x);
  let active = -1;
  const show = index => {
    active = index;
    const point = ordered[index];
    const [outer, inner] = [figure.getBoundingClientRect(), svg.getBoundingClientRect()];
    const scale = inner.width / svg.viewBox.baseVal.width;
    const x = to.x(point.x), y = to.y(point.y), down = inner.top - outer.top + y * scale;
    fill(ring, {cx: x, cy: y, visibility: "visible"}, []);
    tip.replaceChildren(
        element("b", {}, point.variant.name), ...tipLines(point, cost, measure).map(line => element("div", {}, line)),
        ...(front.includes(point.variant) ? [element("div", {}, "On the Pareto front")] : []));
    tip.hidden = false;
    const left = Math.min(Math.max(0, x * scale - tip.offsetWidth / 2), figure.clientWidth - tip.offsetWidth);
    const above = down - tip.offsetHeight - 14;
    tip.style.left = left + "px";
    tip.style.top = (above >= 0 ? above : down + 16) + "px";
  };
  const hide = () => {
    tip.hidden = true;
    ring.setAttribute("visibility", "hidden");
  };
  ordered.forEach((point, i) => {
    const hit = svgElement("circle", {class: "hit", cx: to.x(point.x), cy: to.y(point.y), r: 10});
    hit.addEventListener("pointerenter", () => show(i));
    hit.addEventListener("pointerleave", hide);
    svg.append(hit);
  });
  svg.append(ring);
  svg.addEventListener("keydown", event => {
    const step = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1}[event.key];
    if (event.key === "Escape") hide();
    if (!step) return;
    event.preventDefault();
    show((active + step + ordered.length) % ordered.length);
  });
  svg.addEventListener("blur", hide);
  figure.append(tip);
}

function plot(cost, measure) {
  const figure =
      element("figure", {class: "plot"}, element("figcaption", {}, `${measure.short} against ${cost.title.toLowerCase()}`));
  const all = pointsOf(cost, measure);
  const unplaced = report.variants.length - all.length;
  if (all.length < 2) {
    figure.append(element("p", {class: "muted"}, `No plot: fewer than two variants have both figures. ${cost.absent}`));
    return {figure, draw: () => {}};
  }
  const notes = [];
  if (unplaced > 0)
    notes.push(`${plural(unplaced, "variant is", "variants are")} not shown: without ${cost.title.toLowerCase()} or Dice.`);
  if (cost.key === "latency")
    notes.push(
        devices.length > 1 ? `Times of several devices (${devices.join("; ")}): compare within one only.` : `On ${devices[0]}.`);
  if (cost.key === "case_time" && report.machine) notes.push(`On ${report.machine}.`);
  // `least`: variants below it are left out, so that those near the original can be told apart.
  const draw = (width, least) => {
    const points = pointsOf(cost, measure, least);
    if (points.length === 0) {
      figure.replaceChildren(figure.firstChild, element("p", {class: "muted"}, `No variant reaches ${least}.`));
      return;
    }
    const below = all.length - points.length;
    const height = Math.round(Math.min(410, Math.max(310, width * 0.78)));
    const front = paretoFront(cost, measure, points.map(p => p.variant));
    const svg = svgElement("svg", {
      viewBox: `0 0 ${width} ${height}`,
      tabindex: 0,
      role: "img",
      "aria-label": `${measure.title} against ${cost.title.toLowerCase()}, ${
          plural(points.length, "variant")}. Arrow keys read the points; the table of variants holds the same figures.`
    });
    const to = axes(points, measure, width, height);
    drawAxes(svg, to, cost, measure);
    if (known(measure.original)) {
      svg.append(svgElement(
          "line",
          {class: "original-line", x1: to.box.left, x2: to.box.right, y1: to.y(measure.original), y2: to.y(measure.original)}));
    }
    const steps = front.map(
        (v, i) =>
            (i ? `H${to.x(cost.value(v) * cost.scale)}V` : `M${to.x(cost.value(v) * cost.scale)} `) + to.y(meanOf(v, measure)));
    svg.append(svgElement("path", {class: "front", d: steps.join("")}));
    const lines = drawSeries(svg, points, to);
    for (const point of points) {
      const x = to.x(point.x), y = to.y(point.y);
      svg.append(sign(point.variant, x, y));
      if (front.includes(point.variant)) svg.append(svgElement("circle", {class: "ring", cx: x, cy: y, r: 8}));
    }
    drawLabels(svg, points, lines, measure.original, to);
    figure.replaceChildren(
        figure.firstChild, svg,
        ...notes.concat(below > 0 ? `${plural(below, "variant lies", "variants lie")} below ${least}.` : [])
            .map(note => element("small", {}, note + " ")));
    makeExplorable(figure, svg, points, to, cost, measure, front);
  };
  return {figure, draw};
}

function plotKey() {
  const shown = [];
  for (const variant of compressed) {
    if (!shown.some(other => methodText(other) === methodText(variant))) shown.push(variant);
  }
  const sample = (...parts) =>
      svgElement("svg", {width: 40, height: 18, viewBox: "0 0 40 18", "aria-hidden": "true", class: "sample"}, parts);
  return element(
      "ul", {class: "key plot-key"},
      shown.map(
          variant => element(
              "li", {},
              sample(
                  svgElement("line", {
                    class: "series-line" + (variant.tuned ? "" : " untuned"),
                    x1: 2,
                    x2: 38,
                    y1: 9,
                    y2: 9,
                    stroke: colourOf(variant)
                  }),
                  sign(variant, 20, 9)),
              methodText(variant))),
      original &&
          element(
              "li", {},
              sample(
                  svgElement(
                      "line",
                      {class: "original-key", x1: 0, x2: 40, y1: 9, y2: 9, stroke: "var(--text)", "stroke-dasharray": "7 5"}),
                  sign(original, 20, 9)),
              "original"),
      element(
          "li", {},
          sample(
              svgElement("line", {x1: 2, x2: 38, y1: 9, y2: 9, stroke: "var(--muted)", "stroke-width": 5, opacity: 0.25}),
              svgElement("circle", {class: "ring", cx: 20, cy: 9, r: 7})),
          "Pareto front: no variant is both cheaper and better"));
}

const NEAR = 0.8;

function plotSection(section) {
  const shown = MEASURES.filter(measured);
  if (shown.length === 0) {
    section.append(element("p", {class: "muted"}, "No plot: no compressed variant has a Dice."));
    return;
  }
  const withInterval = compressed.some(v => shown.some(m => v[m.key]?.interval));
  section.append(
      element(
          "p", {}, "The number beside a point is its level. ",
          withInterval ? "Bars are 95 % confidence intervals. " : "No confidence intervals are given. ",
          "Up and to the left is better."),
      plotKey());
  const plots = [];
  const grids = shown.map(measure => {
    const made = COSTS.map(cost => plot(cost, measure));
    plots.push(...made);
    return {title: measure.title, node: element("div", {class: "plots"}, made.map(p => p.figure))};
  });
  section.append(...showOneOf("Vertical axis:", grids).flat(Infinity));
  const near = element("input", {type: "checkbox"});
  if (shown.some(measure => compressed.some(v => meanOf(v, measure) < NEAR))) {
    section.querySelector(".plot-key")
        .after(element("div", {class: "choice"}, element("label", {}, near, ` Only variants with a Dice of ${NEAR} or more`)));
  }
  let drawn = "";
  const redraw = least => {
    const seen = grids.find(({node}) => !node.classList.contains("off")).node.querySelector(".plot");
    const width = Math.max(280, Math.round(seen.clientWidth));
    if (drawn === width + "/" + least) return;
    drawn = width + "/" + least;
    plots.forEach(p => p.draw(width, least));
  };
  const asChosen = () => {
    if (!window.matchMedia("print").matches) redraw(near.checked ? NEAR : -Infinity);
  };
  asChosen();
  near.addEventListener("change", asChosen);
  window.addEventListener("resize", asChosen);
  window.addEventListener("beforeprint", () => redraw(-Infinity));
  window.addEventListener("afterprint", asChosen);
}
