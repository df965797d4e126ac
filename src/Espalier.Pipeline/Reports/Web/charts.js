// The charts as Vega-Lite specifications. Each is a function of the report's data, of the page's colours, of the axis that the
// reader chose and of whether the page is narrow; null where there is nothing to draw.

const size = c => `${c.layers} × ${c.hidden}`;
const time = seconds => seconds < 1 ? `${(1e3 * seconds).toPrecision(3)} ms` : seconds < 100 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`;
const megabytes = bytes => `${(bytes / 1e6).toPrecision(3)} MB`;
const percent = part => `${(100 * part).toFixed(2)} %`;

// As many decimals as it takes to tell the ticks of an axis apart.
const percentAxis = (values, tickCount) => {
  const range = 100 * (Math.max(...values) - Math.min(...values));
  const digits = range < 0.3 ? 2 : range < 5 ? 1 : 0;
  return { tickCount, labelExpr: `format(100 * datum.value, '.${digits}f') + '\u00A0%'` };
};

// A sequential scale between two colours of the theme.
const tint = colors => ({ range: [colors.low, colors.high], interpolate: "lab" });

function forecast(report, colors, axis, narrow) {
  const values = (report.plan?.candidates ?? []).filter(c => c.loss != null).map((c, i) => ({
    size: size(c), loss: c.loss, low: c.low ?? c.loss, high: c.high ?? c.loss, actual: c.actual, parameters: c.parameters,
    kind: i === 0 ? "chosen" : i === 1 ? "runner-up" : "other",
    forecast: `${c.loss.toFixed(3)} nats`, interval: c.low == null ? "none" : `${c.low.toFixed(3)} to ${c.high.toFixed(3)}`,
  }));
  if (values.length < 1) {
    return null;
  }
  const order = [...values].sort((a, b) => (a.parameters ?? 0) - (b.parameters ?? 0)).map(v => v.size);
  const kinds = ["chosen", "runner-up", "other"].filter(k => values.some(v => v.kind === k));
  const range = { chosen: colors.accent, "runner-up": colors.second, other: colors.faint };
  const y = { field: "size", type: "nominal", sort: order, title: "layers × width" };
  const color = {
    field: "kind", type: "nominal", title: null, legend: { symbolOpacity: 1, symbolType: "circle" },
    scale: { domain: kinds, range: kinds.map(k => range[k]) },
  };
  const tooltip = [
    { field: "size" }, { field: "kind", title: "part" }, { field: "forecast" }, { field: "interval", title: "interval" },
  ];
  const actual = values.filter(v => v.actual != null);
  return {
    height: 30 * order.length,
    data: { values },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 3, opacity: 0.45 },
        encoding: {
          y, color, tooltip, x: { field: "low", type: "quantitative", title: narrow ? "held-out loss, nats" : "held-out loss at the end of the budget, nats", scale: { zero: false }, axis: { tickCount: narrow ? 4 : 8 } },
          x2: { field: "high" },
        },
      },
      { mark: { type: "point", filled: true, size: 90, opacity: 1 }, encoding: { y, color, tooltip, x: { field: "loss", type: "quantitative" } } },
      {
        data: { values: actual },
        mark: { type: "tick", thickness: 3, size: 18, color: colors.text },
        encoding: {
          y, x: { field: "actual", type: "quantitative" },
          tooltip: [{ field: "size" }, { field: "actual", title: "what it became", format: ".3f" }],
        },
      },
    ],
  };
}

const axes = {
  steps: { title: "steps", of: p => p.step, format: ",d" },
  tokens: { title: "tokens", of: p => p.tokens, format: "~s" },
  time: { title: "training time, seconds", of: p => p.seconds, format: ",~r" },
  FLOPs: { title: "floating-point operations", of: p => p.flops, format: ".0e" },
};

function learning(report, colors, axis, narrow) {
  const { title, of, format } = axes[axis] ?? axes.time;
  const curves = (report.curves ?? []).filter(c => c.role !== "Finetuning");
  const values = curves.flatMap((curve, index) => curve.points.flatMap(p => {
    const at = { run: curve.name, index, chosen: curve.role === "Chosen", x: of(p), step: p.step };
    return [
      ...(p.heldOutLoss == null ? [] : [{ ...at, measure: "held out", loss: p.heldOutLoss }]),
      ...(p.trainingLoss == null || curve.role !== "Chosen" ? [] : [{ ...at, measure: "training", loss: p.trainingLoss }]),
    ];
  }).filter(v => Number.isFinite(v.loss) && v.x > 0));
  if (values.length === 0) {
    return null;
  }
  const chosen = values.filter(v => v.chosen), raced = values.filter(v => !v.chosen);
  // The race is over in a small part of the time, and most of the fall too.
  const x = {
    field: "x", type: "quantitative", title: `${title} (logarithmic)`, scale: { type: "log", nice: false }, axis: { format, tickCount: 6 },
  };
  const y = { field: "loss", type: "quantitative", title: "loss, nats", scale: { zero: false } };
  const tooltip = [
    { field: "run", title: "size" }, { field: "measure", title: "loss on" }, { field: "loss", format: ".3f" }, { field: "step", title: "step", format: "," },
    { field: "x", title, format },
  ];
  const name = curves.find(c => c.role === "Chosen")?.name ?? "chosen";
  const kinds = [
    ["training", `${name}, training`, colors.faint, v => v.chosen && v.measure === "training"],
    ["held", `${name}, held out`, colors.accent, v => v.chosen && v.measure === "held out"],
    ["raced", "sizes that lost, held out", colors.second, v => !v.chosen],
  ].filter(([, , , is]) => values.some(is));
  const labelled = values.map(v => ({ ...v, kind: kinds.find(([, , , is]) => is(v))[1] }));
  const color = {
    field: "kind", type: "nominal", title: null, legend: { orient: "top", columns: narrow ? 1 : 3, symbolType: "stroke" },
    scale: { domain: kinds.map(k => k[1]), range: kinds.map(k => k[2]) },
  };
  const line = (filter, width, point, opacity = 1) => ({
    transform: [{ filter }],
    mark: { type: "line", strokeWidth: width, opacity, point: point ? { filled: true, size: 12 * width, opacity } : false },
    encoding: { x, y, color, detail: { field: "index" }, tooltip },
  });
  return {
    height: 320,
    data: { values: labelled },
    layer: [
      line("datum.chosen && datum.measure === 'training'", 1.2, false),
      ...(raced.length > 0 ? [line("!datum.chosen", 1.2, true, 0.7)] : []),
      ...(chosen.some(v => v.measure === "held out") ? [line("datum.chosen && datum.measure === 'held out'", 2.5, true)] : []),
    ],
  };
}

function finetuning(report, colors, axis) {
  const { title, of, format } = axes[axis] ?? axes.steps;
  const values = (report.curves ?? []).filter(c => c.role === "Finetuning").flatMap(curve => curve.points
    .filter(p => p.accuracy != null).map(p => ({ run: curve.name, x: of(p), accuracy: p.accuracy, loss: p.heldOutLoss })));
  if (values.length === 0) {
    return null;
  }
  const best = values.reduce((a, b) => b.accuracy > a.accuracy ? b : a).run;
  const kinds = [`${best}, the best`, ...(values.some(v => v.run !== best) ? ["others"] : [])];
  // What is drawn last lies on top.
  const labelled = values.map(v => ({ ...v, kind: v.run === best ? kinds[0] : kinds[1], order: v.run === best ? "z" : `a${v.run}` }));
  return {
    height: 240,
    data: { values: labelled },
    mark: { type: "line", strokeWidth: 2, point: { filled: true, size: 30 } },
    encoding: {
      x: { field: "x", type: "quantitative", title, axis: { format, tickCount: 6 } },
      y: { field: "accuracy", type: "quantitative", title: "accuracy, development set", scale: { zero: false }, axis: percentAxis(values.map(v => v.accuracy), 6) },
      detail: { field: "order" },
      color: { field: "kind", type: "nominal", title: null, scale: { domain: kinds, range: [colors.accent, colors.faint] } },
      tooltip: [{ field: "run" }, { field: "x", title, format }, { field: "accuracy", format: ".2%" }],
    },
  };
}

function translating(report, colors, axis) {
  const { title, of, format } = axes[axis] ?? axes.time;
  const values = (report.curves ?? []).flatMap(curve => curve.points.filter(p => p.bleu != null).map(p => ({ run: curve.name, x: of(p), bleu: p.bleu })));
  if (values.length === 0) {
    return null;
  }
  return {
    height: 240,
    data: { values },
    mark: { type: "line", strokeWidth: 2, color: colors.accent, point: { filled: true, size: 30, color: colors.accent } },
    encoding: {
      x: { field: "x", type: "quantitative", title, axis: { format, tickCount: 6 } },
      y: { field: "bleu", type: "quantitative", title: "BLEU, development set", axis: { tickCount: 6 } },
      tooltip: [{ field: "run", title: "size" }, { field: "x", title, format }, { field: "bleu", title: "BLEU", format: ".2f" }],
    },
  };
}

const cellName = c => `s${c.sparsity}-b${c.bits}`;

// Accuracy is a part of one, BLEU counts in points of a hundred.
function quality(report) {
  return report.grid?.metric === "BLEU"
    ? { title: "BLEU", text: v => v.toFixed(2), points: 1, axis: () => ({ format: ".1f" }), format: ".1f" }
    : { title: "accuracy", text: percent, points: 100, axis: values => percentAxis(values, 6), format: ".1%" };
}

function cells(report) {
  const { text, points } = quality(report);
  const frontier = new Set(report.grid?.frontier ?? []);
  return (report.grid?.cells ?? []).filter(c => c.measures).map(c => ({
    name: cellName(c), sparsity: c.sparsity, bits: c.bits, pruned: `${+(100 * c.sparsity).toFixed(1)} %`,
    precision: c.bits === 32 ? "32 (full)" : `${c.bits}`, ...c.measures, megabytes: c.measures.bytes / 1e6, points: points * c.measures.quality,
    qualityText: text(c.measures.quality), bytesText: megabytes(c.measures.bytes), latencyText: time(c.measures.latency),
    frontier: frontier.has(cellName(c)), chosen: cellName(c) === report.chosenCell,
  }));
}

const cellTooltip = report => [
  { field: "pruned" }, { field: "precision", title: "bits" }, { field: "qualityText", title: quality(report).title }, { field: "bytesText", title: "package" },
  { field: "nonZero", title: "non-zero", format: "," }, { field: "latencyText", title: "latency" },
];

function frontier(report, colors, axis, narrow) {
  const values = cells(report);
  if (values.length === 0) {
    return null;
  }
  const limit = report.goals?.limits?.maxBytes;
  const x = {
    field: "megabytes", type: "quantitative", title: "package, MB (logarithmic)", scale: { type: "log", nice: false, padding: 16 },
    axis: { format: "~g", tickCount: narrow ? 4 : 8 },
  };
  const { title, axis: axisOf } = quality(report);
  const y = { field: "quality", type: "quantitative", title: `${title}, development set`, scale: { zero: false, padding: 16 }, axis: axisOf(values.map(v => v.quality)) };
  const kinds = ["on the frontier", "beaten by another"];
  const labelled = values.map(v => ({ ...v, kind: v.frontier ? kinds[0] : kinds[1] }));
  const packages = values.map(v => v.megabytes);
  const left = limit / 1e6 > Math.sqrt(Math.min(...packages) * Math.max(...packages));
  return {
    height: 340,
    data: { values: labelled },
    layer: [
      ...(limit ? [{
        data: { values: [{ limit: limit / 1e6, label: `at most ${megabytes(limit)}` }] },
        layer: [
          { mark: { type: "rule", strokeDash: [5, 4], color: colors.muted }, encoding: { x: { field: "limit", type: "quantitative" } } },
          {
            mark: { type: "text", align: left ? "right" : "left", baseline: "bottom", dx: left ? -6 : 6, dy: -4, color: colors.muted },
            encoding: { x: { field: "limit", type: "quantitative" }, y: { value: "height" }, text: { field: "label" } },
          },
        ],
      }] : []),
      { transform: [{ filter: "datum.frontier" }], mark: { type: "line", strokeWidth: 2, interpolate: "step-after", color: colors.accent, opacity: 0.6 }, encoding: { x, y } },
      {
        mark: { type: "point", filled: true, size: 70, opacity: 0.95 },
        encoding: {
          x, y, tooltip: cellTooltip(report),
          color: { field: "kind", type: "nominal", title: null, scale: { domain: kinds, range: [colors.accent, colors.faint] } },
        },
      },
      {
        transform: [{ filter: "datum.chosen" }],
        layer: [
          { mark: { type: "point", size: 320, strokeWidth: 2.5, color: colors.text, filled: false }, encoding: { x, y, tooltip: cellTooltip(report) } },
          {
            transform: [{ calculate: "'chosen: ' + datum.qualityText", as: "label" }],
            mark: { type: "text", align: "left", dx: 14, dy: 14, fontWeight: 600 }, encoding: { x, y, text: { field: "label" } },
          },
        ],
      },
    ],
  };
}

function grid(report, colors, axis, narrow) {
  const values = cells(report);
  const rows = [...new Set(values.map(v => v.bits))].sort((a, b) => b - a).map(b => values.find(v => v.bits === b).precision);
  if (values.length < 2) {
    return null;
  }
  const x = { field: "pruned", type: "ordinal", sort: { field: "sparsity" }, title: "pruned", axis: { labelAngle: 0, domain: false, ticks: false, labelOverlap: false, labelFontSize: narrow ? 10 : 12 } };
  const y = { field: "precision", type: "ordinal", sort: rows, title: "bits of a weight", axis: { domain: false, ticks: false } };
  const [low, high] = [Math.min(...values.map(v => v.quality)), Math.max(...values.map(v => v.quality))];
  return {
    height: 46 * rows.length,
    data: { values },
    layer: [
      {
        mark: { type: "rect", cornerRadius: 3, stroke: colors.surface, strokeWidth: 3 },
        encoding: { x, y, tooltip: cellTooltip(report), color: { field: "quality", type: "quantitative", legend: null, scale: tint(colors) } },
      },
      {
        mark: { type: "text", fontSize: narrow ? 10 : 12 },
        encoding: {
          // A phone has no room for a unit in each.
          x, y, text: narrow ? { field: "points", format: ".1f" } : { field: "quality", format: quality(report).format }, tooltip: cellTooltip(report),
          color: { condition: { test: `datum.quality > ${low + 0.55 * (high - low)}`, value: colors.surface }, value: colors.text },
        },
      },
      {
        transform: [{ filter: "datum.chosen" }],
        mark: { type: "rect", filled: false, stroke: colors.text, strokeWidth: 2.5, cornerRadius: 3 }, encoding: { x, y },
      },
    ],
    config: { scale: { bandPaddingInner: 0 } },
  };
}

const modules = {
  Embedding: "embeddings", AttentionInput: "attention: query, key, value", AttentionOutput: "attention: output", FeedForwardUp: "feed-forward: first",
  FeedForwardDown: "feed-forward: second", Head: "head", Norm: "layer norms", Bias: "biases",
};

function errors(report, colors, axis, narrow) {
  const all = (report.grid?.cells ?? []).filter(c => c.errors?.length > 0);
  const cell = all.find(c => cellName(c) === report.chosenCell) ?? all.at(-1);
  const values = (cell?.errors ?? []).map(e => ({ module: modules[e.kind] ?? e.kind, error: e.meanMagnitude, deviation: Math.sqrt(e.variance), weights: e.weights }));
  if (values.length === 0) {
    return null;
  }
  return {
    height: 28 * values.length,
    data: { values },
    mark: { type: "bar", color: colors.accent, cornerRadiusEnd: 2, height: { band: 0.7 } },
    encoding: {
      y: { field: "module", type: "nominal", sort: null, title: null, axis: { labelLimit: 220 } },
      x: { field: "error", type: "quantitative", title: narrow ? "mean magnitude" : "mean |before − after|", axis: { grid: true, tickCount: narrow ? 2 : 4, format: "~g" } },
      tooltip: [
        { field: "module" }, { field: "error", title: "mean magnitude", format: ".4~g" },
        { field: "deviation", title: "standard deviation", format: ".4~g" }, { field: "weights", format: "," },
      ],
    },
  };
}

export const charts = { forecast, learning, translating, finetuning, frontier, grid, errors };
