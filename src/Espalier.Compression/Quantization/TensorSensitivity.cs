using Espalier.Compression.Pruning;

namespace Espalier.Compression.Quantization;

/// <summary>What the model loses when one tensor is quantized and no other, for each number of bits.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Measured">What was lost at <see cref="ProbeBits"/> bits.</param>
/// <param name="Losses">What is lost at 2 to 8 bits: measured up to <see cref="ProbeBits"/>, with more in proportion to the squared
/// error of the weights, which a smooth loss follows near its minimum (as Dong et al. 2019 argue by the Hessian). Where nothing was
/// lost that texts could tell, a little for the error all the same, so that bits which are left over are not given away.</param>
/// <param name="Bytes">What it takes at 2 to 8 bits in the file.</param>
public sealed record TensorSensitivity(string Tensor, double Measured, IReadOnlyList<double> Losses, IReadOnlyList<long> Bytes)
{
    /// <summary>The fewest bits.</summary>
    public const int LeastBits = 2;

    /// <summary>The most bits.</summary>
    public const int MostBits = 8;

    /// <summary>The most bits at which the loss is measured. With fewer it grows faster than the error, so that it is measured for each
    /// of them; with more it hardly stands out.</summary>
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
        List<(string Tensor, double[] Measured, PackedTensor[] Packed)> result = [];
        foreach (WeightTensor tensor in tensors)
        {
            PackedTensor[] packed = [.. AllBits.Select(bits => settings.Pack(tensor, bits, masks.Of(tensor.Name), leaveSmall: true))];
            double[] measured = [.. packed.Take(ProbeBits - LeastBits + 1).Select(p => p.SquaredError > 0 ? Math.Max(0, loss(p.Decode())) : 0)];
            result.Add((tensor.Name, measured, packed));
            progress?.Report(result.Count / (double)tensors.Length);
        }

        double[] slopes = [.. result.Select(r => Slope(r.Measured, r.Packed)).Where(slope => slope > 0).Order()];
        double least = slopes.Length == 0 ? 1 : LeastSlope * slopes[slopes.Length / 2];
        return [
            .. from r in result
               let slope = Math.Max(least, Slope(r.Measured, r.Packed))
               select new TensorSensitivity(
                   r.Tensor, r.Measured[^1],
                   [.. r.Packed.Select((p, i) => i < r.Measured.Length ? Math.Max(r.Measured[i], least * p.SquaredError) : slope * p.SquaredError)],
                   [.. r.Packed.Select(p => p.Bytes)])];
    }

    // Loss for each squared error at the most bits of those measured.
    private static double Slope(double[] measured, PackedTensor[] packed)
        => packed[measured.Length - 1].SquaredError is > 0 and var error ? measured[^1] / error : 0;

    /// <summary>2 to 8.</summary>
    public static IEnumerable<int> AllBits => Enumerable.Range(LeastBits, MostBits - LeastBits + 1);
}
