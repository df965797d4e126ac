using Espalier.Training.Budgets;
using Espalier.Training.MicroBatches;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Training.Finetuning;

/// <summary>What lies between what was asked for and what <c>run.json</c> holds.</summary>
internal static class FinetuningPreparation
{
    /// <summary>Fills in what was left open, and measures.</summary>
    public static FinetuningRecord Resolve(
        FinetuningConfiguration asked, FinetuningMaterials materials, IProgress<double>? progress, CancellationToken cancel)
    {
        FinetuningConfiguration resolved = Resolve(asked, materials);
        int examples = materials.Train.Sequences.Count;
        int length = (int)Math.Ceiling(materials.Train.Sequences.TokenCount / (double)examples);
        int batch = Math.Min(resolved.Grid.Batches.Max(), examples);
        TrialModel trial = Classification.Trial(materials.EncoderOf(resolved.Grid.Trials()[0]), materials.Labels.Count, length);
        // An example of the longest length is a micro-batch by itself if it must be: so much memory there has to be.
        int longest = Enumerable.Range(0, examples).Max(i => materials.Train.Sequences[i].Length);
        double steps = examples / (double)batch;
        TrainingBudget budget = resolved.Time < (resolved.Trial.Time ?? TimeSpan.MaxValue) ? resolved.Trial with { Time = resolved.Time } : resolved.Trial;
        var need = new MicroBatchNeed(length, batch, resolved.MemoryBytes!.Value)
        {
            LeastSequences = (longest + length - 1) / length,
            Longest = seconds => Expected(seconds).TimeToSearch,
        };
        MicroBatchChoice choice = resolved.MicroBatch is { } wanted
            ? MicroBatchSearch.Take(materials.Device, trial, need, wanted, cancel)
            : MicroBatchSearch.Choose(materials.Device, trial, need, new PartOfProgress(progress, 0, 0.75), cancel);
        choice = MicroBatchSearch.Time(materials.Device, trial, need, choice, Expected(choice.StepSeconds).TimeToMeasure, cancel);
        return new FinetuningRecord(
            resolved, materials.Labels, examples, materials.Development.Labels.Count,
            materials.Train.Truncated + materials.Development.Truncated, materials.SourceFingerprint, choice,
            choice.StepSeconds * examples / batch);

        TimeEstimate Expected(double stepSeconds) => TimeEstimate.Of(budget, default, stepSeconds, length * batch, steps);
    }

    /// <summary>Reads the configuration of a run.</summary>
    /// <exception cref="RunException">It is another kind of run, or damaged.</exception>
    public static FinetuningRecord Read(string path, RunManifest manifest)
        => manifest.ConfigurationAs(FinetuningJson.Default.FinetuningRecord, FinetuningRun.Kind, path);

    /// <summary>Checks that everything is still what the run was made with.</summary>
    /// <exception cref="RunMismatchException">It is not; the message says what differs.</exception>
    public static void Verify(string path, RunManifest manifest, FinetuningRecord record, FinetuningMaterials materials)
    {
        FinetuningConfiguration c = record.Configuration;
        RunResumption.Require(path, materials.Tokenizer.Fingerprint == manifest.TokenizerFingerprint, $"the tokenizer of {c.From ?? c.Tokenizer}");
        VerifyData(path, manifest, record, materials);
        RunResumption.Require(path, materials.SourceFingerprint == record.SourceFingerprint, $"the model in {c.From}");
    }

    /// <summary>Checks that the data is still what the run was made with.</summary>
    /// <exception cref="RunMismatchException">It is not.</exception>
    public static void VerifyData(string path, RunManifest manifest, FinetuningRecord record, FinetuningMaterials materials)
        => RunResumption.Require(path, materials.DataFingerprint() == manifest.DataFingerprint, $"the data in {record.Configuration.Train}");

    /// <summary>The configuration of a run whose files lie elsewhere now.</summary>
    public static FinetuningConfiguration Moved(FinetuningConfiguration c, Func<FinetuningConfiguration, FinetuningConfiguration>? moved)
        => moved == null ? c : WithFullPaths(moved(c));

    private static FinetuningConfiguration WithFullPaths(FinetuningConfiguration c) => c with
    {
        Train = Path.GetFullPath(c.Train),
        Development = c.Development == null ? null : Path.GetFullPath(c.Development),
        From = c.From == null ? null : Path.GetFullPath(ModelSource.AtFraction(c.From)),
        Tokenizer = c.Tokenizer == null ? null : Path.GetFullPath(c.Tokenizer),
    };

    private static FinetuningConfiguration Resolve(FinetuningConfiguration asked, FinetuningMaterials materials) => WithFullPaths(asked) with
    {
        Model = materials.Model with { Heads = materials.Model.ActualHeads, FeedForward = materials.Model.ActualFeedForward },
        MaximumTokens = Math.Min(asked.MaximumTokens, materials.Model.MaximumPositions),
        MemoryBytes = asked.MemoryBytes ?? MicroBatchNeed.MemoryUnlessGiven,
        Threads = materials.Device.Threads,
    };
}
