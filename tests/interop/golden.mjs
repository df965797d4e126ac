// Writes the small tokenizer and the ids that the tests hold Espalier to, where neither Node nor the package is needed:
//   node golden.mjs --tool "dotnet PATH/espalier.dll"

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Tokenizer } from "tokenizers";
import { hostileLines } from "./hostile.mjs";

const { values } = parseArgs({ options: { tool: { type: "string" } } });
const folder = mkdtempSync(join(tmpdir(), "espalier-golden-"));
const golden = new URL("../Espalier.Tests/Text/Tokenization/Golden/", import.meta.url).pathname;

const sentences = [
  "The gardener trains the young tree against the wall, and prunes it hard in winter.",
  "Didn't she say that they'd come? We'll see; it's what she's always said, isn't it?",
  "In 1992 there were 17 trees, 3.5 metres apart; in 2024 there are 42.",
  "L'\u00e9t\u00e9 o\u00f9 les arbres ont donn\u00e9 des fruits \u00e0 no\u00ebl. \u4e2d\u6587\u548c\u65e5\u672c\u8a9e. \u{1f333}\u{1f333}",
];
const text = join(folder, "text");
writeFileSync(text, sentences.map((sentence) => `${sentence}\n`.repeat(4)).join(""));
const [command, ...first] = values.tool.split(" ");
execFileSync(command, [...first, "tokenizer", "train", text, "--vocabulary", "420", "--out", golden], { stdio: "ignore" });

// A sample of the hostile lines, and texts with line feeds, which lines cannot hold.
const lines = [...hostileLines(7, 150)].filter((line) => line.length < 100);
const texts = [
  ...sentences,
  ...lines.filter((_, i) => i % 12 === 0 || i > lines.length - 150),
  "", "\n", "\n\n", "a\n", "a\nb", "a \nb", "a\n b", "a \n b", "a\n\n b", "\na", " \n\t a", "<mask>\n<mask>", "a\n<mask>", "a \n <mask> \n b", "don't\n'll",
];
const tokenizer = Tokenizer.fromFile(join(golden, "tokenizer.json"));
const encoded = await tokenizer.encodeBatch(texts, { addSpecialTokens: false });
const cases = texts.map((content, i) => `  ${JSON.stringify({ text: content, ids: encoded[i].getIds() })}`);
writeFileSync(join(golden, "ids.json"), `[\n${cases.join(",\n")}\n]\n`);
rmSync(folder, { recursive: true });
console.log(`${texts.length} texts`);
