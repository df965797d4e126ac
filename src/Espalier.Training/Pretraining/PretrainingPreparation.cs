using Espalier.Engine.Models;
using Espalier.Training.Budgets;
using Espalier.Training.MicroBatches;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Training.Pretraining;

/// <summary>What lies between what was asked for and what <c>run.json</c> holds.</summary>
internal static class PretrainingPreparation
{
    /// <summary>Fills in what was left open.</summary>
    /// <exception cref="ConfigurationException">The configuration has faults.</exception>
    public static PretrainingConfiguration Resolve(PretrainingConfiguration asked, PretrainingMaterials materials, PretrainedSource? source)
    {
        EncoderConfiguration model = source == null
            ? asked.Model with { Vocabulary = materials.Tokenizer.VocabularySize, MaximumPositions = asked.Batches.BlockTokens }
            : source.Model with { Dropout = asked.Model.Dropout, AttentionDropout = asked.Model.AttentionDropout };
        PretrainingConfiguration resolved = asked with
        {
            Data = Path.GetFullPath(asked.Data),
            From = asked.From == null ? null : Path.GetFullPath(ModelSource.AtFraction(asked.From)),
            Model = model,
            Batches = asked.Batches with { BlockTokens = Math.Min(asked.Batches.BlockTokens, model.MaximumPositions) },
            Training = asked.Training with { Seed = asked.Seed },
            MemoryBytes = asked.MemoryBytes ?? MicroBatchNeed.MemoryUnlessGiven,
            Threads = materials.Device.Threads,
        };
        ConfigurationException.ThrowIfAny("pretraining", resolved.Validate());
        return resolved with { Model = model with { Heads = model.ActualHeads, FeedForward = model.ActualFeedForward } };
    }

    /// <summary>Measures micro-batches, or the one that was asked for.</summary>
    public static MicroBatchChoice Choose(
        PretrainingMaterials materials, PretrainingConfiguration c, IProgress<double> progress, CancellationToken cancel)
    {
        TrialModel trial = MaskedLanguageModelling.Trial(c.Model, c.Batches);
        return c.MicroBatchBlocks is { } blocks
            ? MicroBatchSearch.Take(materials.Device, trial, Need(materials, c), blocks, cancel)
            : MicroBatchSearch.Choose(materials.Device, trial, Need(materials, c), progress, cancel);
    }

    /// <summary>Times steps with it as the paper does, for as long as the budget makes worth while.</summary>
    public static MicroBatchChoice Time(
        PretrainingMaterials materials, PretrainingConfiguration c, MicroBatchChoice choice, CancellationToken cancel)
    {
        TimeSpan longest = c.TimingBefore ?? Expected(materials, c, choice.StepSeconds).TimeToMeasure;
        return longest == TimeSpan.Zero ? choice : MicroBatchSearch.Time(
            materials.Device, MaskedLanguageModelling.Trial(c.Model, c.Batches), Need(materials, c), choice, longest, cancel);
    }

    /// <summary>What a step takes. Where there are fewer blocks than a batch asks for, it has them all.</summary>
    public static StepCost CostOfStep(PretrainingConfiguration c, MaskedLanguageModelling objective, double stepSeconds)
    {
        long blocks = Math.Min(c.Batches.BatchBlocks, objective.BlockCount);
        return new StepCost(
            TimeSpan.FromSeconds(stepSeconds * blocks / c.Batches.BatchBlocks), blocks * c.Batches.BlockTokens, 1.0 / objective.StepsInEpoch);
    }

    private static MicroBatchNeed Need(PretrainingMaterials materials, PretrainingConfiguration c)
        => new(c.Batches.BlockTokens, c.Batches.BatchBlocks, c.MemoryBytes!.Value) { Longest = seconds => Expected(materials, c, seconds).TimeToSearch };

    // What the budget comes to where a step over a whole effective batch takes so long.
    private static TimeEstimate Expected(PretrainingMaterials materials, PretrainingConfiguration c, double stepSeconds)
    {
        double wanted = c.Batches.BatchBlocks * (double)c.Batches.BlockTokens, there = (c.Batches.DataFraction ?? 1) * materials.Corpus.Train.Tokens;
        double stepTokens = Math.Min(wanted, there);
        return TimeEstimate.Of(c.Training.Budget, default, stepSeconds * stepTokens / wanted, stepTokens, there / stepTokens);
    }
}
