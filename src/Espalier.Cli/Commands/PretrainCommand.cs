using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier pretrain</c>: a prepared corpus and a budget in, a run with a masked language model out.</summary>
internal sealed class PretrainCommand : EspalierCommand
{
    private readonly Option<string?> _data = new("--data") { Description = "Folder that espalier data prepare made; a new run needs it" };
    private readonly Option<string?> _out = new("--out") { Description = "Folder of the run, new or empty; a new run needs it" };
    private readonly Option<string?> _resume = new("--resume") { Description = "Folder of a run to go on with; give it more with --time +30m" };
    private readonly BudgetOptions _budget = new();
    private readonly PretrainOptions _options = new();

    public PretrainCommand(Terminal terminal) : base(terminal, "pretrain", "Train a masked language model until a budget is used up",
        "espalier pretrain --recipe short-mlm --data data --time 30m --out run")
    {
        foreach (Option option in (Option[])[_data, _out, _resume, new RecipeOption("short-mlm", "paper-mlm"), .. _budget.All, .. _options.All])
            Options.Add(option);
    }

    public override bool SavesWhenStopped => true;

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        using PretrainingRun run = Open(parsed, context);
        foreach (string warning in run.Warnings)
            context.Warn(warning);
        if (run.Record.Configuration.From != null && _options.Overruled(parsed, run.Record.Configuration) is { } overruled)
            context.Warn(overruled);
        Announce(run, parsed.GetValue(_resume) != null, context);
        var display = new TrainingDisplay(context, run.Peak);
        TrainingOutcome outcome = display.Run(() => run.Train(display, context.Cancel));
        var report = new PretrainReport(
            run.Directory.Path, outcome.End, outcome.State.Step, outcome.State.Tokens, outcome.State.Epochs, outcome.State.Flops,
            outcome.Evaluation?.Value, run.Record.UnigramPerplexity, outcome.Timing, run.Record.MicroBatch.Reason,
            outcome.State.Rollbacks, outcome.Message)
        {
            TrainingSeconds = outcome.State.Times.Training.TotalSeconds,
            EvaluationSeconds = outcome.State.Times.Evaluation.TotalSeconds,
            SavingSeconds = outcome.State.Times.Saving.TotalSeconds,
            PreparationSeconds = run.Record.PreparationSeconds,
            From = run.Record.Configuration.From,
        };
        context.Report(report, CommandJson.Default.PretrainReport, report.Write);
        if (outcome.End == TrainingEnd.Diverged)
            throw new RunException(run.Directory.Path, $"training diverged: {outcome.Message}");
        if (outcome.End == TrainingEnd.Interrupted)
        {
            context.Terminal.Error.WriteLine($"saved; go on with: espalier pretrain --resume {run.Directory.Path}");
            throw new OperationCanceledException(context.Cancel);
        }
    }

    private PretrainingRun Open(ParseResult parsed, CommandContext context)
    {
        string? data = parsed.GetValue(_data), folder = parsed.GetValue(_out), resumed = parsed.GetValue(_resume);
        if (resumed != null)
        {
            string[] given = [.. ((Option[])[_out, .. _options.All]).Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name)];
            Func<TrainingBudget, TrainingSpent, TrainingBudget>? change = _budget.ReadChange(parsed);
            return given.Length == 0
                ? context.Resume("reading", _ => PretrainingRun.Resume(resumed, change, data, context.Cancel))
                : throw new UsageException($"a run that is resumed keeps its settings; leave {string.Join(", ", given)} out (budgets may change, and --data where the corpus was moved)");
        }
        if (data == null || folder == null)
            throw new UsageException("name a prepared corpus with --data and the run's folder with --out, or a run with --resume");
        PretrainingConfiguration configuration = _options.Read(parsed, data, _budget.Read(parsed));
        return context.Begin("measuring", progress =>
            PretrainingRun.Create(folder, configuration, new PhaseProgress(progress, "micro-batches, steps and the corpus"), cancel: context.Cancel),
            BudgetOptions.Measuring(configuration.Training.Budget.Time));
    }

    private static void Announce(PretrainingRun run, bool resumed, CommandContext context)
    {
        TextWriter error = context.Terminal.Error;
        PretrainingConfiguration c = run.Record.Configuration;
        TimeEstimate estimate = run.Estimate;
        error.WriteLine($"{run.Directory.Path}: {c.Model.Layers} layers × {c.Model.Hidden}, {c.Batches.BatchBlocks} × {c.Batches.BlockTokens} tokens a step, "
            + $"learning rate {c.Training.Schedule.Peak:G3} ({c.LearningRateSource}){(c.From == null ? "" : $", from {c.From}")}");
        error.WriteLine($"micro-batch: {run.Record.MicroBatch.Reason}");
        // Of a run that goes on, its own steps tell more.
        if (run.Record.MicroBatch.Timing is { } t && !resumed)
            error.WriteLine($"timed: {t.Mean * 1e3:F1} ms ± {t.StandardDeviation * 1e3:F1} for a micro-batch forward and backward, over {t.Steps} {(t.Stable ? $"after {t.Skipped} until it was stable" : "(not stable yet)")}");
        error.WriteLine($"expected: {estimate.Steps:N0} steps of {estimate.StepSeconds:G3} s, {estimate.Tokens:N0} tokens, {estimate.Epochs:F2} epochs; "
            + $"{Quantities.Show(estimate.Training)} of training and {Quantities.Show(estimate.Evaluation)} of evaluation");
        if (run.Record.UnigramPerplexity is { } unigram)
            error.WriteLine($"held-out perplexity of a model that ignores context: {unigram:F1}");
    }
}

/// <summary>What <c>pretrain --json</c> prints.</summary>
internal sealed record PretrainReport(
    string Run, TrainingEnd End, long Steps, long Tokens, double Epochs, FlopCount Flops, double? HeldOutPerplexity,
    double? UnigramPerplexity, StepTiming? Timing, string MicroBatch, int Rollbacks, string? Message) : TimedReport
{
    public string? From { get; init; }

    public void Write(TextWriter text)
    {
        text.WriteLine($"{Run}: {End.ToString().ToLowerInvariant()} after {Steps:N0} steps, {Tokens:N0} tokens, {Epochs:F2} epochs");
        WriteTimes(text);
        if (Timing is { } t)
            text.WriteLine($"  step        {t.Mean * 1e3:F1} ms ± {t.StandardDeviation * 1e3:F1} (median {t.Median * 1e3:F1}) over {t.Steps} steps{(t.Stable ? "" : ", not stable")}");
        text.WriteLine($"  FLOPs       {Flops.Products:0.000e0} in matrix products; {Flops.Electra:0.000e0} as ELECTRA counts");
        if (HeldOutPerplexity is { } perplexity)
            text.WriteLine($"  perplexity  {perplexity:F2} held out; {UnigramPerplexity:F2} for a model that ignores context");
        if (Rollbacks > 0)
            text.WriteLine($"  rollbacks   {Rollbacks}, each with half of the rate; their steps were trained again");
        if (Message != null)
            text.WriteLine($"  {Message}");
    }
}
