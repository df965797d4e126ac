namespace Espalier.Compression.Analysis;

/// <summary>The difference between the weights of a model and what compression made of them (the paper's Fig. 9).</summary>
/// <param name="Kind">The kind of module.</param>
/// <param name="Tensors">Tensors of that kind.</param>
/// <param name="Weights">Their weights.</param>
/// <param name="Mean">Mean of original − compressed.</param>
/// <param name="MeanMagnitude">Mean of its absolute value.</param>
/// <param name="Variance">Its variance.</param>
public sealed record WeightError(ModuleKind Kind, int Tensors, long Weights, double Mean, double MeanMagnitude, double Variance)
{
    /// <summary>Compares two states of one model, kind by kind.</summary>
    /// <exception cref="CompressionException">They are not of one model.</exception>
    public static IReadOnlyList<WeightError> ByModule(ModelWeights original, ModelWeights compressed)
        => [.. original.Tensors.GroupBy(t => t.Kind).OrderBy(g => g.Key).Select(kind => Of(kind.Key, [.. kind], compressed))];

    private static WeightError Of(ModuleKind kind, WeightTensor[] tensors, ModelWeights compressed)
    {
        double sum = 0, magnitudes = 0, squares = 0;
        long count = tensors.Sum(t => t.Shape.Count);
        foreach (WeightTensor tensor in tensors)
        {
            WeightTensor other = compressed[tensor.Name];
            if (other.Shape != tensor.Shape)
            {
                throw new CompressionException($"tensor {tensor.Name} is {tensor.Shape} in one model and {other.Shape} in the other; they cannot be compared");
            }

            for (int i = 0; i < tensor.Values.Length; i++)
            {
                double difference = (double)tensor.Values[i] - other.Values[i];
                sum += difference;
                magnitudes += Math.Abs(difference);
                squares += difference * difference;
            }
        }

        double mean = sum / count;
        return new WeightError(kind, tensors.Length, count, mean, magnitudes / count, Math.Max(0, (squares / count) - (mean * mean)));
    }
}
