// Worst cases: a CT slice with the outline of what was found and of what was expected.

const outline = (loops, [sx, sy]) =>
    loops
        .map(loop => {
          let path = "";
          for (let i = 0; i + 1 < loop.length; i += 2)
            path += (i ? "L" : "M") + (loop[i] * sx).toFixed(2) + " " + (loop[i + 1] * sy).toFixed(2);
          return path + "Z";
        })
        .join("");

const lengthText = mm => (mm >= 10 ? mm / 10 + " cm" : mm + " mm");

function scaleBar(width, height) {
  const mm = [100, 50, 20, 10, 5, 2, 1].find(length => length <= 0.34 * width);
  if (!mm) return {nodes: [], text: ""};
  const edge = 0.035 * width, y = height - edge;
  return {
    nodes: [svgElement("line", {class: "scale-bar", x1: width - edge - mm, x2: width - edge, y1: y, y2: y})],
    text: `Bar: ${lengthText(mm)}.`
  };
}

function pictureOf(worst) {
  const [sx, sy] = worst.pixel_mm, width = worst.width * sx, height = worst.height * sy;
  const bar = scaleBar(width, height);
  const empty = worst.found.length === 0 ? "The variant found nothing of it in this slice. " :
      worst.expected.length === 0        ? `Nothing of it is in the ${worst.against} here. ` :
                                           "";
  return element(
      "figure", {class: "picture"},
      svgElement(
          "svg", {
            viewBox: `0 0 ${width} ${height}`,
            role: "img",
            "aria-label": `CT slice of ${worst.case}: ${worst.structure} as ${worst.variant} found it and in the ${worst.against}`
          },
          svgElement("image", {href: "data:image/png;base64," + worst.png, width, height, preserveAspectRatio: "none"}),
          svgElement("path", {class: "found-line", d: outline(worst.found, worst.pixel_mm)}),
          svgElement("path", {class: "expected-line", d: outline(worst.expected, worst.pixel_mm)}), bar.nodes),
      element(
          "figcaption", {}, element("b", {}, worst.structure, known(worst.dice) ? `, Dice ${dice(worst.dice)}` : ""),
          element("br"), `${worst.variant}, case ${worst.case}, against the ${worst.against}. `,
          element("small", {}, empty + bar.text)));
}

function pictureSection(section) {
  if (report.worst_cases.length === 0) {
    section.append(element("p", {class: "muted"}, "No pictures were taken."));
    return;
  }
  const sample = className => svgElement(
      "svg", {class: "picture-key", width: 40, height: 16, viewBox: "0 0 40 16", "aria-hidden": "true"},
      svgElement("line", {class: className, x1: 4, x2: 36, y1: 8, y2: 8}));
  const truths = [...new Set(report.worst_cases.map(worst => worst.against))].join(" or ");
  section.append(
      element(
          "ul", {class: "key"}, element("li", {}, sample("found-line"), "found by the variant"),
          element("li", {}, sample("expected-line"), `in the ${truths}`)),
      element("div", {class: "pictures"}, report.worst_cases.map(pictureOf)));
}
