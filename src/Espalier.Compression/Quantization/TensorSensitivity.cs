using Espalier.Compression.Pruning;

namespace Espalier.Compression.Quantization;

/// <summary>What the model loses when one tensor is quantized and no other, for each number of bits.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Measured">What was lost at <see cref="ProbeBits"/> bits.</param>
/// <param name="Losses">What is lost at 2 to 8 bits: measured at <see cref="ProbeBits"/>, at others in proportion to the squared
/// error of the weights, which a smooth loss follows near its minimum (as Dong et al. 2019 argue by the Hessian).</param>
/// <param name="Bytes">What it takes at 2 to 8 bits.</param>
public sealed record TensorSensitivity(string Tensor, double Measured, IReadOnlyList<double> Losses, IReadOnlyList<long> Bytes)
{
    /// <summary>The fewest bits.</summary>
    public const int LeastBits = 2;

    /// <summary>The most bits.</summary>
    public const int MostBits = 8;

    /// <summary>Bits at which the loss is measured: few enough that it stands out, not so few that the model breaks.</summary>
    public const int ProbeBits = 4;

    /// <summary>Measures every tensor that is quantized.</summary>
    /// <param name="weights">The model.</param>
    /// <param name="masks">Which of its weights are pruned.</param>
    /// <param name="settings">How it is quantized; its bits do not matter.</param>
    /// <param name="loss">What the model loses with this tensor in the place of its own, 0 or more.</param>
    /// <param name="progress">Told the part that is done.</param>
    /// <exception cref="CompressionException">A tensor cannot be quantized.</exception>
    public static IReadOnlyList<TensorSensitivity> Measure(
        ModelWeights weights, WeightMasks masks, QuantizationSettings settings, Func<WeightTensor, double> loss,
        IProgress<double>? progress = null)
    {
        WeightTensor[] tensors = [.. weights.Tensors.Where(t => !settings.Keeps(t.Name))];
        List<TensorSensitivity> result = [];
        foreach (WeightTensor tensor in tensors)
        {
            PackedTensor[] packed = [.. AllBits.Select(bits => PackedTensor.Of(tensor, settings.SchemeOf(bits), settings.Range, masks.Of(tensor.Name)))];
            PackedTensor probe = packed[ProbeBits - LeastBits];
            double measured = Math.Max(0, loss(probe.Decode()));
            double slope = probe.SquaredError > 0 ? measured / probe.SquaredError : 0;
            result.Add(new TensorSensitivity(
                tensor.Name, measured, [.. packed.Select(p => slope * p.SquaredError)], [.. packed.Select(p => p.Stored.StoredBytes)]));
            progress?.Report(result.Count / (double)tensors.Length);
        }

        return result;
    }

    /// <summary>2 to 8.</summary>
    internal static IEnumerable<int> AllBits => Enumerable.Range(LeastBits, MostBits - LeastBits + 1);
}
