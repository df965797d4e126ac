namespace Espalier.Compression.Pruning;

/// <summary>Among which weights the smallest are looked for.</summary>
public enum PruningRanking
{
    /// <summary>
    /// Among all of the model, so that matrices with many small weights lose more of them. The default: it is what §4.3 says
    /// ("the 15 % of weights with the smallest magnitude"), and it was the better one with embeddings left out: 90 % pruned, a small
    /// classifier of SST-2 had 76.0 % right with it, 69.7 % with the other (75.7 % unpruned). With embeddings, whose weights are larger,
    /// it was the better one up to 75 %, and emptied all other matrices at 90 % (<see cref="WeightMasks.Hollow"/>).
    /// </summary>
    WholeModel,

    /// <summary>In each matrix by itself, so that each is equally sparse.</summary>
    PerMatrix,
}

/// <summary>Which weights are pruned, and in which order (the paper's §4.3).</summary>
public sealed record PruningSettings
{
    // A thousand times finetuning, at most.
    private const double LeastStep = 0.001;

    /// <summary>Among which weights the smallest are looked for.</summary>
    public PruningRanking Ranking { get; init; }

    /// <summary>Whether embeddings are pruned too.</summary>
    public bool Embeddings { get; init; }

    /// <summary>Whether gains and biases are pruned too, those of norms and those of linear layers.</summary>
    public bool Norms { get; init; }

    /// <summary>The part of all weights that goes at one step, in [0.001, 1); the paper's 15 %.</summary>
    public double Step { get; init; } = 0.15;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (!Enum.IsDefined(Ranking))
        {
            faults.Add($"ranking {Ranking}; expected {nameof(PruningRanking.WholeModel)} or {nameof(PruningRanking.PerMatrix)}");
        }

        if (Step is not (>= LeastStep and < 1))
        {
            faults.Add($"a step of {Step} of the weights; expected {LeastStep} or more and less than 1, such as 0.15 for 15 %");
        }

        return faults;
    }

    /// <summary>Whether a tensor's weights may be pruned.</summary>
    public bool Covers(WeightTensor tensor) => tensor.Kind switch
    {
        ModuleKind.Embedding => Embeddings,
        ModuleKind.Norm or ModuleKind.Bias => Norms,
        _ => true,
    };

    /// <summary>The sparsities at which the model is finetuned on the way to a target: a step further each, the last as small as needed.</summary>
    /// <param name="from">The sparsity to begin at, in [0, 1).</param>
    /// <param name="target">The sparsity to reach, in [0, 1).</param>
    /// <exception cref="CompressionException">The target lies outside [0, 1).</exception>
    public IReadOnlyList<double> StepsTo(double target, double from = 0)
    {
        ThrowUnlessSparsity(target);
        List<double> steps = [];
        // Multiples of the step rather than sums of it, so that 45 % is the same number however it is reached.
        for (int i = 1; from < target; i++)
        {
            double next = Math.Round(from + (i * Step), 9);
            steps.Add(Math.Min(next, target));
            if (next >= target)
            {
                break;
            }
        }

        return steps;
    }

    /// <summary>Throws where a sparsity cannot be meant.</summary>
    /// <exception cref="CompressionException">It lies outside [0, 1).</exception>
    internal static void ThrowUnlessSparsity(double sparsity)
    {
        if (sparsity is not (>= 0 and < 1))
        {
            throw new CompressionException($"a sparsity of {sparsity}; expected 0 or more and less than 1, such as 0.6 for 60 %");
        }
    }
}
