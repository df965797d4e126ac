namespace Espalier.Compression.Pruning;

/// <summary>Gives a pruned model its quality back. Pruning knows no task; who calls it does.</summary>
public interface IRecovery
{
    /// <summary>Finetunes pruned weights until their quality is back or its patience is at its end; pruned weights stay zero.</summary>
    /// <param name="sparsity">The sparsity that was reached.</param>
    /// <param name="pruned">The weights, those that are pruned at zero.</param>
    /// <param name="masks">Which are pruned.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; what it had done may be gone on with.</exception>
    RecoveredWeights Recover(double sparsity, ModelWeights pruned, WeightMasks masks, CancellationToken cancel);
}

/// <summary>What came of recovery.</summary>
/// <param name="Weights">The weights, never worse than those it began with; those that are pruned at zero.</param>
/// <param name="QualityBefore">The quality on the development set before it.</param>
/// <param name="Quality">The same after it.</param>
/// <param name="Steps">Optimizer steps that it took.</param>
/// <param name="Epochs">The same in passes over the data.</param>
/// <param name="Time">Time within these steps.</param>
public sealed record RecoveredWeights(
    ModelWeights Weights, double QualityBefore, double Quality, long Steps, double Epochs, TimeSpan Time);
