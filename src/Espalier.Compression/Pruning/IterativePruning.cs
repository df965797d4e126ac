namespace Espalier.Compression.Pruning;

/// <summary>Iterative magnitude pruning (§4.3): the smallest weights go, the model is finetuned, and again, until the target is reached.</summary>
public static class IterativePruning
{
    /// <summary>Prunes to a target, step by step.</summary>
    /// <param name="weights">The model as it is; what is zero in it counts as pruned.</param>
    /// <param name="from">The sparsity that it has.</param>
    /// <param name="target">The sparsity to reach, in [0, 1).</param>
    /// <param name="settings">How.</param>
    /// <param name="recovery">Gives quality back after each step.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="CompressionException">The target lies outside [0, 1), or a weight is infinite or no number.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static PrunedWeights Prune(
        ModelWeights weights, double from, double target, PruningSettings settings, IRecovery recovery, CancellationToken cancel = default)
    {
        var result = new PrunedWeights(weights, MagnitudePruning.Prune(weights, from, settings), []);
        foreach (double sparsity in settings.StepsTo(target, from))
        {
            cancel.ThrowIfCancellationRequested();
            WeightMasks masks = MagnitudePruning.Prune(result.Weights, sparsity, settings);
            RecoveredWeights recovered = recovery.Recover(sparsity, masks.Apply(result.Weights), masks, cancel);
            result = new PrunedWeights(recovered.Weights, masks, [.. result.Steps, recovered]);
        }

        return result;
    }
}

/// <summary>A pruned model.</summary>
/// <param name="Weights">Its weights, those that are pruned at zero.</param>
/// <param name="Masks">Which are pruned.</param>
/// <param name="Steps">What came of each step.</param>
public sealed record PrunedWeights(ModelWeights Weights, WeightMasks Masks, IReadOnlyList<RecoveredWeights> Steps);
