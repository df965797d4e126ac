// Compares the ids that Espalier and Hugging Face's tokenizers give for the same text, in both directions: their library
// reads our tokenizer.json, and we read what they saved and a vocab.json with merges.txt.
//   node compare.mjs --tool "dotnet PATH/espalier.dll" [--lines 100000] [--mixtures 20000] [--characters 0x110000] [--vocab 8192] [--rounds 20] FILES...
// Exit code 0 when nothing differs.

import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { BPE, Tokenizer, byteLevelPreTokenizer } from "tokenizers";
import { hostileLines, random } from "./hostile.mjs";

const { values, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    tool: { type: "string" },
    lines: { type: "string", default: "100000" },
    mixtures: { type: "string", default: "20000" },
    characters: { type: "string", default: "0x110000" },
    vocab: { type: "string", default: "8192" },
    rounds: { type: "string", default: "20" },
  },
});
if (!values.tool || files.length === 0) {
  console.error('usage: node compare.mjs --tool "dotnet PATH/espalier.dll" [--lines N] [--mixtures N] [--characters N] [--vocab N] [--rounds N] FILES...');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "espalier-interop-"));
let faults = 0;

function espalier(args, inputFile, outputFile) {
  const [command, ...first] = values.tool.split(" ");
  const input = inputFile ? openSync(inputFile, "r") : "ignore";
  const output = outputFile ? openSync(outputFile, "w") : "ignore";
  execFileSync(command, [...first, "tokenizer", ...args], { stdio: [input, output, "inherit"] });
  for (const handle of [input, output]) if (handle !== "ignore") closeSync(handle);
}

function ourIds(tokenizer, textFile) {
  const output = join(folder, "ids");
  espalier(["encode", "--tokenizer", tokenizer], textFile, output);
  return readFileSync(output, "latin1").split("\n").slice(0, -1);
}

// The first lines of each file, as many of each as there are if the short files give all they have.
function realLines(limit) {
  const texts = files.map((file) => {
    const raw = readFileSync(file);
    return (raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw).toString("utf8").split("\n");
  });
  texts.sort((a, b) => a.length - b.length);
  const lines = [];
  let left = limit;
  texts.forEach((text, i) => {
    const take = Math.min(text.length, Math.ceil(left / (texts.length - i)));
    lines.push(...text.slice(0, take));
    left -= take;
  });
  return lines;
}

async function theirIds(tokenizer, lines) {
  const ids = [];
  for (let start = 0; start < lines.length; start += 1000) {
    const encoded = await tokenizer.encodeBatch(lines.slice(start, start + 1000), { addSpecialTokens: false });
    for (const encoding of encoded) ids.push(encoding.getIds().join(" "));
  }
  return ids;
}

function compare(what, theirs, path, lines, textFile) {
  const ours = ourIds(path, textFile);
  let differences = Math.abs(ours.length - lines.length);
  theirs.forEach((ids, i) => {
    if (ids === ours[i] || ++differences > 3) return;
    console.log(`  line ${i + 1} ${JSON.stringify(lines[i].slice(0, 80))}\n    theirs ${ids.slice(0, 160)}\n    ours   ${ours[i]?.slice(0, 160)}`);
  });
  report(what, `${lines.length} lines`, differences);
}

function report(what, size, differences) {
  console.log(`${what}: ${size}, ${differences} differences`);
  faults += differences;
}

// Added tokens of all sorts and with all flags, at random.
async function compareAddedTokens(saved, rounds) {
  const draw = random(5);
  const contents = ["<extra>", "ab", "abc", "  ", "\t", " x", "\u00e9", "<mask>x", "the", "'s", "\u4e2d"];
  const pieces = [...contents, "<s>", "<mask>", "</s>", " ", "  ", "a", "b", "c", "x", "the ", "'", "1", ".", "\u00a0", "_", "\u200d", "\u4e2d\u6587", "\u0301"];
  const [path, textFile] = [join(folder, "added.json"), join(folder, "added")];
  for (let round = 0; round < rounds; round++) {
    const file = structuredClone(saved);
    const flag = () => draw(3) === 0;
    contents.filter((content) => !(content in saved.model.vocab) && flag()).forEach((content, i) => file.added_tokens.push({
      id: Math.max(...Object.values(saved.model.vocab)) + 1 + i, content, single_word: flag(), lstrip: flag(), rstrip: flag(), normalized: flag(), special: flag() }));
    file.pre_tokenizer.add_prefix_space = flag();
    file.model.ignore_merges = flag();
    writeFileSync(path, JSON.stringify(file));
    const lines = Array.from({ length: 2000 }, () => Array.from({ length: 1 + draw(9) }, () => pieces[draw(pieces.length)]).join(""));
    writeFileSync(textFile, lines.map((line) => `${line}\n`).join(""));
    compare(`random added tokens, round ${round + 1}`, await theirIds(Tokenizer.fromFile(path), lines), path, lines, textFile);
  }
}

async function comparePairs(tokenizer, ours, lines) {
  let differences = 0;
  const some = lines.filter((line) => line.length > 0).slice(0, 200);
  for (let i = 0; i + 1 < some.length; i++) {
    const [a, b] = [some[i], some[i + 1]];
    const theirs = (await tokenizer.encode(a, b)).getIds();
    const [idsA, idsB] = await Promise.all([a, b].map(async (text) => (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds()));
    const framed = [ours["<s>"], ...idsA, ours["</s>"], ours["</s>"], ...idsB, ours["</s>"]];
    if (theirs.join(" ") !== framed.join(" ")) differences++;
  }
  report("<s> A </s></s> B </s> by our post-processor", `${some.length} pairs`, differences);
}

try {
  espalier(["train", ...files, "--vocab", values.vocab, "--out", folder]);
  const path = join(folder, "tokenizer.json");
  const saved = JSON.parse(readFileSync(path, "utf8"));
  const theirs = Tokenizer.fromFile(path);

  const sets = [["real", realLines(Number(values.lines))], ["hostile", [...hostileLines(1, Number(values.mixtures), Number(values.characters))]]];
  for (const [kind, lines] of sets) {
    const textFile = join(folder, kind);
    writeFileSync(textFile, lines.map((line) => `${line}\n`).join(""));
    const ids = await theirIds(theirs, lines);
    compare(`our tokenizer.json, ${kind} text`, ids, path, lines, textFile);

    for (const pretty of [true, false]) {
      const resaved = join(folder, `resaved-${pretty}.json`);
      theirs.save(resaved, pretty);
      compare(`saved by them${pretty ? "" : " without indentation"}, ${kind} text`, ids, resaved, lines, textFile);
    }

    const prefixed = join(folder, "prefixed.json");
    writeFileSync(prefixed, JSON.stringify({ ...saved, pre_tokenizer: { ...saved.pre_tokenizer, add_prefix_space: true } }));
    compare(`with add_prefix_space, ${kind} text`, await theirIds(Tokenizer.fromFile(prefixed), lines), prefixed, lines, textFile);

    // RoBERTa's own file says "normalized" of its special tokens, in other words: look for them in a second pass.
    const normalized = join(folder, "normalized.json");
    const added = saved.added_tokens.map((token) => ({ ...token, normalized: true, rstrip: token.content === "</s>", single_word: token.content === "<unk>" }));
    writeFileSync(normalized, JSON.stringify({ ...saved, added_tokens: added }));
    compare(`with other flags of added tokens, ${kind} text`, await theirIds(Tokenizer.fromFile(normalized), lines), normalized, lines, textFile);

    const pair = join(folder, "pair");
    mkdirSync(pair, { recursive: true });
    writeFileSync(join(pair, "vocab.json"), JSON.stringify(saved.model.vocab));
    writeFileSync(join(pair, "merges.txt"), ["#version: 0.2", ...saved.model.merges, ""].join("\n"));
    const fromPair = new Tokenizer(await BPE.fromFile(join(pair, "vocab.json"), join(pair, "merges.txt")));
    fromPair.setPreTokenizer(byteLevelPreTokenizer(false, true));
    const plain = lines.filter((line) => !/<\/?[a-z]+>/.test(line));
    const plainFile = join(folder, "plain");
    writeFileSync(plainFile, plain.map((line) => `${line}\n`).join(""));
    compare(`vocab.json and merges.txt, ${kind} text`, await theirIds(fromPair, plain), pair, plain, plainFile);

    // Without special tokens, because <mask> swallows the white space before it.
    const decoded = join(folder, "decoded");
    ourIds(path, plainFile);
    espalier(["decode", "--tokenizer", path], join(folder, "ids"), decoded);
    report(`bytes after encoding and decoding, ${kind} text`, `${plain.length} lines`, readFileSync(decoded).equals(readFileSync(plainFile)) ? 0 : 1);
  }
  await compareAddedTokens(saved, Number(values.rounds));
  await comparePairs(theirs, saved.model.vocab, sets[0][1]);
} finally {
  rmSync(folder, { recursive: true });
}
console.log(faults === 0 ? "no differences" : `${faults} differences`);
process.exit(faults === 0 ? 0 : 1);
