namespace Espalier.Compression.Pruning;

/// <summary>Which weights of a model are pruned: for each tensor in which some may be, a truth value for each weight that stays.</summary>
public sealed class WeightMasks
{
    private readonly IReadOnlyDictionary<string, bool[]> _kept;

    /// <summary>Takes the masks of tensors by name; true where a weight stays.</summary>
    internal WeightMasks(IReadOnlyDictionary<string, bool[]> kept)
    {
        _kept = kept;
        Prunable = kept.Values.Sum(m => (long)m.Length);
        Pruned = kept.Values.Sum(m => (long)m.Count(stays => !stays));
    }

    /// <summary>No weight pruned, and none to be.</summary>
    public static WeightMasks None { get; } = new(new Dictionary<string, bool[]>());

    /// <summary>Weights that could be pruned.</summary>
    public long Prunable { get; }

    /// <summary>Weights that are.</summary>
    public long Pruned { get; }

    /// <summary>The part of <see cref="Prunable"/> that is pruned.</summary>
    public double Sparsity => Prunable == 0 ? 0 : Pruned / (double)Prunable;

    /// <summary>A tensor's mask, true where a weight stays; null where all of it does.</summary>
    public bool[]? Of(string tensor) => _kept.GetValueOrDefault(tensor);

    /// <summary>Names of the matrices of which less than one weight in a hundred stays, and with these less than half of the sum of squares
    /// they had at first: hardly anything flows through them, and no finetuning brings that back. (Heads that begin with their neighbours have few weights
    /// that count, and lose nothing with the rest.)</summary>
    /// <param name="weights">The weights before anything was pruned.</param>
    public IReadOnlyList<string> Hollow(ModelWeights weights)
        => [.. weights.Tensors.Where(t => t.Shape.Rank == 2 && Of(t.Name) is { } kept && IsHollow(t.Values, kept)).Select(t => t.Name)];

    /// <summary>The weights with those that are pruned at zero.</summary>
    public ModelWeights Apply(ModelWeights weights) => weights.Select(tensor =>
    {
        if (Of(tensor.Name) is not { } kept)
        {
            return tensor.Values;
        }

        float[] values = new float[kept.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = kept[i] ? tensor.Values[i] : 0;
        }

        return values;
    });

    private static bool IsHollow(float[] values, bool[] kept)
    {
        if (kept.Count(stays => stays) >= kept.Length / 100.0)
        {
            return false;
        }

        double all = values.Sum(v => (double)v * v), left = values.Zip(kept, (v, stays) => stays ? (double)v * v : 0).Sum();
        return left < all / 2 || all == 0;
    }
}
