// Opens a report in headless Chromium, at desktop and phone width, in light and in dark, and fails when
//   the console holds an error or a warning, anything is requested but the file itself, a chart is not drawn,
//   or the page is wider than its window, with every part unfolded and by every axis that a chart has.
//
//   node tests/report-browser.mjs [report.html] [folder for screenshots]
//
// Without a report it makes one with `espalier run` on the embedded sample. Needs Node.js 20 and Chromium, or Chrome; where it is not
// found as chromium, chromium-browser or google-chrome, name it in the variable CHROMIUM. Nothing is installed.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const screens = [
  { name: "desktop", width: 1280, height: 900, mobile: false },
  { name: "phone", width: 390, height: 844, mobile: true },
];
const schemes = ["light", "dark"];
const sliceHeight = 1600;

const work = mkdtempSync(join(tmpdir(), "espalier-report-"));
const page = resolve(process.argv[2] ?? sampleReport());
const screenshots = process.argv[3];
if (!existsSync(page)) {
  throw new Error(`there is no file ${page}; name a report.html, or none to make one`);
}

function sampleReport() {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const args = ["run", "--configuration", "Release", "--project", join(root, "src/Espalier.Cli"), "--", "run", "--time", "45s", "--out", join(work, "job")];
  const { status, stderr } = spawnSync("dotnet", args, { cwd: work, encoding: "utf8" });
  if (status !== 0) {
    throw new Error(`the job that was to make a report failed:\n${stderr}`);
  }
  return join(work, "job", "report.html");
}

// The browser's debugging protocol over a pipe: messages are JSON, each ended by a zero byte.
class Browser {
  #process; #waiting = new Map(); #id = 0; #rest = ""; listener = () => {};

  constructor() {
    const names = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"].filter(Boolean);
    const name = names.find(n => spawnSync(n, ["--version"]).status === 0);
    if (!name) {
      throw new Error(`no browser was found under ${names.join(", ")}; install Chromium, or name it in the variable CHROMIUM`);
    }
    // As root, in a container say, Chromium has no sandbox; the page is a file of our own.
    const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    this.#process = spawn(name, [
      "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking", "--disable-gpu",
      `--user-data-dir=${join(work, "profile")}`, ...sandbox,
    ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.#process.stdio[4].setEncoding("utf8").on("data", text => {
      const parts = (this.#rest + text).split("\0");
      this.#rest = parts.pop();
      parts.forEach(part => this.#receive(JSON.parse(part)));
    });
    this.ended = new Promise(done => this.#process.on("exit", done));
  }

  #receive(message) {
    if (!message.id) {
      this.listener(message);
      return;
    }
    const { accept, refuse } = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    message.error ? refuse(new Error(message.error.message)) : accept(message.result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#id;
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((accept, refuse) => this.#waiting.set(id, { accept, refuse }));
  }

  async close() {
    await this.send("Browser.close").catch(() => {});
    await this.ended;
  }
}

// What runs in the page: it unfolds everything, tries every button, and tells what is wrong with the charts and the width.
async function look(width) {
  const faults = [];
  const wide = when => {
    if (document.documentElement.scrollWidth > width) {
      const culprits = [...document.querySelectorAll("body *")]
        .filter(e => e.clientWidth > 0 && e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX === "visible" && !e.closest(".scroll"))
        .slice(-2).map(e => e.outerHTML.slice(0, 160));
      faults.push(`it is ${document.documentElement.scrollWidth} px wide in a window of ${width} ${when}: ${culprits.join(" | ")}`);
    }
  };
  const isDrawn = figure => figure.hidden || figure.querySelector("svg")?.getBoundingClientRect().width > 100;
  // Charts are drawn when the page gets to it, which a machine at work may let it wait for.
  const drawn = async when => {
    const figures = [...document.querySelectorAll("figure[data-chart]")];
    for (let tries = 0; tries < 200 && !figures.every(isDrawn); tries++) {
      await new Promise(done => setTimeout(done, 50));
    }
    faults.push(...figures.filter(f => !isDrawn(f)).map(f => `the chart ${f.dataset.chart} is not drawn ${when}`));
    wide(when);
  };
  await drawn("at first");
  document.querySelectorAll("details").forEach(d => { d.open = true; });
  await drawn("with every part unfolded");
  for (const button of document.querySelectorAll("button[data-axis]")) {
    button.click();
    await drawn(`by ${button.dataset.axis}`);
  }
  document.querySelectorAll("figure").forEach(f => f.querySelector("button[data-axis]")?.click());
  const before = getComputedStyle(document.body).backgroundColor, toggle = document.getElementById("theme");
  toggle.click();
  await drawn("in the other colours");
  if (getComputedStyle(document.body).backgroundColor === before) {
    faults.push("the button for the colours changes nothing");
  }
  toggle.click();
  document.querySelectorAll("details").forEach(d => { d.open = false; });
  await drawn("at the end");
  return faults;
}

async function check(browser, screen, scheme) {
  const faults = [], requests = [];
  // Each by itself: the page keeps the colours that a reader chose.
  const { browserContextId } = await browser.send("Target.createBrowserContext");
  const { targetId } = await browser.send("Target.createTarget", { url: "about:blank", browserContextId });
  const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: true });
  const send = (method, params) => browser.send(method, params, sessionId);
  let loaded;
  const load = new Promise(done => { loaded = done; });
  browser.listener = ({ method, params, sessionId: from }) => {
    if (from !== sessionId) {
      return;
    }
    if (method === "Page.loadEventFired") {
      loaded();
    } else if (method === "Network.requestWillBeSent") {
      requests.push(params.request.url);
    } else if (method === "Runtime.exceptionThrown") {
      faults.push(`a script failed: ${params.exceptionDetails.exception?.description ?? params.exceptionDetails.text}`);
    } else if (method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(params.type)) {
      faults.push(`the console: ${params.args.map(a => a.value ?? a.description).join(" ")}`);
    } else if (method === "Log.entryAdded" && ["error", "warning"].includes(params.entry.level)) {
      faults.push(`the log: ${params.entry.text}`);
    }
  };
  for (const domain of ["Page", "Runtime", "Log", "Network"]) {
    await send(`${domain}.enable`);
  }
  const { width, height, mobile } = screen;
  await send("Emulation.setDeviceMetricsOverride", { width, height, mobile, deviceScaleFactor: 1 });
  await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  const url = pathToFileURL(page).href;
  await send("Page.navigate", { url });
  await load;
  const { result, exceptionDetails } = await send("Runtime.evaluate", { expression: `(${look})(${width})`, returnByValue: true, awaitPromise: true });
  faults.push(...(exceptionDetails ? [exceptionDetails.exception.description] : result.value));
  faults.push(...requests.filter(r => r !== url && !r.startsWith("data:")).map(r => `it asks for ${r}`));
  if (screenshots) {
    await photograph(send, `${screen.name}-${scheme}`, width);
  }
  await browser.send("Target.disposeBrowserContext", { browserContextId });
  return faults;
}

async function photograph(send, name, width) {
  const { cssContentSize } = await send("Page.getLayoutMetrics");
  mkdirSync(screenshots, { recursive: true });
  for (let y = 0, n = 1; y < cssContentSize.height; y += sliceHeight, n++) {
    const clip = { x: 0, y, width, height: Math.min(sliceHeight, cssContentSize.height - y), scale: 1 };
    const { data } = await send("Page.captureScreenshot", { format: "png", clip, captureBeyondViewport: true });
    writeFileSync(join(screenshots, `${name}-${n}.png`), Buffer.from(data, "base64"));
  }
}

const browser = new Browser();
let failed = 0;
try {
  for (const screen of screens) {
    for (const scheme of schemes) {
      const faults = await check(browser, screen, scheme);
      failed += faults.length;
      console.log(`${screen.name}, ${screen.width} px, ${scheme}: ${faults.length === 0 ? "nothing wrong" : `\n  ${faults.join("\n  ")}`}`);
    }
  }
} finally {
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}
process.exitCode = failed > 0 ? 1 : 0;
