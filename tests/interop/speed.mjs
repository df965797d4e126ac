// The peer of the tokenizer benchmark. Reads a tokenizer.json and a text; then, for each line on standard input, encodes all
// lines of the text once on one thread and answers with one line of JSON: seconds, tokens and a hash of all ids.
//   node speed.mjs TOKENIZER.json TEXT

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

// The library reads it when it first encodes.
process.env.TOKENIZERS_PARALLELISM = "false";
const { Tokenizer } = await import("tokenizers");

const tokenizer = Tokenizer.fromFile(process.argv[2]);
const lines = readFileSync(process.argv[3], "utf8").split("\n").slice(0, -1);

for await (const _ of createInterface({ input: process.stdin })) {
  let seconds = 0;
  let tokens = 0;
  const hash = createHash("sha256");
  for (let start = 0; start < lines.length; start += 1000) {
    const batch = lines.slice(start, start + 1000);
    const before = performance.now();
    const encoded = await tokenizer.encodeBatch(batch, { addSpecialTokens: false });
    seconds += (performance.now() - before) / 1000;
    // Fetching the ids into JavaScript is the caller's affair and is not timed.
    for (const encoding of encoded) {
      const ids = Int32Array.from(encoding.getIds());
      tokens += ids.length;
      hash.update(ids);
    }
  }
  console.log(JSON.stringify({ seconds, tokens, hash: hash.digest("hex") }));
}
