// Figures as text, and what follows from the report's figures: ratios, bounds, the Pareto front.

const report = JSON.parse(document.getElementById("report").textContent);
const labelled = report.data.labelled_cases > 0;
const original = report.variants.find(variant => variant.method === "original") ?? null;
const compressed = report.variants.filter(variant => variant !== original);

const MINUS = "\u2212";
const DASH = "\u2013";

const known = value => typeof value === "number" && Number.isFinite(value);
const plural = (count, one, many) => count + " " + (count === 1 ? one : many ?? one + "s");

// About four digits, never an exponent for what a reader compares.
function digits(value) {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size >= 100) return value.toFixed(1);
  if (size >= 1 || size === 0) return value.toFixed(2);
  return size >= 0.01 ? value.toFixed(3) : Number(value.toPrecision(2)).toString();
}
const dice = value => value.toFixed(3);
function signed(value, decimals = 3) {
  const text = Math.abs(value).toFixed(decimals);
  if (Number(text) === 0) return text;
  return (value < 0 ? MINUS : "+") + text;
}
const probability = p => (p < 0.001 ? "< 0.001" : p.toFixed(3));
const intervalText = ([low, high]) => "[" + dice(low) + ", " + dice(high) + "]";
const factor = value => (value >= 100 ? Math.round(value).toString() : value >= 10 ? value.toFixed(1) : value.toFixed(2));

const COSTS = [
  {key: "parameters", title: "Parameters", unit: "M", scale: 1e-6, value: v => v.parameters, absent: "Not counted."},
  {
    key: "multiply_adds",
    title: "Multiply-adds",
    unit: "G a patch",
    scale: 1e-9,
    value: v => v.multiply_adds,
    absent: "Not counted."
  },
  {
    key: "latency",
    title: "Measured time",
    unit: "ms a patch",
    scale: 1e3,
    value: v => v.latency?.seconds ?? null,
    absent: "Not measured: tuckerseg-compress bench measures it."
  },
  {
    key: "case_time",
    title: "Time of a case",
    unit: "s a case",
    scale: 1,
    value: v => v.seconds_per_case,
    absent: "Not measured."
  },
];
// Their unit says what they are.
const isTime = cost => cost.key === "latency" || cost.key === "case_time";
const costText = (cost, variant) => digits(cost.value(variant) * cost.scale);

const NO_LABELS = "The data have no reference labels.";
const MEASURES = [
  {
    key: "dice_to_original",
    title: "Mean Dice to the original",
    short: "Dice to the original",
    absent: "Not measured.",
    original: 1
  },
  {
    key: "dice_to_reference",
    title: "Mean Dice to the reference",
    short: "Dice to the reference",
    absent: labelled ? "Not measured." : NO_LABELS,
    original: original?.dice_to_reference?.mean ?? null
  },
];
const measured = measure => compressed.some(variant => known(variant[measure.key]?.mean));
// The original agrees with itself, whether or not anyone measured that.
const meanOf = (variant, measure) =>
    variant === original && measure.key === "dice_to_original" ? 1 : variant[measure.key]?.mean ?? null;

const devices = [...new Set(report.variants.filter(v => v.latency).map(v => v.latency.device))];
// How many times the original's cost; null where they cannot be compared.
function saving(cost, variant) {
  if (!original || variant === original) return null;
  if (cost.key === "latency" && variant.latency?.device !== original.latency?.device) return null;
  const [before, after] = [cost.value(original), cost.value(variant)];
  return known(before) && known(after) && after > 0 ? before / after : null;
}

// Where most variants were timed: times of other devices, threads or patches are not compared with these.
const commonDevice = devices.map(device => [report.variants.filter(v => v.latency?.device === device).length, device])
                         .sort((a, b) => b[0] - a[0])[0]?.[1];
// Variants that no other beats in both quality and cost. One that has seen some of the cases is not among them: its quality promises nothing.
function paretoFront(cost, measure, variants = report.variants) {
  const comparable = v => !(v.seen_cases > 0) && (cost.key !== "latency" || v.latency?.device === commonDevice);
  const points = variants.filter(v => comparable(v) && known(cost.value(v)) && cost.value(v) > 0 && known(meanOf(v, measure)));
  points.sort((a, b) => cost.value(a) - cost.value(b) || meanOf(b, measure) - meanOf(a, measure));
  const front = [];
  for (const variant of points) {
    if (front.length === 0 || meanOf(variant, measure) > meanOf(front.at(-1), measure)) front.push(variant);
  }
  return front;
}

// Methods keep one colour and one sign on the whole page; the pruning baseline is grey.
const methods = [...new Set(compressed.map(variant => variant.method))];
const colours = new Map();
methods.forEach(method => {
  const taken = [...colours.values()].filter(colour => colour !== "var(--baseline)").length;
  colours.set(method, method.startsWith("pruning") ? "var(--baseline)" : "var(--series-" + (taken % 6) + ")");
});
const colourOf = variant => (variant === original ? "var(--text)" : colours.get(variant.method));
const signOf = variant =>
    (variant === original ? "star" : ["circle", "square", "triangle", "diamond", "cross"][methods.indexOf(variant.method) % 5]);
// Of a variant that was calibrated or tuned with some of the cases; else null.
const seenText = variant =>
    (variant.seen_cases > 0 ? `${variant.seen_cases} of ${plural(report.data.cases, "case")} seen when made` : null);
const methodText = variant => variant.method + (variant.tuned ? ", tuned" : "");
