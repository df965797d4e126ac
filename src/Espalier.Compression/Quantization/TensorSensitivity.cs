using Espalier.Compression.Pruning;

namespace Espalier.Compression.Quantization;

/// <summary>What the model loses when one tensor is quantized and no other, for each number of bits.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Measured">What was lost at <see cref="ProbeBits"/> bits.</param>
/// <param name="Losses">What is lost at 2 to 8 bits: measured at <see cref="ProbeBits"/>, at others in proportion to the squared
/// error of the weights, which a smooth loss follows near its minimum (as Dong et al. 2019 argue by the Hessian). Where nothing was
/// lost that texts could tell, a little for the error all the same, so that bits which are left over are not given away.</param>
/// <param name="Bytes">What it takes at 2 to 8 bits in the file.</param>
public sealed record TensorSensitivity(string Tensor, double Measured, IReadOnlyList<double> Losses, IReadOnlyList<long> Bytes)
{
    /// <summary>The fewest bits.</summary>
    public const int LeastBits = 2;

    /// <summary>The most bits.</summary>
    public const int MostBits = 8;

    /// <summary>Bits at which the loss is measured: few enough that it stands out, not so few that the model breaks.</summary>
    public const int ProbeBits = 4;

    // Loss for each squared error that every tensor is taken to have, as a part of the median of those measured.
    private const double LeastSlope = 1e-3;

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
        List<(TensorSensitivity Errors, double Slope)> result = [];
        foreach (WeightTensor tensor in tensors)
        {
            PackedTensor[] packed = [.. AllBits.Select(bits => settings.Pack(tensor, bits, masks.Of(tensor.Name), leaveSmall: true))];
            PackedTensor probe = packed[ProbeBits - LeastBits];
            double measured = Math.Max(0, loss(probe.Decode()));
            result.Add((
                new TensorSensitivity(tensor.Name, measured, [.. packed.Select(p => p.SquaredError)], [.. packed.Select(p => p.Bytes)]),
                probe.SquaredError > 0 ? measured / probe.SquaredError : 0));
            progress?.Report(result.Count / (double)tensors.Length);
        }

        double[] slopes = [.. result.Select(r => r.Slope).Where(slope => slope > 0).Order()];
        double least = slopes.Length == 0 ? 1 : LeastSlope * slopes[slopes.Length / 2];
        return [.. result.Select(r => r.Errors with { Losses = [.. r.Errors.Losses.Select(error => Math.Max(least, r.Slope) * error)] })];
    }

    /// <summary>2 to 8.</summary>
    internal static IEnumerable<int> AllBits => Enumerable.Range(LeastBits, MostBits - LeastBits + 1);
}
