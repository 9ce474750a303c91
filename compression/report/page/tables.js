// Tables that sort by any column, with the mouse and the keyboard, and that say why a figure is missing.

// `columns`: [{title, unit, value(row), text(row), absent(row), number, head, cellClass(row), small(row), upright}]; `value` is
// what is sorted by, null where there is none. `options`: {caption, tall, className, lead: rows that stay on top}.
function sortableTable(columns, rows, options = {}) {
  const reasons = [];
  const body = element("tbody");
  const lines = rows.map(row => ({row, node: tableRow(columns, row, reasons)}));
  const lead = (options.lead ?? []).map(row => {
    const node = tableRow(columns, row, reasons);
    node.classList.add("mean");
    return node;
  });
  body.append(...lead, ...lines.map(line => line.node));
  const heads = columns.map(
      column => element(
          "th", {
            scope: "col",
            class: [column.number ? "number" : "", column.upright ? "upright" : ""].join(" ").trim() || null,
            "aria-sort": "none"
          },
          element("button", {type: "button"}, column.title), element("span", {class: "printed"}, column.title),
          column.unit && element("span", {class: "unit"}, column.unit)));
  heads.forEach((head, i) => head.firstChild.addEventListener("click", () => {
    // Figures are wanted from the largest down, names from A on; a second click turns the order round.
    const first = columns[i].number ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === first ? (first === "ascending" ? "descending" : "ascending") : first;
    heads.forEach(other => other.setAttribute("aria-sort", other === head ? order : "none"));
    body.append(...sorted(lines, columns[i], order).map(line => line.node));
  }));
  const table = element(
      "table", {class: options.className}, options.caption && element("caption", {}, options.caption),
      element("thead", {}, element("tr", {}, heads)), body);
  const scroll = element(
      "div",
      {class: "scroll" + (options.tall ? " tall" : ""), tabindex: 0, role: "region", "aria-label": options.caption ?? "Table"},
      table);
  return [
    scroll,
    reasons.length > 0 &&
        element("ol", {class: "notes"}, reasons.map((reason, i) => element("li", {}, `${DASH} ${letter(i)}: ${reason}`)))
  ].filter(Boolean);
}

const letter = index => String.fromCharCode(97 + index % 26);

function tableRow(columns, row, reasons) {
  return element("tr", {}, columns.map((column, i) => {
    const value = column.value(row);
    const classes = [column.number ? "number" : "", column.cellClass?.(row) ?? ""].join(" ").trim() || null;
    if (value === null || value === undefined || value === "" || (typeof value === "number" && !Number.isFinite(value))) {
      const reason = column.absent?.(row) ?? "Not measured.";
      if (!reasons.includes(reason)) reasons.push(reason);
      return element(
          i === 0 ? "th" : "td", {class: classes, scope: i === 0 ? "row" : null},
          element("span", {class: "missing", title: reason}, DASH, element("sup", {}, letter(reasons.indexOf(reason)))));
    }
    return element(
        i === 0 ? "th" : "td", {class: classes, scope: i === 0 ? "row" : null},
        column.text ? column.text(row) : breakable(String(value)),
        column.small?.(row) && element("small", {}, column.small(row)));
  }));
}

const collator = new Intl.Collator("en", {numeric: true});
// Absent figures come last in both orders: they are neither small nor large.
function sorted(lines, column, order) {
  const turn = order === "ascending" ? 1 : -1;
  return [...lines].sort((a, b) => {
    const [x, y] = [column.value(a.row), column.value(b.row)];
    const [noX, noY] = [x, y].map(value => value === null || value === undefined || value === "");
    if (noX || noY) return noX - noY;
    return turn * (typeof x === "number" && typeof y === "number" ? x - y : collator.compare(String(x), String(y)));
  });
}

// What surface Dice, HD95 and volume errors of the whole page are measured against.
const truth = labelled ? "to the reference" : "to the original";

function variantTable() {
  const fronts = MEASURES.filter(measured).map(measure => COSTS.flatMap(cost => paretoFront(cost, measure)))[0] ?? [];
  const amount = cost => ({
    title: cost.title,
    unit: cost.unit,
    number: true,
    value: cost.value,
    text: v => costText(cost, v),
    absent: () => cost.absent,
    small: v => (saving(cost, v) ? "\u00f7 " + factor(saving(cost, v)) : null)
  });
  const mebibytes = (key, title, absent) =>
      ({title, unit: "MiB", number: true, value: v => v[key], text: v => digits(v[key] / 1048576), absent: () => absent});
  const mean = measure => ({
    title: measure.title,
    unit: "95 % interval",
    number: true,
    value: v => meanOf(v, measure),
    text: v => dice(meanOf(v, measure)),
    absent: () => measure.absent,
    small: v => v === original && measure.key === "dice_to_original" ? "by definition" :
        v[measure.key]?.interval                                     ? intervalText(v[measure.key].interval) :
                                                                       "no interval"
  });
  const self = v =>
      (v === original && !labelled ? "The original is what the others are compared with." : "Not measured.");
  return sortableTable(
      [
        {title: "Variant", value: v => v.name, small: seenText},
        {title: "Method", value: methodText},
        {
          title: "Level",
          number: true,
          value: v => v.level,
          text: v => String(v.level),
          absent: v => (v === original ? "The original has no level." : "The method has no level.")
        },
        ...COSTS.slice(0, 2).map(amount),
        mebibytes("weight_bytes", "Weights", "Not counted."),
        ...COSTS.slice(2).map(amount),
        mebibytes("peak_bytes", "Peak memory", "Not measured: tuckerseg-compress bench measures it."),
        ...MEASURES.map(mean),
        {
          title: "Surface Dice",
          unit: truth,
          number: true,
          value: v => v.surface_dice,
          text: v => dice(v.surface_dice),
          absent: self
        },
        {title: "HD95", unit: "mm, " + truth, number: true, value: v => v.hd95_mm, text: v => digits(v.hd95_mm), absent: self},
        {
          title: "Pareto front",
          value: v => (fronts.includes(v) ? "yes" : "no"),
          cellClass: v => (fronts.includes(v) ? "pareto" : null)
        },
      ],
      report.variants, {
        caption: `${plural(report.variants.length, "variant")}, ${
            plural(report.data.cases, "case")}. \u00f7: how many times less than the original. A column's name sorts by it.`
      });
}

// What each variant's structures measure, whatever was measured of them.
function structureTable(variant) {
  const cases = labelled ? "cases_to_reference" : "cases_to_original";
  const nowhere = {
    cases_to_reference: "No case's labels hold the structure.",
    cases_to_original: "The original draws the structure in no case."
  };
  const reason = key => row => (row[key] > 0 ? "Not measured." : nowhere[key]);
  const absent = reason(cases);
  const figure = (key, title, unit, text) =>
      ({title, unit, number: true, value: row => row[key], text: row => text(row[key]), absent});
  return sortableTable(
      [
        {title: "Structure", value: row => row.name},
        {title: "Cases", unit: labelled ? "in the labels" : "in the original", number: true, value: row => row[cases]},
        {
          ...figure("dice_to_original", "Dice", "to the original", dice),
          absent: row => (variant === original ? "The original is what the others are compared with." : reason("cases_to_original")(row))
        },
        {
          ...figure("dice_to_reference", "Dice", "to the reference", dice),
          absent: row => (labelled ? absent(row) : NO_LABELS)
        },
        figure("surface_dice", "Surface Dice", `${truth}, ${report.surface_tolerance_mm} mm`, dice),
        figure("hd95_mm", "HD95", "mm, " + truth, digits),
        figure("volume_error", "Volume error", "%, " + truth, value => (100 * value).toFixed(1)),
        figure("volume_bias", "Volume bias", "%, " + truth, value => signed(100 * value, 1)),
      ],
      variant.structures,
      {caption: `${variant.name}: ${plural(variant.structures.length, "structure")}`, tall: variant.structures.length > 20});
}
