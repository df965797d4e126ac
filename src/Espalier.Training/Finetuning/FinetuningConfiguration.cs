using Espalier.Engine.Models;
using Espalier.Text.Labelled;
using Espalier.Training.Budgets;

namespace Espalier.Training.Finetuning;

/// <summary>Everything that decides a finetuning run. Defaults are the paper's (appendix D): of its grid the
/// batch and the learning rate in the middle and the lowest dropout.</summary>
public sealed record FinetuningConfiguration
{
    /// <summary>The training file, or a folder laid out as GLUE's.</summary>
    public required string Train { get; init; }

    /// <summary>The development file; null looks for one in the training folder, or draws it from the training file.</summary>
    public string? Development { get; init; }

    /// <summary>Share of each label that is drawn where there is no development file.</summary>
    public double DevelopmentFraction { get; init; } = 0.1;

    /// <summary>Seed of that draw: not the trials', which must all be measured by the same examples.</summary>
    public ulong DevelopmentSeed { get; init; } = 1;

    /// <summary>Where texts and labels stand.</summary>
    public LabelledSetOptions Columns { get; init; } = new();

    /// <summary>A run or the folder of a model to begin from; null begins from scratch.</summary>
    public string? From { get; init; }

    /// <summary>The tokenizer, where training begins from scratch.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The encoder, where training begins from scratch; else filled in from the model. Dropout is the grid's.</summary>
    public EncoderConfiguration? Model { get; init; }

    /// <summary>Most tokens of an example; of longer ones the end is cut off. No more than the model has positions.</summary>
    public int MaximumTokens { get; init; } = 128;

    /// <summary>What to try.</summary>
    public FinetuningGrid Grid { get; init; } = new();

    /// <summary>Training time of all trials together; null for no limit.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>When a trial ends at the latest; the schedule runs over it.</summary>
    public TrainingBudget Trial { get; init; } = new() { Epochs = 10 };

    /// <summary>Part of a trial over which the learning rate rises.</summary>
    public double WarmupFraction { get; init; } = 0.06;

    /// <summary>How the learning rate falls after that.</summary>
    public LearningRateDecay Schedule { get; init; }

    /// <summary>Weight decay.</summary>
    public float WeightDecay { get; init; } = 0.1f;

    /// <summary>Gradients of a larger norm are scaled down to it; 0 for no clipping.</summary>
    public float ClipNorm { get; init; } = 1;

    /// <summary>Evaluations in one pass over the training set.</summary>
    public double EvaluationsPerEpoch { get; init; } = 1;

    /// <summary>A trial ends after so many evaluations in a row without a better accuracy; 0 for never.</summary>
    public int Patience { get; init; } = 3;

    /// <summary>How often to save.</summary>
    public Interval Checkpoints { get; init; } = new(Time: TimeSpan.FromMinutes(5));

    /// <summary>Examples of mean length that pass through the model at once; null chooses by measurement.</summary>
    public int? MicroBatch { get; init; }

    /// <summary>Bytes allowed for weights, gradients, moments and activations; null allows three quarters of the machine's.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Worker threads; 0 takes every core. Filled in when the run is made: it decides the bits.</summary>
    public int Threads { get; init; }

    /// <summary>The schedule of a trial.</summary>
    /// <param name="peak">Its highest learning rate.</param>
    internal LearningRateSchedule ScheduleOf(double peak) => new() { Peak = peak, Decay = Schedule, WarmupFraction = WarmupFraction };

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [.. Columns.Validate(), .. Grid.Validate(), .. Trial.Validate(), .. ScheduleOf(1).Validate(), .. Checkpoints.Validate("checkpoint")];
        if (From == null)
        {
            faults.Unless(Tokenizer != null && Model != null, "neither a model to begin from nor a tokenizer for a new one is given");
            faults.AddRange((Model?.Validate() ?? []).Where(f => !f.StartsWith("Vocabulary", StringComparison.Ordinal)
                && !f.StartsWith("MaximumPositions", StringComparison.Ordinal)));
        }
        else
        {
            faults.Unless(Tokenizer == null, "the model to begin from has a tokenizer of its own; leave the other one out");
        }

        faults.Unless(DevelopmentFraction is > 0 and < 1, $"a development set of {DevelopmentFraction} of the training set; expected between 0 and 1");
        faults.Unless(MaximumTokens >= 8, $"examples of at most {MaximumTokens} tokens; expected 8 or more");
        faults.Unless(!(Time <= TimeSpan.Zero), $"a time of {Time}; expected more than none");
        faults.Unless(WeightDecay >= 0, $"weight decay {WeightDecay}; expected 0 or more");
        faults.Unless(ClipNorm >= 0, $"clipping at a norm of {ClipNorm}; expected 0 (none) or more");
        faults.Unless(EvaluationsPerEpoch is > 0 and < double.PositiveInfinity, $"{EvaluationsPerEpoch} evaluations an epoch; expected more than 0");
        faults.Unless(Patience >= 0, $"a patience of {Patience} evaluations; expected 0 (never stop early) or more");
        faults.Unless(!(MicroBatch < 1), $"a micro-batch of {MicroBatch} examples; expected 1 or more");
        faults.Unless(!(MemoryBytes < 1), $"{MemoryBytes} bytes of memory allowed; expected more than 0");
        faults.Unless(Threads is >= 0 and <= 1024, $"{Threads} threads; expected 1 to 1024, or 0 for every core");
        return faults;
    }
}
