// Bundles report.js with all that it needs into one file, and puts the licences of what went into it before it.
//   node build.mjs report.min.js
import { build } from "esbuild";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const out = process.argv[2];
const result = await build({
  entryPoints: ["report.js"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  metafile: true,
  write: false,
});

const packages = new Set();
for (const input of Object.keys(result.metafile.inputs)) {
  const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
  if (name) {
    packages.add(name);
  }
}

// Packages that share a text, as those of Vega do, are listed above it.
const texts = new Map();
for (const name of [...packages].sort()) {
  const folder = join("node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find(f => /^licen[cs]e/i.test(f));
  const text = file ? readFileSync(join(folder, file), "utf8").replaceAll("\r", "").trim() : `Licence: ${license}`;
  texts.set(text, [...(texts.get(text) ?? []), `${name} ${version}`]);
}

const notices = [...texts].map(([text, names]) => `${names.join(", ")}\n\n${text}`).join("\n\n----\n\n");
const script = `/*\nThis script contains the following packages.\n\n${notices.replaceAll("*/", "* /")}\n*/\n${result.outputFiles[0].text}`;

// What would end the element that the script stands in; within strings and expressions the backslash changes nothing.
const inline = script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
const temporary = `${out}.${process.pid}.tmp`;
writeFileSync(temporary, inline);
renameSync(temporary, out);
