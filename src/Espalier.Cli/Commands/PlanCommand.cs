using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Pipeline.Plans;
using Espalier.Planning.Race;
using Espalier.Text.Bitext;
using Espalier.Training;
using static System.FormattableString;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier plan</c>: data and a budget in, the size to train and a forecast out.</summary>
internal sealed class PlanCommand : EspalierCommand
{
    private readonly Option<string?> _data = new("--data") { Description = "Folder that espalier data prepare made, with a held-out part, to pretrain an encoder on" };
    private readonly ParallelOptions _parallel = new();
    private readonly Option<string?> _tokenizer = new("--tokenizer") { Description = "To translate: folder of a joint tokenizer of both languages; learned into the plan's folder when left out" };
    private readonly Option<string> _out = new("--out") { Description = "Folder of the plan, to create, or to go on with", Required = true };
    private readonly Option<string> _time = new Option<string>("--time") { Description = "Time of the whole training, such as 30m; the plan takes at most 15 % of it", Required = true }.ExpectReadable(text => Quantities.Time(text));
    private readonly LimitOptions _limits = new();
    private readonly Option<int> _candidates = Number("--candidates", 6, 1, "Most sizes to try");
    private readonly Option<string?> _memory = Memory();
    private readonly Option<ulong> _seed = New("--seed", 1ul, "Seed of weights, order and masks");
    private readonly Option<int> _threads = Threads();
    private readonly Option<bool> _verify = new("--verify") { Description = "Then train every size for the whole time, and set the forecasts beside what came of them" };

    public PlanCommand(Terminal terminal) : base(terminal, "plan", "Choose the size of an encoder, or of a model that translates, by a race within a part of the budget")
    {
        foreach (Option option in (Option[])[_data, .. _parallel.Training, _tokenizer, _out, _time, .. _limits.All, Recipe.Option, _candidates, _memory, _seed, _threads, _verify])
            Options.Add(option);
    }

    public override bool SavesWhenStopped => true;

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        string folder = parsed.GetRequiredValue(_out);
        string? data = parsed.GetValue(_data), tokenizer = parsed.GetValue(_tokenizer);
        ParallelCorpus? pairs = _parallel.Read(parsed, [_data]);
        if (data == null && pairs == null)
            throw new UsageException("say what is to be trained on: a prepared corpus with --data, or pairs to translate with --train-source and --train-target");
        if (data != null && tokenizer != null)
            throw new UsageException("a prepared corpus has its tokenizer; leave --tokenizer out");
        var settings = new PlanSettings
        {
            Data = data,
            Translation = pairs == null ? null : new TranslationPlan { Corpus = pairs, Tokenizer = tokenizer },
            Budget = Quantities.Time(parsed.GetRequiredValue(_time)),
            Limits = _limits.Read(parsed),
            Candidates = parsed.GetValue(_candidates),
            MemoryBytes = parsed.GetValue(_memory) is { } memory ? Quantities.Bytes(memory) : null,
            Seed = parsed.GetValue(_seed),
            Threads = parsed.GetValue(_threads),
        };
        try
        {
            PlanResult result = context.Track("planning", progress =>
                PlanRun.Execute(settings, folder, Told(context, progress), context.Cancel));
            PlanVerification? verification = parsed.GetValue(_verify)
                ? context.Track("verifying", progress => PlanVerification.Execute(folder, Told(context, progress), context.Cancel))
                : null;
            var report = new PlanReport(folder, result.Plan, result.Sizes, result.TrainingTime.TotalSeconds, result.CostShare, verification);
            context.Report(report, CommandJson.Default.PlanReport, report.Write);
        }
        catch (OperationCanceledException)
        {
            context.Terminal.Error.WriteLine("saved; the same command goes on");
            throw;
        }
    }

    private static Relay<PlanProgress> Told(CommandContext context, IProgress<WorkDone> progress) => new(p =>
    {
        if (p.Warning is { } warning)
            context.Warn(warning);
        progress.Report(new WorkDone(p.Phase, Math.Clamp(p.Fraction, 0, 1)));
    });
}

/// <summary>What <c>plan --json</c> prints.</summary>
internal sealed record PlanReport(
    string Folder, SizePlan Plan, IReadOnlyList<PlannedSize> Sizes, double TrainingSeconds, double CostShare, PlanVerification? Verification)
{
    public void Write(TextWriter text)
    {
        text.WriteLine("size       parameters  memory     step        rate     raced    steps  forecast (90 %)");
        foreach ((CandidateForecast c, PlannedSize s) in Plan.Candidates.Zip(Sizes))
        {
            text.WriteLine(Invariant(
                $"{c.Size,-9} {s.Parameters,11:N0} {s.MemoryBytes / 1e6,5:F0} MB {c.StepSeconds * 1e3,6:F1} ms {s.LearningRate,11:G3} {c.RacedSeconds,7:F1} s {c.Steps,8:N0}  {c.Loss.Loss:F3} ({c.Loss.Low:F3} to {c.Loss.High:F3})"));
        }
        text.WriteLine();
        foreach (string line in Plan.Explain())
            text.WriteLine(line);
        if (Verification is { } v)
        {
            text.WriteLine();
            text.WriteLine(Invariant($"trained for the whole budget, and measured on the same {v.Chosen.Predictions:N0} held-out predictions:"));
            text.WriteLine("size       trained       steps     loss  forecast (90 %)           error");
            foreach (VerifiedSize s in v.Sizes)
            {
                text.WriteLine(Invariant(
                    $"{s.Size,-9} {s.TrainedSeconds,7:F0} s {s.Steps,11:N0} {s.Loss,8:F3}  {s.Forecast.Loss:F3} ({s.Forecast.Low:F3} to {s.Forecast.High:F3}) {s.Error,9:+0.0%;-0.0%}"));
            }
            text.WriteLine(Invariant($"{v.Chosen.Size} was chosen: {v.Chosen.Loss:F3}, {v.Excess:P1} above the best, {v.Best.Size} with {v.Best.Loss:F3}; the plan cost {CostShare:P1} of the budget"));
        }
    }
}
