// Puts the page together.

const sectionOf = id => document.getElementById(id);
const put = (id, ...nodes) =>
    sectionOf(id).append(...nodes.flat(Infinity).filter(node => node !== null && node !== undefined && node !== false));
// What tests and means to the reference rest on; without labels, all cases.
const judged = labelled ? report.data.labelled_cases : report.data.cases;
const judgedText = plural(judged, "case") + (judged < report.data.cases ? " with reference labels" : "");
const tooFew = judged < report.fewest_cases_tested;

function labelsText() {
  const {cases, labelled_cases} = report.data;
  if (!labelled) return "without reference labels: variants are compared with the original alone";
  return (labelled_cases < cases ? `${labelled_cases} of them ` : "") + "with reference labels";
}

function headSection() {
  const names = [
    report.model && "Model " + report.model, report.task && report.task !== report.model && "task " + report.task, report.date
  ].filter(Boolean);
  sectionOf("head").append(
      element("h1", {}, report.title || "Compression report"),
      element(
          "p", {class: "subtitle"}, names.join(" \u00b7 "), " ",
          report.data.phantoms ? element("span", {class: "badge"}, "phantoms only") : ""));
}

function overviewSection() {
  const facts = (pairs) => element(
      "dl", {}, pairs.filter(([, value]) => value).map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  const byMethod = methods.map(method => `${compressed.filter(v => v.method === method).length} ${method}`).join(", ");
  const structures = new Set(report.variants.flatMap(v => v.structures.map(s => s.name))).size;
  const seen = compressed.filter(seenText);
  put("overview",
      report.data.phantoms &&
          element(
              "p", {class: "banner"}, element("b", {}, "Phantoms only. "),
              "These figures were measured on synthetic CTs. They compare variants with each other; they say nothing about patients."),
      tooFew &&
          element(
              "p", {class: "banner"}, element("b", {}, "n too small. "),
              `${judgedText}: with fewer than ${
                  report
                      .fewest_cases_tested} no test can find a difference, so none is reported. Means of so few cases may be far off.`),
      seen.length > 0 &&
          element(
              "p", {class: "banner"}, element("b", {}, "Seen cases. "), seen.map(v => `${v.name}: ${seenText(v)}`).join("; "),
              ". Variants answer best on the cases that they were calibrated or tuned with: these figures promise nothing of others."),
      element(
          "div", {class: "overview"}, facts([
            ["Data", report.data.description || "not described"],
            ["Cases", `n = ${report.data.cases}, ${labelsText()}`],
            ["Structures", structures > 0 ? String(structures) : null],
            [
              "Variants",
              (original ? "the original" : "no original") +
                  (compressed.length > 0 ? ` and ${compressed.length} compressed: ${byMethod}` : "")
            ],
            [
              "Original",
              original &&
                  COSTS.filter(cost => known(cost.value(original)))
                      .map(
                          cost => `${costText(cost, original)} ${cost.unit}` +
                              (isTime(cost) ? "" : " " + cost.title.toLowerCase()))
                      .join(", ")
                      .replace(" a patch multiply-adds", " multiply-adds a patch")
            ],
            ["Machine", report.machine],
          ]),
          cheapestByQuality()));
}

// What a server may choose for a wanted quality: the lower bound of the mean Dice to the original counts, as in --min-quality.
function cheapestByQuality() {
  const measure = MEASURES[0];
  if (!measured(measure)) return null;
  const bounded = compressed.some(v => v[measure.key]?.interval);
  const quality = v => (seenText(v) ? null : bounded ? v[measure.key]?.interval?.[0] : v[measure.key]?.mean) ?? null;
  const cost = COSTS[1];
  const rows = [0.99, 0.95, 0.9, 0.8].map(floor => {
    const fit = compressed.filter(v => known(quality(v)) && quality(v) >= floor && known(cost.value(v)));
    return {floor, best: fit.sort((a, b) => cost.value(a) - cost.value(b))[0] ?? null};
  });
  const left = compressed.filter(v => !known(quality(v)) || !known(cost.value(v))).length;
  const share = one => row => row.best && (saving(one, row.best) ? "\u00f7 " + factor(saving(one, row.best)) : DASH);
  const table = element(
      "table", {class: "floors"},
      element(
          "caption", {},
          `Fewest multiply-adds at a wanted quality: ${bounded ? "lower 95 % bound of the mean" : "mean"} Dice to the original`),
      element(
          "thead", {},
          element(
              "tr", {}, element("th", {scope: "col"}, "At least"), element("th", {scope: "col"}, "Variant"),
              COSTS.map(c => element("th", {scope: "col", class: "number"}, c.title)))),
      element(
          "tbody", {},
          rows.map(
              row => element(
                  "tr", {}, element("th", {scope: "row"}, row.floor.toFixed(2)),
                  row.best ? [element("td", {}, row.best.name), COSTS.map(c => element("td", {class: "number"}, share(c)(row)))] :
                             element("td", {colspan: 1 + COSTS.length, class: "muted"}, "none")))));
  return element(
      "div", {},
      element(
          "div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "Fewest multiply-adds at a wanted quality"}, table),
      element(
          "small", {}, "\u00f7: how many times less than the original; for time, how many times faster, on the same device. ",
          DASH, ": not measured for both.", left > 0 && ` ${plural(left, "variant is", "variants are")} left out: without a bound or a count, or with seen cases.`));
}

// Of one variant: how many structures could be tested, and with what outcome.
function outcome(variant) {
  const tested = variant.statistics.filter(row => row.tests);
  const differing = tested.filter(row => !row.tests.no_evidence);
  return {
    variant,
    all: variant.statistics.length,
    tested: tested.length,
    same: tested.length - differing.length,
    worse: differing.filter(row => row.difference < 0).length,
    better: differing.filter(row => row.difference > 0).length,
    equivalent: tested.filter(row => row.tests.equivalent).length,
  };
}

function outcomeText(one) {
  if (one.tested === 0) return "n too small";
  return `no evidence of a difference for ${one.same} of ${one.tested}; equivalent within ${report.equivalence_margin} for ${
             one.equivalent} of ${one.tested}` +
      (one.tested < one.all ? `; n too small for ${one.all - one.tested}` : "");
}

function outcomeTable(outcomes) {
  const untested = one => one.tested === 0 ? "n too small." : null;
  const count = (key, title, unit) =>
      ({title, unit, number: true, value: one => (one.tested > 0 ? one[key] : null), absent: untested});
  return sortableTable(
      [
        {title: "Variant", value: one => one.variant.name},
        {title: "Structures tested", number: true, value: one => one.tested},
        count("same", "No evidence of a difference"),
        count("worse", "Worse", "adjusted p < " + report.significance),
        count("better", "Better", "adjusted p < " + report.significance),
        count("equivalent", "Equivalent", "within " + report.equivalence_margin),
        {title: "n too small", number: true, value: one => one.all - one.tested},
      ],
      outcomes, {caption: "Structures by outcome"});
}

function comparisonTable(variant) {
  const few = () => `n too small: fewer than ${report.fewest_cases_tested} cases hold the structure.`;
  const test = (key, title, unit) =>
      ({title, unit, number: true, value: row => row.tests?.[key], text: row => probability(row.tests[key]), absent: few});
  return sortableTable(
      [
        {title: "Structure", value: row => row.name},
        {title: "Cases", number: true, value: row => row.cases},
        {
          title: "Difference",
          unit: "in Dice",
          number: true,
          value: row => row.difference,
          text: row => signed(row.difference),
          absent: () => "No pairs."
        },
        test("wilcoxon_p", "Wilcoxon", "p"),
        test("wilcoxon_adjusted", "Wilcoxon", "p, adjusted"),
        {
          title: "Difference?",
          value: row =>
              (row.tests ? (row.tests.no_evidence  ? "no evidence" :
                                row.difference < 0 ? "worse" :
                                                     "better") :
                           "n too small"),
          cellClass: row => (row.tests && !row.tests.no_evidence ? "verdict-differs" : null)
        },
        test("tost_p", "TOST", "p"),
        test("tost_adjusted", "TOST", "p, adjusted"),
        {
          title: "Equivalent?",
          unit: "within " + report.equivalence_margin,
          value: row => (row.tests ? (row.tests.equivalent ? "yes" : "not shown") : "n too small")
        },
      ],
      variant.statistics, {caption: `${variant.name} against the original`, tall: variant.statistics.length > 20});
}

function statisticsSection() {
  const compared = compressed.filter(variant => variant.statistics.length > 0);
  if (compared.length === 0) {
    put("statistics",
        element(
            "p", {class: "muted"},
            !labelled ? NO_LABELS + " No tests." :
                tooFew ? `n too small (${judgedText}): no tests.` :
                         "No variant was compared with the original by structure."));
    return;
  }
  const outcomes = compared.map(outcome);
  const all = outcomes.every(one => one.tested === 0);
  put("statistics",
      all ?
          element(
              "p", {}, element("b", {}, "n too small: "),
              `no structure is in ${report.fewest_cases_tested} cases or more, so there are differences but no tests.`) :
          element(
              "p", {},
              "Dice to the reference of each structure, each variant against the original, paired by case: ",
               "Wilcoxon signed-rank test for a difference, and two one-sided tests (TOST) for equivalence within ",
              String(report.equivalence_margin), " Dice; p-values adjusted over the variant's structures (Holm), level ",
              String(report.significance),
              ". \u201cNo evidence of a difference\u201d does not show that there is none: only \u201cequivalent\u201d does."),
      !all && outcomeTable(outcomes),
      compared.map(
          (variant, i) =>
              fold([element("b", {}, variant.name), ": " + outcomeText(outcomes[i])], () => comparisonTable(variant))));
}

function structureSection() {
  // Without labels there is nothing to hold the original against.
  const listed = report.variants.filter(variant => variant.structures.length > 0 && (labelled || variant !== original));
  if (listed.length === 0) put("by-structure", element("p", {class: "muted"}, "No figures by structure were measured."));
  put("by-structure", listed.map(variant => {
    const judged = s => (labelled ? s.dice_to_reference : s.dice_to_original);
    const worst = variant.structures.filter(s => known(judged(s))).sort((a, b) => judged(a) - judged(b))[0];
    const least = worst ? `; least Dice ${truth} ${dice(judged(worst))}, ${worst.name}` : "";
    return fold(
        [element("b", {}, variant.name), `: ${plural(variant.structures.length, "structure")}${least}`],
        () => structureTable(variant));
  }));
}

function notesSection() {
  const notes = [
    "Parameters and multiply-adds: convolutions of one network, one multiply-add counts as one. The measured time is the median of one patch, " +
        "the time of a case that of a whole segmentation, mean over cases.",
    "Dice: 2 |A and B| / (|A| + |B|). A case counts for a structure only where the reference (without labels: the original's " +
        "label map) holds it. Means are over structures.",
    `Surface Dice: share of both surfaces within ${
        report
            .surface_tolerance_mm} mm of the other. HD95: 95th percentile of the distances between surfaces. Volume error: |found ${
        MINUS} expected| / expected. Volume bias: the same with its sign, so that too much in one case and too little in another cancel.`,
    "Pareto front: variants that no other variant beats in both cost and mean Dice; differences within the confidence intervals may be chance.",
    "This page loads nothing from anywhere and sends nothing. It may hold the names of cases.",
  ];
  put("notes", notes.map(note => element("p", {}, note)),
      element("p", {class: "muted"}, "Written by tuckerseg " + report.version + "."));
}

headSection();
overviewSection();
plotSection(sectionOf("trade-off"));
put("variants", report.variants.length > 0 ? variantTable() : element("p", {class: "muted"}, "No variant was measured."));
heatMapSection(sectionOf("structures"));
statisticsSection();
structureSection();
pictureSection(sectionOf("worst-cases"));
notesSection();
