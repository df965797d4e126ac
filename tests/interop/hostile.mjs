// Lines that tokenizers get wrong, the same on every run. No line holds a line feed.

export function random(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * limit);
  };
}

const specials = ["<s>", "</s>", "<pad>", "<unk>", "<mask>", "<mask", "mask>", "<MASK>", "<<mask>>", "</s></s>"];
const spaces = [" ", "  ", "\t", "\r", "\v", "\f", "\u001c", "\u0085", "\u00a0", "\u1680", "\u180e", "\u2003", "\u200b", "\u2028", "\u2029",
  "\u202f", "\u205f", "\u3000", "\ufeff"];
const quotes = ["'", "''", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'RE", "'l", "'r", "'v", "\u2019s", "don't", "we'll've"];
const pieces = ["a", "Ab", "word", "1", "42", "\u0664\u0662", "\u00bd", "\u2167", "!", "...", "_", "-", "$", "\u00e9", "e\u0301", "\u0301", "n\u0303\u0323",
  "\u00df", "\u0130", "\ufb01", "\u4e2d\u6587", "\u65e5\u672c\u8a9e\u306e", "\ud55c\uad6d\uc5b4", "\u0441\u043b\u043e\u0432\u043e", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627",
  "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u{1f600}", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}", "\u{1f44d}\u{1f3fd}", "\u{1f1eb}\u{1f1f7}",
  "\u{1d518}", "\u{20000}", "\u{10ffff}", "\ufffd", "\ufffe", "\u0000", "\u0001", "\u001b", "\u007f", "\u00ad", "\u0120", "\u010a", "\u00c3\u00a9"];

export function* hostileLines(seed = 1, mixtures = 20000, characters = 0x110000) {
  const draw = random(seed);
  const pick = (list) => list[draw(list.length)];

  // Every character of the planes in use, and the ends of the others: after a letter, a number, a mark, a space, and twice.
  const used = (block) => block < 0x32400 || (block >= 0xe0000 && block < 0xe0200) || (block & 0xffff) === 0 || (block & 0xffff) === 0xffe0;
  for (let block = 0; block < characters; block += 32) {
    if (!used(block)) continue;
    let line = "";
    for (let code = block; code < block + 32; code++) {
      if (code === 10 || (code >= 0xd800 && code < 0xe000)) continue;
      const c = String.fromCodePoint(code);
      line += `a${c}1${c}.${c} ${c}${c}`;
    }
    yield line;
  }
  for (const token of specials)
    for (const before of ["", "a", ...spaces])
      for (const after of ["", "b", ...spaces]) yield `x${before}${token}${after}${token}y`;
  for (const token of specials) yield* [token, ` ${token}`, `${token} `, `  ${token}  `, token.repeat(3)];
  for (const quote of quotes) yield* [quote, ` ${quote}`, `it${quote}`, `it${quote}s ${quote}ll`, `1${quote}`, `!${quote}`, `${quote}${quote}`];
  for (const piece of pieces) yield* [piece, piece.repeat(50), ` ${piece}`, `${piece} `];
  for (const space of spaces) yield* [space, space.repeat(9), `${space}a${space}${space}b${space}`, ` ${space}a`, `${space} a`];
  yield* ["a".repeat(100000), "ab".repeat(30000), " ".repeat(10000), `${" ".repeat(999)}x`, "!".repeat(10000), "\u00e9".repeat(9999),
    "\u4e2d".repeat(9999), "<mask>".repeat(999), "'s".repeat(999), "1".repeat(49), "x".repeat(48), "Q".repeat(65), "\u{1f600}".repeat(3000)];
  yield Array.from({ length: 30000 }, () => String.fromCharCode(97 + draw(26))).join("");
  yield Array.from({ length: 30000 }, () => pick(pieces)).join("");

  const kinds = [specials, spaces, spaces, quotes, pieces, pieces, pieces];
  for (let i = 0; i < mixtures; i++) yield Array.from({ length: 1 + draw(12) }, () => pick(pick(kinds))).join("");
}
