// Structures by variants: how far each is from the original, as a figure and as a colour that people with any colour vision can
// order.

const STEPS = [
  {above: 0.01, className: "step-better", text: "better by more than 0.01"},
  {above: -0.01, className: "step-same", text: "within 0.01"},
  {above: -0.02, className: "step-1", text: "worse by up to 0.02"},
  {above: -0.05, className: "step-2", text: "0.05"},
  {above: -0.1, className: "step-3", text: "0.1"},
  {above: -0.2, className: "step-4", text: "0.2"},
  {above: -0.5, className: "step-5", text: "0.5"},
  {above: -Infinity, className: "step-6", text: "more"},
];
// Of the figure as it is shown, so that the same figure never has two colours; the bound belongs to the milder step.
function stepOf(change) {
  const shown = Math.round(change * 1000) / 1000;
  return (shown > 0.01 ? STEPS[0] : STEPS.slice(1).find(step => shown >= step.above)).className;
}

const HEAT_MAPS = [
  {
    title: "Dice to the reference, difference to the original",
    key: "dice_to_reference",
    cases: "cases_to_reference",
    nowhere: "No case's labels hold the structure.",
    change: (here, there) => (known(here) && known(there) ? here - there : null)
  },
  {
    title: "Dice to the original's label map, less 1",
    key: "dice_to_original",
    cases: "cases_to_original",
    nowhere: "The original draws the structure in no case.",
    change: here => (known(here) ? here - 1 : null)
  },
];

// [{name, cases, change: Map(variant -> number)}], structures in the original's order.
function heatRows(map) {
  const rows = new Map();
  for (const variant of [original, ...compressed].filter(Boolean)) {
    for (const structure of variant.structures) {
      if (!rows.has(structure.name))
        rows.set(structure.name, {name: structure.name, cases: 0, changes: new Map(), of: new Map()});
      const row = rows.get(structure.name);
      // The original is not compared with itself: it has no case to the original.
      row.cases = Math.max(row.cases, structure[map.cases]);
      row.of.set(variant, structure[map.key]);
    }
  }
  for (const row of rows.values()) {
    for (const variant of compressed)
      row.changes.set(variant, map.change(row.of.get(variant) ?? null, row.of.get(original) ?? null));
  }
  return [...rows.values()];
}

function meanRow(rows) {
  const changes = new Map();
  for (const variant of compressed) {
    const all = rows.map(row => row.changes.get(variant)).filter(known);
    changes.set(variant, all.length > 0 ? all.reduce((sum, change) => sum + change, 0) / all.length : null);
  }
  return {name: "Mean over structures", cases: null, changes};
}

function heatMap(map, rows) {
  const [scroll, ...notes] = sortableTable(
      [
        {title: "Structure", value: row => row.name},
        {
          title: "Cases",
          number: true,
          upright: true,
          value: row => row.cases,
          absent: () => "Structures differ in how many cases hold them."
        },
        ...compressed.map(
            variant => ({
              title: variant.name,
              number: true,
              upright: true,
              value: row => row.changes.get(variant),
              text: row => signed(row.changes.get(variant)),
              cellClass: row => (known(row.changes.get(variant)) ? stepOf(row.changes.get(variant)) : null),
              absent: row =>
                  (row.cases === 0 ? map.nowhere : "Not measured for both the variant and the original."),
            })),
      ],
      rows, {
        caption: map.title,
        tall: rows.length > 20,
        className: "heat" + (compressed.length > 18 ? " wide" : ""),
        lead: [meanRow(rows)]
      });
  return element("div", {}, scroll, notes);
}

function heatMapSection(section) {
  const maps = HEAT_MAPS.map(map => ({map, rows: heatRows(map)}))
                   .filter(({rows}) => rows.some(row => [...row.changes.values()].some(known)));
  if (maps.length === 0) {
    section.append(element("p", {class: "muted"}, "No figures by structure were measured."));
    return;
  }
  const nodes = maps.map(({map, rows}) => ({title: map.title, node: heatMap(map, rows)}));
  const search =
      element("input", {type: "search", placeholder: "e.g. vertebrae, kidney", "aria-label": "Show structures whose name holds"});
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const {node} of nodes) {
      for (const row of node.querySelectorAll("tbody tr:not(.mean)"))
        row.hidden = !row.firstChild.textContent.toLowerCase().includes(wanted);
    }
  });
  section.append(
      element(
          "p", {}, "Each cell: how much Dice the variant loses (", MINUS,
          ") or gains (+) against the original, mean over the cases that hold the structure. A variant's name sorts by it."),
      element(
          "ul", {class: "steps", "aria-label": "Colours"}, STEPS.map(step => element("li", {class: step.className}, step.text))),
      element("div", {class: "choice"}, element("label", {}, element("span", {class: "muted"}, "Structures: "), search)),
      ...showOneOf("Cells:", nodes).flat(Infinity));
}
