namespace Espalier.Compression.Pruning;

/// <summary>Finds the weights of smallest magnitude (the paper's §4.3, after Han et al. 2016).</summary>
public static class MagnitudePruning
{
    /// <summary>
    /// Masks exactly round(sparsity × weights) weights, those of smallest magnitude; of equal ones those that come first. Weights
    /// that are zero are the smallest of all, so what was pruned before stays pruned.
    /// </summary>
    /// <param name="weights">The model.</param>
    /// <param name="sparsity">The part of the prunable weights that goes, in [0, 1).</param>
    /// <param name="settings">Which are prunable, and how they are ranked.</param>
    /// <exception cref="CompressionException">The sparsity lies outside [0, 1), or a weight is infinite or no number.</exception>
    public static WeightMasks Prune(ModelWeights weights, double sparsity, PruningSettings settings)
    {
        PruningSettings.ThrowUnlessSparsity(sparsity);
        WeightTensor[] tensors = [.. weights.Tensors.Where(settings.Covers)];
        foreach (WeightTensor tensor in tensors)
        {
            tensor.ThrowUnlessFinite();
        }

        Dictionary<string, bool[]> kept = [];
        IEnumerable<WeightTensor[]> ranked = settings.Ranking == PruningRanking.PerMatrix ? tensors.Select(t => new[] { t }) : [tensors];
        foreach (WeightTensor[] group in ranked)
        {
            long goes = (long)Math.Round(sparsity * group.Sum(t => t.Shape.Count), MidpointRounding.AwayFromZero);
            (uint threshold, long below) = Threshold(group, goes);

            // All below the threshold go, and of those at it as many as are still missing.
            long at = goes - below;
            foreach (WeightTensor tensor in group)
            {
                bool[] mask = new bool[tensor.Values.Length];
                for (int i = 0; i < mask.Length; i++)
                {
                    uint magnitude = Magnitude(tensor.Values[i]);
                    mask[i] = magnitude > threshold || (magnitude == threshold && at-- <= 0);
                }

                kept.Add(tensor.Name, mask);
            }
        }

        return new WeightMasks(kept);
    }

    // Bits of the absolute value: for floats that are not negative they are in the order of the numbers.
    private static uint Magnitude(float value) => BitConverter.SingleToUInt32Bits(value) & 0x7fffffff;

    /// <summary>The magnitude of the weight with <paramref name="rank"/> smaller or earlier ones, and how many are smaller.</summary>
    private static (uint Threshold, long Below) Threshold(WeightTensor[] tensors, long rank)
    {
        // By counting, upper half of the bits first: two passes, no sorting, nothing approximate.
        (uint upper, long below) = Bucket(tensors, rank, m => m >> 16);
        (uint lower, long between) = Bucket(tensors, rank - below, m => m >> 16 == upper ? m & 0xffff : null);
        return ((upper << 16) | lower, below + between);
    }

    private static (uint Bucket, long Below) Bucket(WeightTensor[] tensors, long rank, Func<uint, uint?> bucketOf)
    {
        long[] counts = new long[1 << 16];
        foreach (WeightTensor tensor in tensors)
        {
            foreach (float value in tensor.Values)
            {
                if (bucketOf(Magnitude(value)) is { } bucket)
                {
                    counts[bucket]++;
                }
            }
        }

        long below = 0;
        uint at = 0;
        while (at + 1 < counts.Length && below + counts[at] <= rank)
        {
            below += counts[at++];
        }

        return (at, below);
    }
}
