using Espalier.Engine.Models;
using Espalier.Text.Batching;

namespace Espalier.Training.Pretraining;

/// <summary>Everything that decides a pretraining run. The defaults are the paper's.</summary>
public sealed record PretrainingConfiguration
{
    /// <summary>Folder of a prepared corpus.</summary>
    public required string Data { get; init; }

    /// <summary>A run or the folder of a masked language model to go on from, on other text of its tokenizer; null begins with new weights.</summary>
    public string? From { get; init; }

    /// <summary>The model. Vocabulary and positions are filled in from the corpus and the blocks; where there is one to go on from, all but
    /// dropout is that one's.</summary>
    public required EncoderConfiguration Model { get; init; }

    /// <summary>Blocks, batches and masks. The micro-batch is filled in by measurement unless
    /// <see cref="MicroBatchBlocks"/> is given.</summary>
    public MaskedBlockOptions Batches { get; init; } = new();

    /// <summary>Budget, learning rate, optimizer, evaluation and checkpoints.</summary>
    public required TrainerSettings Training { get; init; }

    /// <summary>Where the learning rate comes from, in words.</summary>
    public string LearningRateSource { get; init; } = "given";

    /// <summary>Most held-out blocks of an evaluation: the evaluation's own budget.</summary>
    public int HeldOutBlocks { get; init; } = 1024;

    /// <summary>Blocks of a micro-batch; null chooses by measurement.</summary>
    public int? MicroBatchBlocks { get; init; }

    /// <summary>How long steps may be timed before the start, beyond the three that always are; null allows a small part of the
    /// budget. Where sizes race they are timed as they train.</summary>
    public TimeSpan? TimingBefore { get; init; }

    /// <summary>Bytes allowed for weights, gradients, moments and activations; null allows three quarters of the machine's.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Seed of weights, data order, masks and dropout.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Worker threads; 0 takes every core. Filled in when the run is made: it decides the bits.</summary>
    public int Threads { get; init; }

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [.. Model.Validate(), .. Batches.Validate(), .. Training.Validate()];
        if (HeldOutBlocks < 0)
        {
            faults.Add($"evaluation on {HeldOutBlocks} held-out blocks; expected 0 (none) or more");
        }

        if (MicroBatchBlocks < 1)
        {
            faults.Add($"a micro-batch of {MicroBatchBlocks} blocks; expected 1 or more");
        }

        if (MemoryBytes < 1)
        {
            faults.Add($"{MemoryBytes} bytes of memory allowed; expected more than 0");
        }

        if (Threads is < 0 or > 1024)
        {
            faults.Add($"{Threads} threads; expected 1 to 1024, or 0 for every core");
        }

        return faults;
    }
}
