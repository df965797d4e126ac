using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Reports;
using Espalier.Training.Runs;

namespace Espalier.Tests.Pipeline.Reports;

/// <summary>A report such as a run of half an hour leaves, with every part; its figures are made up by formulas.</summary>
internal static class SampleReport
{
    private const double Budget = 1100;

    private static readonly (int Layers, int Hidden, double Step, double Floor)[] Sizes =
        [(4, 256, 0.062, 3.62), (6, 256, 0.090, 3.66), (3, 192, 0.036, 3.71), (8, 384, 0.212, 3.83), (2, 128, 0.018, 3.98), (12, 512, 0.523, 4.21)];

    public static RunReport Whole(params string[] texts)
    {
        GridTable grid = Grid();
        CellResult chosen = grid.Cells.First(c => c is { Sparsity: 0.6, Bits: 6 });
        return new RunReport
        {
            Format = RunReport.CurrentFormat,
            Title = "Sentiment of film reviews",
            Created = new DateTimeOffset(2026, 5, 4, 16, 20, 0, TimeSpan.FromHours(2)),
            Version = "0.1.0",
            State = ReportState.Finished,
            Notes = ["The corpus has 3.2 M tokens, of which pretraining saw each 14 times; more text would help more than more time."],
            Goals = new ReportGoals(1800, new DeploymentLimits(1_200_000, TimeSpan.FromMilliseconds(3))),
            Outcome = new ReportOutcome
            {
                Package = "package",
                Layers = 4,
                Hidden = 256,
                Parameters = 5_324_034,
                Bytes = chosen.Measures!.Bytes,
                Seconds = 1783.4,
                Labels = ["negative", "positive"],
                NonZero = chosen.Measures.NonZero,
                LatencySeconds = 0.00184,
                TokensPerSecond = 81_240,
                Development = new ReportScore(872, 0.8268, 0.8265, 0.6537, 0.4102),
                Test = new ReportScore(1821, 0.8139, 0.8137, 0.6281, 0.4315),
                UncompressedAccuracy = grid.Quality,
                UncompressedBytes = 21_302_110,
                HeldOutLoss = 3.641,
                HeldOutPredictions = 4918,
                UnigramPerplexity = 612.4,
            },
            Plan = new ReportPlan(
                [.. Sizes.Select((s, i) => Candidate(s.Layers, s.Hidden, s.Step, s.Floor, i))],
                [
                    "4 × 256 (layers × hidden): a held-out loss of 3.623 (3.561 to 3.702) nats is forecast, a perplexity of 37.4, by a power law through its learning curve.",
                    "The runner-up, 6 × 256, would give 3.663 (3.570 to 3.774) after 12,222 steps: 0.040 worse, with a standard error of 0.011 by the held-out text alone; the intervals overlap, so it could be as good.",
                    "Losses are measured on 4,918 held-out predictions, the same for every size.",
                    "The choice cost 121.5 s, 11.0 % of the budget: 43.2 s in sizes that lost, 78.3 s in measuring and evaluating; the chosen model keeps its 52.0 s.",
                    "8 × 384 was stopped after 7.5 s: in the worse half after round 1: by their curves till then it would give 3.914 (3.612 to 4.230), and 4 × 256 3.702 (3.511 to 3.902).",
                ],
                Budget, 121.5),
            Forecasts =
            [
                new ReportForecast(ForecastMeasure.HeldOutLoss, 3.623, 3.641, 3.561, 3.702),
                new ReportForecast(ForecastMeasure.Steps, 17_741, 17_302),
                new ReportForecast(ForecastMeasure.Tokens, 36.3e6, 35.4e6),
                new ReportForecast(ForecastMeasure.StepSeconds, 0.062, 0.0636),
                new ReportForecast(ForecastMeasure.Seconds, 1800, 1783.4),
            ],
            Curves = [.. Sizes.Select((s, i) => Curve(s.Layers, s.Hidden, s.Step, s.Floor, i)), Finetuning(0.0003, 0.84), Finetuning(0.0001, 0.825), Finetuning(0.001, 0.81)],
            Grid = grid,
            ChosenCell = chosen.Name,
            Confusion = new ReportConfusion("test", ["negative", "positive"], [[732, 180], [159, 750]]),
            Mistakes = new ReportMistakes("test", 339, 1821,
            [
                .. texts.Select(t => new ReportMistake([t], "positive", "negative", 0.9991)),
                new ReportMistake(["not a film that i would want to miss , whatever its faults ."], "positive", "negative", 0.9914),
                new ReportMistake(["it has all the warmth of a parking garage and twice the charm ."], "negative", "positive", 0.9872),
                new ReportMistake(["the plot is thin , the acting thinner , and still one leaves the theatre with a smile that will not go away for the rest of the evening ."], "positive", "negative", 0.9813),
                new ReportMistake(["ein wirklich schöner Film — 美しい映画"], "positive", "negative", 0.9707),
            ]),
            Phases =
            [
                new ReportPhase("prepare", PhaseState.Done, 30, 24.1),
                new ReportPhase("measure", PhaseState.Done, 20, 18.7),
                new ReportPhase("plan", PhaseState.Done, 165, 160.2),
                new ReportPhase("pretrain", PhaseState.Done, 935, 938.9),
                new ReportPhase("finetune", PhaseState.Done, 300, 297.3),
                new ReportPhase("compress", PhaseState.Done, 300, 302.5, "with what the phases before had left over"),
                new ReportPhase("choose", PhaseState.Done, 10, 8.2),
                new ReportPhase("package", PhaseState.Done, 30, 26.4),
                new ReportPhase("report", PhaseState.Running, 10, 7.1),
            ],
            Configuration =
            [
                new ReportSection("Pretraining", [new ReportSetting("layers", "4", "planned"), new ReportSetting("hidden", "256", "planned"), new ReportSetting("batch", "16 × 128 tokens", "recipe short-mlm"), new ReportSetting("learning rate", "0.001", "recipe short-mlm")]),
                new ReportSection("Finetuning", [new ReportSetting("batch", "16", "default"), new ReportSetting("learning rate", "1e-4, 3e-4", "default")]),
            ],
            Machine = new MachineRecord("bench", "Example Processor 9000", 2, 8_200_000_000, "Linux 6.1", ".NET 10.0.1", "cpu, vector512, 2 threads", 183e9),
            Reproduction = new ReportReproduction(
                ["espalier run --corpus 'english/*.gz' --train train.tsv --dev dev.tsv --test test.tsv --time 30m --max-size 1.2MB --max-latency 3ms --seed 1 --out film"],
                [new ReportInput("train", "train.tsv", 3_800_113, "4cc1b8a0c1f0e6bd4a2f4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192"), new ReportInput("test", "test.tsv", 210_400, null)],
                ["A budget in time ends at another step on another machine: the figures will be near these, not the same."]),
        };
    }

    private static ReportCandidate Candidate(int layers, int hidden, double step, double floor, int rank)
    {
        double loss = floor + 0.003, spread = 0.07 + (0.02 * rank);
        return new ReportCandidate(
            layers, hidden, (12L * layers * hidden * hidden) + (8192L * hidden), step, (long)(layers * hidden * 2.1e5), (long)(Budget / step), (long)(Budget / step * 2048), loss,
            loss - spread, loss + (1.2 * spread), rank == 0 ? 52 : 30.0 / (rank + 1), rank > 2 ? "its forecast was worse than the best even at the good end of its interval" : null,
            rank == 0 ? 3.641 : null);
    }

    private static ReportCurve Curve(int layers, int hidden, double step, double floor, int rank)
    {
        long steps = (long)((rank == 0 ? Budget : 160.0 / (rank + 1)) / step);
        IEnumerable<ReportCurvePoint> points = Enumerable.Range(1, 200).Select(i =>
        {
            long at = Math.Max(1, steps * i / 200);
            double loss = floor - 0.55 + (26 * Math.Pow(at * step + 8, -0.55));
            var point = new ReportCurvePoint(at, at * 2048, at * step, at * 2048 * 6.0 * 12 * layers * hidden * hidden);
            return i % 10 == 0 ? point with { HeldOutLoss = loss } : point with { TrainingLoss = loss + (0.06 * Math.Sin(i * i)) };
        });
        return new ReportCurve($"{layers} × {hidden}", rank == 0 ? CurveRole.Chosen : CurveRole.Raced, [.. points]);
    }

    private static ReportCurve Finetuning(double rate, double best) => new(FormattableString.Invariant($"rate {rate}"), CurveRole.Finetuning,
    [
        .. Enumerable.Range(1, 12).Select(i => new ReportCurvePoint(
            i * 400, i * 400 * 350, i * 23.5, i * 5e11, HeldOutLoss: 0.45, Accuracy: best - (0.14 * Math.Exp(-i / 2.5)) - (i % 3 * 0.003))),
    ]);

    private static GridTable Grid()
    {
        CellResult[] cells =
        [
            .. from sparsity in (double[])[0, 0.15, 0.30, 0.45, 0.60, 0.75, 0.90]
               from bits in (int[])[32, 8, 6, 4]
               let lost = (0.09 * Math.Pow(sparsity, 5)) + (bits == 4 ? 0.035 : bits == 6 ? 0.004 : bits == 8 ? 0.001 : 0)
               let bytes = (long)(5.3e6 * bits / 8 * (sparsity > 0 ? Math.Min(1, 1.05 - sparsity + (1.0 / bits)) : 1) * 0.42) + 90_000
               select new CellResult(
                   sparsity, bits,
                   new ModelMeasures(0.8337 - lost, bytes, bytes * 8, (long)(5.3e6 * (1 - sparsity)), 0.0031 - (0.0017 * sparsity), 52_000 + (40_000 * sparsity)),
                   bytes - 90_000, "dense 26", Errors(sparsity, bits), 4.2, null),
        ];
        CellResult failed = new(0.95, 4, null, 0, "", [], 0.1, "there was no time left");
        string[] frontier = [.. ParetoFrontier.Of(cells, c => c.Measures!, Measure.Bytes, Measure.Quality).Select(c => c.Name)];
        return new GridTable(QualityMetric.Accuracy, 0.8337, [.. cells, failed], [new LevelResult(0.6, 3_000_000, 5_000_000, 0.79, 0.8268, 900, 0.21, 41)], frontier);
    }

    private static WeightError[] Errors(double sparsity, int bits) => sparsity == 0 && bits == 32 ? [] :
    [
        .. Enum.GetValues<ModuleKind>().Take(6).Select((kind, i) => new WeightError(
            kind, 4, 262_144, 1e-6 * i, (0.004 * sparsity) + (0.05 / (1 << bits % 32)) + (0.0007 * (i * i % 5)), 2e-5 * (i + 1))),
    ];
}
