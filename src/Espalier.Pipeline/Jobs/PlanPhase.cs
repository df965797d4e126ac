using Espalier.Engine.Models;
using Espalier.Pipeline.Plans;
using Espalier.Pipeline.Reports;
using Espalier.Planning.Race;
using Espalier.Planning.Sizes;
using Espalier.Text.Tokenization;
using Espalier.Training;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>What a plan goes by beside the job's settings.</summary>
internal sealed record PlanScope
{
    /// <summary>The least time of training: measuring the machine and making a run take seconds, and with less there is nothing left
    /// to tell sizes apart by.</summary>
    public TimeSpan Least { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The candidates; null chooses them from machine, data and limits.</summary>
    public IReadOnlyList<ModelSize>? Sizes { get; init; }
}

/// <summary>Chooses the size: candidates race on the machine and the data, and the survivor is the run that training goes on with.</summary>
internal static class PlanPhase
{
    /// <summary>What is trained where no plan could be made: small enough for any machine.</summary>
    public static readonly EncoderConfiguration Fallback = new() { Layers = 2, Hidden = 128, Vocabulary = 0, MaximumPositions = 0 };

    // Where that is more than the size allows, unpruned at 4 bits.
    private static readonly ModelSize Smaller = new(2, 64);

    private static readonly TimeSpan LeastBudget = TimeSpan.FromSeconds(1);

    // Tokens of a batch, however long its sequences are: what the learning rates are for.
    private const int BatchTokens = 2048;

    // A classifier reads the first token alone: what other layers understood of the words, the last one has to gather there. On SST-2 one
    // layer of 192 came to 78 % where two of 128, not even pretrained, came to 81.
    private const int FewestLayersOfClassifier = 2;

    // Sequences of an evaluation where no plan has chosen how many.
    private const int HeldOutBlocks = 128;

    /// <summary>Plans.</summary>
    /// <returns>What is to be said of it; null where there is nothing.</returns>
    /// <exception cref="RunException">A candidate cannot be trained or written.</exception>
    public static string? Run(JobWork job, CancellationToken cancel)
    {
        PlanRecord? begun = PlanRecord.Read(job.PlanFolder);
        TimeSpan left = job.Left(JobPhase.Pretrain);
        if (begun is not { Decided: true } && left < job.Scope.Least)
        {
            string why = job.Hurry ? "no more time was to be spent" : "the time was up";
            if (begun?.Race is { } state && SizeRace.Resume(state) is { CanDecide: true } race)
            {
                Take(job, race.Decide().Chosen.Size);
                return $"{why} before the race was over: the size is the one that led";
            }

            Begin(job, cancel);
            return job.Hurry ? $"{why}: the size is not measured, but small" : $"less than {job.Scope.Least.TotalSeconds} s of training leave no time for a race; the size is not measured, but small";
        }

        // A plan that has begun keeps its budget: what it has measured holds for that.
        PlanSettings settings = begun?.Settings ?? Settings(job, left) with { Limits = job.Settings.Limits, Sizes = job.Scope.Sizes };
        PlanResult result = PlanRun.Execute(
            settings, job.PlanFolder,
            new Relay<PlanProgress>(p =>
            {
                if (p.Warning is { } warning)
                {
                    job.Note($"{warning}.");
                }

                job.Tell(p.Phase + (p.Training is { } t ? $", step {t.State.Step:N0}, loss {t.Loss:F3}" : ""));
            }), cancel);
        Take(job, result.Plan.Chosen.Size);
        return null;
    }

    /// <summary>What is trained, with all the time of its training.</summary>
    public static TrainingTask TaskOf(JobWork job, TimeSpan budget) => TrainingTask.Of(Settings(job, budget));

    /// <summary>Begins training without a plan.</summary>
    public static void Begin(JobWork job, CancellationToken cancel)
    {
        var size = new ModelSize(Fallback.Layers, Fallback.Hidden);
        double weights = size.LayerWeights + (Tokenizer.Load(job.TokenizerFolder).VocabularySize * (double)size.Hidden);
        size = weights * 4 / 8 > job.Settings.Limits.MaxBytes ? Smaller : size;
        string folder = job.PathOf(NameOf(size));
        if (!RunDirectory.IsAt(folder))
        {
            TimeSpan left = job.Left(JobPhase.Pretrain);
            using ITrainingRun run = TaskOf(job, left > LeastBudget ? left : LeastBudget).Create(folder, size, HeldOutBlocks, cancel);
        }

        Take(job, size);
    }

    /// <summary>The choice in words, a sentence each; empty where there is none.</summary>
    public static IReadOnlyList<string> Words(JobWork job)
        => Result(job) is not { } result ? [] : job.Record.PlannedBudget is not { } first ? result.Plan.Explain()
            : [.. result.Plan.Explain(), $"The job was given more time than the {first.TotalSeconds:N0} s that this was planned for, so what came of it is not set beside the forecasts."];

    /// <summary>The plan as the report has it; null where there is none.</summary>
    public static ReportPlan? Report(JobWork job, double? actual)
    {
        if (Result(job) is not { } result)
        {
            return null;
        }

        return new ReportPlan(
            [.. result.Plan.Candidates.Zip(result.Sizes, (c, measured) => new ReportCandidate(
                c.Size.Layers, c.Size.Hidden, measured.Parameters, c.StepSeconds, measured.MemoryBytes, c.Steps, c.Tokens, c.Loss.Loss, c.Loss.Low,
                c.Loss.High, c.RacedSeconds, c.Stopped, c == result.Plan.Chosen && job.Record.PlannedBudget == null ? actual : null))],
            Words(job), result.Plan.BudgetSeconds, result.Plan.LostSeconds);
    }

    /// <summary>What the plan said beside what happened; null where there is no plan, or the job was given more time than it is for.</summary>
    /// <param name="job">The job.</param>
    /// <param name="end">The last event of training; null before its end.</param>
    /// <param name="actual">Its held-out loss.</param>
    public static IReadOnlyList<ReportForecast>? Forecasts(JobWork job, TrainingEvent? end, double? actual)
    {
        if (job.Record.PlannedBudget != null || Result(job)?.Plan.Chosen is not { } c)
        {
            return null;
        }

        return
        [
            new(ForecastMeasure.HeldOutLoss, c.Loss.Loss, actual, c.Loss.Low, c.Loss.High),
            new(ForecastMeasure.Steps, c.Steps, end?.Step),
            new(ForecastMeasure.Tokens, c.Tokens, end?.Tokens),
            new(ForecastMeasure.StepSeconds, c.StepSeconds, end is { Step: > 0 } ? end.Elapsed / end.Step : null),
            new(ForecastMeasure.Seconds, job.Settings.Budget.TotalSeconds, job.Spent.TotalSeconds),
        ];
    }

    /// <summary>Every training run of the plan, by its folder from the job's, and its size in words.</summary>
    public static IEnumerable<(string Run, string Name)> Runs(JobWork job)
        => Directory.Exists(job.PlanFolder)
            ? Directory.EnumerateDirectories(job.PlanFolder).Order(StringComparer.Ordinal).Where(RunDirectory.IsAt)
                .Select(path => ($"plan/{Path.GetFileName(path)}", Path.GetFileName(path).Replace("x", " × ", StringComparison.Ordinal)))
            : [];

    // The model reads as many tokens as examples may have, in pretraining and wherever it is used.
    private static PlanSettings Settings(JobWork job, TimeSpan budget) => new()
    {
        Data = job.Settings.IsTranslator ? null : job.DataFolder,
        Translation = job.Settings.Translation is not { } corpus ? null : new TranslationPlan
        {
            Corpus = corpus,
            Tokenizer = job.TokenizerFolder,
            Learning = new TranslationLearning { MaximumTokens = job.Settings.MaximumTokens },
        },
        Budget = budget,
        MemoryBytes = job.Settings.MemoryBytes,
        Threads = job.Settings.Threads,
        Seed = job.Settings.Seed,
        FewestLayers = job.Settings.IsClassifier ? FewestLayersOfClassifier : 1,
        Learning = new PlanLearning
        {
            BlockTokens = job.Settings.MaximumTokens,
            BatchBlocks = Math.Max(1, BatchTokens / job.Settings.MaximumTokens),
        },
    };

    private static PlanResult? Result(JobWork job)
        => PlanRecord.Read(job.PlanFolder) is { Decided: true } record ? PlanRun.Result(record) : null;

    private static void Take(JobWork job, ModelSize size) => job.Update(r => r with { Pretrained = NameOf(size) });

    private static string NameOf(ModelSize size) => $"plan/{size.Layers}x{size.Hidden}";
}
