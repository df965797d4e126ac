// Draws the charts of a report from the data in the page. What a chart shows stands in the page in words and tables too: without
// this script nothing is lost but the drawings.
import { parse, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";
import { Handler } from "vega-tooltip";
import { charts } from "./charts.js";

const root = document.documentElement;
const report = JSON.parse(document.getElementById("data").textContent);
const views = new Map();
const tooltip = new Handler({ disableDefaultStyle: true }).call;

function palette() {
  const style = getComputedStyle(root);
  const color = name => style.getPropertyValue(`--${name}`).trim();
  return {
    text: color("text"), muted: color("muted"), line: color("line"), accent: color("accent"), second: color("second"),
    faint: color("faint"), low: color("low"), high: color("high"), surface: color("surface"), bad: color("bad"),
    font: style.getPropertyValue("--font").trim(),
  };
}

function config(colors) {
  const axis = {
    labelColor: colors.muted, titleColor: colors.muted, domainColor: colors.line, tickColor: colors.line, gridColor: colors.line,
    labelFont: colors.font, titleFont: colors.font, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal",
    labelPadding: 6, titlePadding: 10, tickSize: 4, gridOpacity: 0.6, labelOverlap: true,
  };
  return {
    background: null,
    font: colors.font,
    view: { stroke: null },
    axis,
    axisX: { grid: false },
    axisY: { domain: false, ticks: false },
    legend: {
      labelColor: colors.text, titleColor: colors.muted, labelFont: colors.font, titleFont: colors.font, labelFontSize: 12,
      titleFontSize: 12, titleFontWeight: "normal", orient: "top", columns: innerWidth < 700 ? 2 : 4, symbolStrokeWidth: 2,
    },
    text: { color: colors.text, font: colors.font, fontSize: 12 },
  };
}

function draw(figure) {
  const colors = palette();
  const place = figure.querySelector(".chart");
  const spec = charts[figure.dataset.chart](report, colors, figure.dataset.axis, place.clientWidth < 560);
  views.get(figure)?.finalize();
  views.delete(figure);
  if (!spec) {
    figure.hidden = true;
    return;
  }
  const vega = compile({
    width: "container", autosize: { type: "fit-x", contains: "padding" }, padding: 4, ...spec,
  }, { config: config(colors) }).spec;
  const view = new View(parse(vega, null, { ast: true }), {
    expr: expressionInterpreter, renderer: "svg", container: place, hover: true, tooltip,
  });
  view.run();
  const svg = place.querySelector("svg");
  // One image with one description; its marks are not read one by one.
  svg?.setAttribute("role", "img");
  svg?.setAttribute("aria-label", figure.dataset.summary);
  svg?.querySelectorAll("[aria-label], [aria-roledescription]").forEach(mark => {
    ["aria-label", "aria-roledescription", "role"].forEach(name => mark.removeAttribute(name));
  });
  views.set(figure, view);
}

const figures = [...document.querySelectorAll("figure[data-chart]")];
const drawAll = () => figures.forEach(draw);

for (const button of document.querySelectorAll("button[data-axis]")) {
  button.addEventListener("click", () => {
    const figure = button.closest("figure");
    figure.dataset.axis = button.dataset.axis;
    figure.querySelectorAll("button[data-axis]").forEach(b => b.setAttribute("aria-pressed", String(b === button)));
    draw(figure);
  });
}

// A choice of the reader's stays for the next report, where the browser lets a file keep anything.
const theme = {
  get: () => { try { return localStorage.getItem("espalier-theme"); } catch { return null; } },
  set: value => { try { localStorage.setItem("espalier-theme", value); } catch { /* it lasts as long as the page */ } },
};
const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
const toggle = document.getElementById("theme");
function show() {
  toggle.textContent = isDark() ? "Light" : "Dark";
  toggle.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`);
  drawAll();
}
const chosen = theme.get();
if (chosen === "dark" || chosen === "light") {
  root.dataset.theme = chosen;
}
toggle.hidden = false;
toggle.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  theme.set(root.dataset.theme);
  show();
});
dark.addEventListener("change", show);

let width = innerWidth, waiting;
addEventListener("resize", () => {
  if (innerWidth !== width) {
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 150);
  }
});

// Paper is white, and what is folded away on a screen cannot be opened on it.
let before;
addEventListener("beforeprint", () => {
  before = { theme: root.dataset.theme, open: [...document.querySelectorAll("details:not([open])")] };
  root.dataset.theme = "light";
  before.open.forEach(details => { details.open = true; });
  drawAll();
});
addEventListener("afterprint", () => {
  if (before.theme) {
    root.dataset.theme = before.theme;
  } else {
    delete root.dataset.theme;
  }
  before.open.forEach(details => { details.open = false; });
  drawAll();
});

root.classList.add("scripted");
show();
