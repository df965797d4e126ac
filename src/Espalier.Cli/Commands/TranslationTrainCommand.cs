using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Models;
using Espalier.Text.Bitext;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;
using Espalier.Training.Translation;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier translation train</c>: a parallel set and a budget in, a run with a model that translates out.</summary>
internal sealed class TranslationTrainCommand : EspalierCommand
{
    private readonly ParallelOptions _files = new();
    private readonly Option<string?> _out = new("--out") { Description = "Folder of the run, new or empty; a new run needs it" };
    private readonly Option<string?> _resume = new("--resume") { Description = "Folder of a run to go on with; give it more with --time +30m" };
    private readonly BudgetOptions _budget = new();
    private readonly TranslationOptions _options = new();

    public TranslationTrainCommand(Terminal terminal) : base(terminal, "train", "Train an encoder-decoder model until a budget is used up",
        "espalier translation train --recipe short-translation --train-source train.en --train-target train.fr --time 30m --out run")
    {
        foreach (Option option in (Option[])[.. _files.Training, _out, _resume, new RecipeOption("short-translation", "paper-translation"), .. _budget.All, .. _options.All])
            Options.Add(option);
    }

    public override bool SavesWhenStopped => true;

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        using TranslationRun run = Open(parsed, context);
        foreach (string warning in run.Warnings)
            context.Warn(warning);
        Announce(run, context);
        var display = new TrainingDisplay(context, run.Peak, perplexity: false);
        TranslationOutcome outcome = display.Run(() => run.Train(display, context.Cancel));
        TrainingOutcome training = outcome.Training;
        var report = new TranslationTrainReport(
            run.Directory.Path, training.End, run.Parameters, training.State.Step, training.State.Tokens, training.State.Epochs,
            training.State.Flops, outcome.Best, training.Timing, training.State.Rollbacks, training.Message)
        {
            TrainingSeconds = training.State.Times.Training.TotalSeconds,
            EvaluationSeconds = training.State.Times.Evaluation.TotalSeconds,
            SavingSeconds = training.State.Times.Saving.TotalSeconds,
            PreparationSeconds = run.Record.PreparationSeconds,
        };
        context.Report(report, CommandJson.Default.TranslationTrainReport, report.Write);
        if (training.End == TrainingEnd.Diverged)
            throw new RunException(run.Directory.Path, $"training diverged: {training.Message}");
        if (training.End == TrainingEnd.Interrupted)
        {
            context.Terminal.Error.WriteLine($"saved; go on with: espalier translation train --resume {run.Directory.Path}");
            throw new OperationCanceledException(context.Cancel);
        }
    }

    private TranslationRun Open(ParseResult parsed, CommandContext context)
    {
        if (parsed.GetValue(_resume) is { } resumed)
        {
            string[] given = [.. ((Option[])[_out, .. _options.All]).Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name)];
            if (given.Length > 0)
                throw new UsageException($"a run that is resumed keeps its settings; leave {string.Join(", ", given)} out (budgets may change, and files where they were moved)");
            Func<TrainingBudget, TrainingSpent, TrainingBudget>? change = _budget.ReadChange(parsed);
            Func<ParallelCorpus, ParallelCorpus>? moved = _files.ReadMoved(parsed);
            return context.Resume("reading", _ => TranslationRun.Resume(
                resumed, change, moved == null ? null : c => c with { Corpus = moved(c.Corpus) }, context.Cancel));
        }
        if (_files.Read(parsed, others: []) is not { } corpus || parsed.GetValue(_out) is not { } folder)
            throw new UsageException("name the pairs with --train-source and --train-target, and the run's folder with --out; or a run with --resume");
        TranslationConfiguration configuration = _options.Read(parsed, corpus, _budget.Read(parsed));
        return context.Begin("reading", progress =>
            TranslationRun.Create(folder, configuration, new PhaseProgress(progress, "pairs"), context.Cancel));
    }

    private static void Announce(TranslationRun run, CommandContext context)
    {
        TextWriter error = context.Terminal.Error;
        TranslationRecord record = run.Record;
        EncoderDecoderConfiguration m = record.Configuration.Model;
        error.WriteLine($"{run.Directory.Path}: {m.Layers} + {m.DecoderLayers} layers × {m.Hidden}, {run.Parameters:N0} parameters, {m.Vocabulary:N0} symbols");
        error.WriteLine($"{record.TrainPairs:N0} pairs of {record.TrainTokens:N0} tokens to learn from, {run.StepsInEpoch:N0} steps a pass; {record.DevelopmentPairs:N0} pairs to be measured by; learning rate at most {record.Configuration.Training.Schedule.Peak:G3}");
    }
}

/// <summary>What <c>translation train --json</c> prints.</summary>
internal sealed record TranslationTrainReport(
    string Run, TrainingEnd End, long Parameters, long Steps, long Tokens, double Epochs, FlopCount Flops, TranslationBest? Best,
    StepTiming? Timing, int Rollbacks, string? Message) : TimedReport
{
    public void Write(TextWriter text)
    {
        text.WriteLine($"{Run}: {End.ToString().ToLowerInvariant()} after {Steps:N0} steps, {Tokens:N0} tokens, {Epochs:F2} epochs");
        WriteTimes(text);
        if (Timing is { } t)
            text.WriteLine($"  step        {t.Mean * 1e3:F1} ms ± {t.StandardDeviation * 1e3:F1} (median {t.Median * 1e3:F1}) over {t.Steps} steps{(t.Stable ? "" : ", not stable")}");
        text.WriteLine($"  FLOPs       {Flops.Products:0.000e0} in matrix products");
        if (Best is { } best)
            text.WriteLine($"  kept        BLEU {best.Bleu:F2} on the development set (greedy), loss {best.Loss:F4}; step {best.Step:N0}"
                + (best.Averaged > 1 ? $", the end of {best.Averaged} evaluations that are averaged" : ""));
        if (Message != null)
            text.WriteLine($"  {Message}");
    }
}
