using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Finetuning;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier finetune</c>: a labelled set and a pretrained model in, a run with a classifier out.</summary>
internal sealed class FinetuneCommand : EspalierCommand
{
    private readonly Option<string?> _train = new("--train") { Description = "Table of texts and labels (.csv, .tsv, .jsonl, also .gz), or a folder laid out as GLUE's; a new run needs it" };
    private readonly Option<string?> _dev = new("--dev") { Description = "Table that models are chosen by; --dev-fraction of --train when left out" };
    private readonly Option<string?> _out = new("--out") { Description = "Folder of the run, new or empty; a new run needs it" };
    private readonly Option<string?> _resume = new("--resume") { Description = "Folder of a run to go on with; give it more with --time +30m" };
    private readonly BudgetOptions _budget = new(
        time: "Time of the training steps of all trials together, such as 30m (measuring before the start, evaluating and saving come on top); with --resume, +30m adds to it", epochs: "Passes over the data in a trial; 10 when neither this nor --steps nor --tokens is given",
        steps: "Optimizer steps of a trial, such as 5000");
    private readonly FinetuneOptions _options = new();

    public FinetuneCommand(Terminal terminal) : base(terminal, "finetune", "Train a classifier of one text or two, over a grid of settings",
        "espalier finetune --train train.tsv --from pretrained --out run --time 10m")
    {
        foreach (Option option in (Option[])[_train, _dev, _out, _resume, new RecipeOption("paper-sst2"), .. _budget.All, .. _options.All])
            Options.Add(option);
    }

    public override bool SavesWhenStopped => true;

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        using FinetuningRun run = Open(parsed, context);
        foreach (string warning in run.Warnings)
            context.Warn(warning);
        Announce(run, context);
        var display = new TrainingDisplay(context, run.Peak, perplexity: false);
        FinetuningOutcome outcome = display.Run(() => run.Train((trial, setting) =>
        {
            display.Begin($"trial {trial + 1}/{run.Trials.Count} ({Words(setting)}) · ");
            return display;
        }, context.Cancel));
        var report = FinetuneReport.Of(run, outcome);
        context.Report(report, CommandJson.Default.FinetuneReport, report.Write);
        if (report.TrialsDiverged > 0)
            context.Warn($"{report.TrialsDiverged} of {report.TrialsEnded} trials diverged and are in no mean; take lower learning rates");
        if (outcome.End == TrainingEnd.Diverged)
            throw new RunException(run.Directory.Path, "every trial diverged, so there is no model to speak of; take lower learning rates");
        if (outcome.End == TrainingEnd.Interrupted)
        {
            context.Terminal.Error.WriteLine($"saved; go on with: espalier finetune --resume {run.Directory.Path}");
            throw new OperationCanceledException(context.Cancel);
        }
    }

    private FinetuningRun Open(ParseResult parsed, CommandContext context)
    {
        string? train = parsed.GetValue(_train), folder = parsed.GetValue(_out), resumed = parsed.GetValue(_resume);
        if (resumed != null)
        {
            string[] given = [.. ((Option[])[_out, .. _options.All.Except([_options.From, _options.Tokenizer]), .. _budget.All.Skip(1)]).Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name)];
            if (given.Length > 0)
                throw new UsageException($"a run that is resumed keeps its settings; leave {string.Join(", ", given)} out (--time may change, and --train, --dev, --from and --tokenizer where files were moved)");
            Func<TrainingBudget, TrainingSpent, TrainingBudget>? change = _budget.ReadChange(parsed);
            string? dev = parsed.GetValue(_dev), from = parsed.GetValue(_options.From), tokenizer = parsed.GetValue(_options.Tokenizer);
            return context.Resume("reading", _ => FinetuningRun.Resume(
                resumed, change == null ? null : (old, spent) => change(new TrainingBudget { Time = old }, new TrainingSpent(spent, 0, 0, 0)).Time,
                train == null && dev == null && from == null && tokenizer == null ? null
                    : c => c with { Train = train ?? c.Train, Development = dev ?? c.Development, From = from ?? c.From, Tokenizer = tokenizer ?? c.Tokenizer },
                context.Cancel));
        }
        if (train == null || folder == null)
            throw new UsageException("name a training set with --train and the run's folder with --out, or a run with --resume");
        FinetuningConfiguration configuration = _options.Read(parsed, train, parsed.GetValue(_dev), _budget.Read(parsed));
        return context.Begin("measuring", progress =>
            FinetuningRun.Create(folder, configuration, new PhaseProgress(progress, "micro-batches and steps"), context.Cancel),
            BudgetOptions.Measuring(configuration.Time));
    }

    private static void Announce(FinetuningRun run, CommandContext context)
    {
        TextWriter error = context.Terminal.Error;
        FinetuningRecord record = run.Record;
        FinetuningConfiguration c = record.Configuration;
        error.WriteLine($"{run.Directory.Path}: {record.Labels.Count} classes, {record.TrainExamples:N0} examples to learn from, {record.DevelopmentExamples:N0} to be measured by; "
            + $"{c.Model!.Layers} layers × {c.Model.Hidden} {(c.From == null ? "from scratch" : $"from {c.From}")}");
        if (record.Truncated > 0)
            context.Warn($"{record.Truncated:N0} examples have more than {c.MaximumTokens} tokens and lose their end");
        if (run.Results.Count == run.Trials.Count)
        {
            context.Warn("all of its trials have ended: there is nothing left to train; begin another run for more");
            return;
        }
        TimeSpan all = run.EstimateOfTrial * (run.Trials.Count - run.Results.Count);
        error.WriteLine($"expected: {run.Trials.Count - run.Results.Count} trials of at most {Quantities.Show(run.EstimateOfTrial)} of training, {Quantities.Show(all)} together"
            + (c.Time is { } time ? $"; {Quantities.Show(time)} are given, shared out among them" : ""));
    }

    private static string Words(TrialSetting s) => $"batch {s.Batch}, rate {s.LearningRate:G3}, dropout {s.Dropout:G3}, seed {s.Seed}";
}

/// <summary>What <c>finetune --json</c> prints.</summary>
internal sealed record FinetuneReport(
    string Run, TrainingEnd End, IReadOnlyList<string> Labels, TrialResult? Best, IReadOnlyList<SettingSummary> Settings, int TrialsEnded, int TrialsDiverged,
    int TrialsOfGrid, FlopCount Flops, ClassificationScores? Development) : TimedReport
{
    private const int Shown = 10;

    public static FinetuneReport Of(FinetuningRun run, FinetuningOutcome outcome) => new(
        run.Directory.Path, outcome.End, run.Record.Labels, outcome.Best, outcome.Settings, outcome.Trials.Count,
        outcome.Trials.Count(t => t.End == TrainingEnd.Diverged), outcome.Grid,
        new FlopCount(outcome.Trials.Sum(t => t.ProductFlops), outcome.Trials.Sum(t => t.ElectraFlops)),
        outcome.Predictions == null ? null : ClassificationScores.Of(run.Record.Labels, outcome.Predictions))
    {
        TrainingSeconds = outcome.Trials.Sum(t => t.TrainingSeconds),
        EvaluationSeconds = outcome.Trials.Sum(t => t.EvaluationSeconds) + outcome.Times.Evaluation.TotalSeconds,
        SavingSeconds = outcome.Trials.Sum(t => t.SavingSeconds) + outcome.Times.Saving.TotalSeconds,
        PreparationSeconds = run.Record.PreparationSeconds,
    };

    public void Write(TextWriter text)
    {
        text.WriteLine($"{Run}: {End.ToString().ToLowerInvariant()} with {TrialsEnded} of {TrialsOfGrid} trials"
            + (End == TrainingEnd.Finished && TrialsEnded < TrialsOfGrid ? "; the time is up, give more with --resume and --time +30m" : ""));
        WriteTimes(text);
        text.WriteLine($"  FLOPs       {Flops.Products:0.000e0} in matrix products; {Flops.Electra:0.000e0} as ELECTRA counts");
        if (Best == null)
            return;
        text.WriteLine("  batch     rate  dropout  seeds  accuracy on the development set");
        foreach (SettingSummary s in Settings.Take(Shown))
            text.WriteLine($"  {s.Batch,5} {s.LearningRate,8:G3} {s.Dropout,8:G3} {s.Trials,6}  " + (s.Mean is { } mean ? $"{100 * mean:F2} %" : "")
                + (s.StandardDeviation is { } d ? $" ± {100 * d:F2}, best {100 * s.Best:F2} %" : "") + (s.Diverged > 0 ? $" ({s.Diverged} diverged)" : ""));
        if (Settings.Count > Shown)
            text.WriteLine($"  … and {Settings.Count - Shown} settings more in trials.jsonl");
        TrialSetting b = Best.Setting;
        text.WriteLine($"  kept: batch {b.Batch}, rate {b.LearningRate:G3}, dropout {b.Dropout:G3}, seed {b.Seed}, after {Best.Best.Epochs:F2} epochs");
        Development?.Write(text);
    }
}
