// Makes elements. Words from the report only ever become text nodes and attributes' values: nothing here parses HTML.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

function element(tag, attributes = {}, ...children) { return fill(document.createElement(tag), attributes, children); }

function svgElement(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

// Lets long names break behind their underscores and not within words.
function breakable(text) { return text.split(/(?<=_)/).flatMap((part, i) => (i ? [element("wbr"), part] : [part])); }

// A group of radio buttons that shows one of several elements at a time; all of them are printed, each under its own name.
// `alternatives`: [{title, node}]. Returns the nodes to place.
let choicesMade = 0;
function showOneOf(question, alternatives) {
  const titled = alternatives.map(({title, node}) => [element("h3", {class: "measure-title"}, title), node]);
  if (alternatives.length < 2) return titled;
  const name = "choice-" + choicesMade++;
  const show = chosen => alternatives.forEach(({node}, i) => node.classList.toggle("off", i !== chosen));
  const buttons = alternatives.map(({title}, i) => {
    const input = element("input", {type: "radio", name, checked: i === 0});
    input.addEventListener("change", () => show(i));
    return element("label", {}, input, " ", title);
  });
  show(0);
  return [element("fieldset", {class: "choice"}, element("legend", {}, question), buttons), titled];
}

// A heading that opens and closes what is below it; printed open. `make` is called on the first opening, or before printing.
const unmade = [];
function fold(heading, make) {
  const content = element("div", {hidden: true});
  const button = element("button", {type: "button", "aria-expanded": "false"}, heading);
  let made = false;
  const fillOnce = () => {
    if (!made) content.append(...[make()].flat(Infinity));
    made = true;
  };
  unmade.push(fillOnce);
  button.addEventListener("click", () => {
    fillOnce();
    content.hidden = !content.hidden;
    button.setAttribute("aria-expanded", String(!content.hidden));
  });
  return element("div", {class: "fold"}, element("h3", {}, button), content);
}
window.addEventListener("beforeprint", () => unmade.forEach(fillOnce => fillOnce()));
