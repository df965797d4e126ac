using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Recovery;

namespace Espalier.Pipeline.Grids;

/// <summary>Everything that decides a grid of compressed models. The defaults are the paper's (§4): every level of pruning with every precision.</summary>
public sealed record GridConfiguration
{
    /// <summary>Bits of a cell that is not quantized.</summary>
    public const int FullPrecision = 32;

    /// <summary>The finetuning or translation run whose model is compressed.</summary>
    public required string Model { get; init; }

    /// <summary>Levels of pruning, parts of the prunable weights in [0, 1).</summary>
    public IReadOnlyList<double> Sparsities { get; init; } = [0, 0.15, 0.30, 0.45, 0.60, 0.75, 0.90];

    /// <summary>Precisions: 2 to 8 bits, or <see cref="FullPrecision"/>.</summary>
    public IReadOnlyList<int> Bits { get; init; } = [FullPrecision, 8, 6, 4];

    /// <summary>How weights are quantized; its bits are each cell's own.</summary>
    public QuantizationSettings Quantization { get; init; } = new();

    /// <summary>How weights are pruned.</summary>
    public PruningSettings Pruning { get; init; } = new();

    /// <summary>Attention heads that each layer keeps, taken out before all else; null keeps all.</summary>
    public int? Heads { get; init; }

    /// <summary>Feed-forward units that each layer keeps, taken out before all else; null keeps all.</summary>
    public int? FeedForward { get; init; }

    /// <summary>What activations are when they meet a quantized weight, in every cell that is measured.</summary>
    public ActivationPrecision Activations { get; init; }

    /// <summary>How pruned models are finetuned.</summary>
    public RecoverySettings Recovery { get; init; } = new();

    /// <summary>Worker threads; 0 takes every core. Filled in when the grid is made: it decides the bits, and the latency.</summary>
    public int Threads { get; init; }

    /// <summary>Cells of the whole grid.</summary>
    internal int Cells => Sparsities.Count * Bits.Count;

    /// <summary>Every sparsity at which the model is finetuned, in order: those asked for, and those on the way.</summary>
    internal IReadOnlyList<double> Steps()
    {
        List<double> steps = [0];
        foreach (double sparsity in Sparsities.Order())
        {
            steps.AddRange(Pruning.StepsTo(sparsity, steps[^1]));
        }

        return steps;
    }

    /// <summary>Whether something was taken out at a sparsity that finetuning is to win back.</summary>
    internal bool NeedsRecovery(double sparsity) => sparsity > 0 || Heads != null || FeedForward != null;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [.. Pruning.Validate(), .. Recovery.Validate()];
        Look("sparsity", Sparsities, s => s is >= 0 and < 1, "0 or more and less than 1, such as 0.6 for 60 %");
        Look("number of bits", Bits, b => b is (>= 2 and <= 8) or FullPrecision, "2 to 8, or 32 for full precision");
        foreach (int bits in Bits.Where(b => b is >= 2 and <= 8).Take(1))
        {
            faults.AddRange((Quantization with { Bits = bits }).Validate());
        }

        if (Heads < 1 || FeedForward < 1)
        {
            faults.Add("fewer than 1 attention head or feed-forward unit to keep; expected 1 or more");
        }

        if (Threads is < 0 or > 1024)
        {
            faults.Add($"{Threads} threads; expected 1 to 1024, or 0 for every core");
        }

        return faults;

        void Look<T>(string name, IReadOnlyList<T> values, Func<T, bool> holds, string expected)
        {
            if (values.Count == 0)
            {
                faults.Add($"no {name} is given; expected one or more");
            }

            faults.AddRange(values.Where(v => !holds(v)).Select(v => $"{name} {v}; expected {expected}"));
            faults.AddRange(values.GroupBy(v => v).Where(g => g.Count() > 1).Select(g => $"{name} {g.Key} is given {g.Count()} times"));
        }
    }
}
