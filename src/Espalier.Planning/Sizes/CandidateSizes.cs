namespace Espalier.Planning.Sizes;

/// <summary>Which sizes are worth trying on a machine, in a time, on so much data.</summary>
public static class CandidateSizes
{
    /// <summary>Fewer steps than this are hardly more than a warm-up.</summary>
    public const int LeastSteps = 100;

    // Tokens seen for each weight of the layers. Compute-optimal language models see about 20 (Hoffmann et al. 2022); the paper's
    // own advice is to train larger and stop earlier, so the range reaches further down than up would suggest. Weights of the layers are
    // a part of all: 2 × 64 was the best of six after three minutes of English with 165 tokens for each of them, 26 for each of all.
    private const double FewestTokensPerWeight = 0.5, MostTokensPerWeight = 400;

    // Distinct tokens for each weight, below which a model could learn the corpus by heart. The race sees that on held-out text;
    // this merely keeps it from sizes that are out of the question.
    // Pairs bear more weights: dropout and smoothed labels go with them, and they are read ten times and more. What a translation run
    // keeps is its best evaluation, so that one which overfits in the end loses time and no quality.
    private const double FewestDistinctTokensPerWeight = 0.5, FewestOfPairsPerWeight = 0.1;

    private static readonly int[] Depths = [1, 2, 3, 4, 6, 8, 12, 18, 24];
    private static readonly int[] Widths = [64, 128, 192, 256, 384, 512, 768, 1024, 1536];

    /// <summary>Sizes spread evenly over the logarithm of their cost, the cheapest first.</summary>
    /// <param name="cost">What sizes cost here.</param>
    /// <param name="work">What is trained on.</param>
    /// <param name="budgetSeconds">Seconds of training.</param>
    /// <param name="memoryBytes">Memory that training may take.</param>
    /// <param name="count">Most sizes.</param>
    /// <param name="fewestLayers">Sizes of fewer layers are of little use: they are proposed only where no other can be used.</param>
    /// <param name="allowed">Whether a size is of use where the model will be used; null for all.</param>
    /// <returns>One size or more; of sizes that none fit, the smallest.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is not above 0.</exception>
    public static IReadOnlyList<ModelSize> Propose(CostModel cost, Workload work, double budgetSeconds, double memoryBytes, int count = 6,
        int fewestLayers = 1, Func<ModelSize, bool>? allowed = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(budgetSeconds);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(memoryBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ModelSize[] affordable =
        [
            .. from layers in Depths
               from hidden in Widths
               let size = new ModelSize(layers, hidden)
               // The paper's shapes have 32 to 256 of width a layer at depth 3 to 24; small models are shallow in proportion.
               where hidden >= 21 * layers && hidden <= 256 * layers
               where allowed?.Invoke(size) != false && cost.MemoryBytes(size) <= memoryBytes && budgetSeconds / cost.StepSeconds(size) >= LeastSteps
               orderby cost.StepFlops(size)
               select size,
        ];
        if (affordable.Any(size => size.Layers >= fewestLayers))
            affordable = [.. affordable.Where(size => size.Layers >= fewestLayers)];
        if (affordable.Length == 0)
            return [new ModelSize(fewestLayers, Widths[0])];
        double fewest = work.Architecture == Architecture.Encoder ? FewestDistinctTokensPerWeight : FewestOfPairsPerWeight;
        ModelSize[] fitting =
        [
            .. from size in affordable
               let tokens = budgetSeconds / cost.StepSeconds(size) * work.BatchTokens
               let weights = size.LayerWeightsOf(work.Architecture)
               where tokens >= FewestTokensPerWeight * weights && tokens <= MostTokensPerWeight * weights && work.CorpusTokens >= fewest * weights
               select size,
        ];
        // Where the budget outgrows the data or the table, the nearest sizes are left.
        if (fitting.Length == 0)
            fitting = work.CorpusTokens < affordable[^1].LayerWeightsOf(work.Architecture) ? affordable[..1] : affordable[^1..];
        return Spread(fitting, cost, count);
    }

    private static IReadOnlyList<ModelSize> Spread(ModelSize[] sizes, CostModel cost, int count)
    {
        if (sizes.Length <= count)
            return sizes;
        double low = Math.Log(cost.StepFlops(sizes[0])), high = Math.Log(cost.StepFlops(sizes[^1]));
        if (count == 1)
            return [sizes.MinBy(size => Math.Abs(Math.Log(cost.StepFlops(size)) - ((low + high) / 2)))];
        List<ModelSize> left = [.. sizes], chosen = [];
        for (int i = 0; i < count; i++)
        {
            double wanted = low + ((high - low) * i / (count - 1));
            ModelSize nearest = left.MinBy(size => Math.Abs(Math.Log(cost.StepFlops(size)) - wanted));
            left.Remove(nearest);
            chosen.Add(nearest);
        }
        return [.. chosen.OrderBy(cost.StepFlops)];
    }
}
