using Espalier.Engine.Models;
using Espalier.Pipeline.Reports;
using Espalier.Text.Batching;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>Chooses the size: candidates race on the machine and the data.</summary>
internal static class PlanPhase
{
    /// <summary>What is trained where no plan could be made: small enough for any machine.</summary>
    public static readonly EncoderConfiguration Fallback = new() { Layers = 2, Hidden = 128, Vocabulary = 0, MaximumPositions = 0 };

    /// <summary>Plans.</summary>
    public static void Run(JobWork job, CancellationToken cancel) => Begin(job, cancel);

    /// <summary>Begins pretraining without a plan.</summary>
    public static void Begin(JobWork job, CancellationToken cancel)
    {
        string name = $"plan/{Fallback.Layers}x{Fallback.Hidden}", folder = job.PathOf(name);
        if (!RunDirectory.IsAt(folder))
        {
            using PretrainingRun run = PretrainingRun.Create(folder, Configuration(job), null, cancel);
        }

        job.Update(r => r with { Pretrained = name });
    }

    /// <summary>The choice in words, a sentence each; empty where there is none.</summary>
    public static IReadOnlyList<string> Words(JobWork job) => [];

    /// <summary>The plan as the report has it; null where there is none.</summary>
    public static ReportPlan? Report(JobWork job) => null;

    /// <summary>What the plan said beside what happened.</summary>
    public static IReadOnlyList<ReportForecast>? Forecasts(JobWork job, IReadOnlyList<TrainingEvent> events) => null;

    /// <summary>Every pretraining run of the plan, by its folder from the job's, and its size in words.</summary>
    public static IEnumerable<(string Run, string Name)> Runs(JobWork job)
        => Directory.Exists(job.PlanFolder)
            ? Directory.EnumerateDirectories(job.PlanFolder).Order(StringComparer.Ordinal).Where(RunDirectory.IsAt)
                .Select(path => ($"plan/{Path.GetFileName(path)}", Path.GetFileName(path).Replace("x", " × ", StringComparison.Ordinal)))
            : [];

    // As short-mlm: what a search found good for minutes to hours on a few cores.
    private static PretrainingConfiguration Configuration(JobWork job) => new()
    {
        Data = job.DataFolder,
        Model = Fallback with { Dropout = 0, AttentionDropout = 0 },
        Batches = new MaskedBlockOptions { BatchBlocks = 16, MaskRate = 0.25 },
        Training = new TrainerSettings
        {
            Budget = new TrainingBudget { Time = job.Left(JobPhase.Pretrain) is var left && left > TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1) },
            Schedule = new LearningRateSchedule { Peak = 2e-3, WarmupFraction = 0.02 },
            Evaluation = new Interval(Time: TimeSpan.FromMinutes(1)),
            Checkpoints = new CheckpointPolicy { Every = new Interval(Time: TimeSpan.FromSeconds(30)) },
        },
        LearningRateSource = "short-mlm",
        MemoryBytes = job.Settings.MemoryBytes,
        Seed = job.Settings.Seed,
        Threads = job.Settings.Threads,
    };
}
