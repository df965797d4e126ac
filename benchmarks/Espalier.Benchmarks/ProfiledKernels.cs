using System.Diagnostics;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Benchmarks;

/// <summary>Times each call of another device's kernels and counts the work that it is known to need.</summary>
internal sealed class ProfiledKernels(IKernels kernels, Dictionary<string, KernelTime> profile) : IKernels
{
    public void Gemm(in GemmArguments arguments)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.Gemm(in arguments);
        Count(GemmName(arguments), start, arguments.Flops, 0);
    }

    public void GemmBatched(in GemmArguments first, int count, long strideA, long strideB, long strideC)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.GemmBatched(in first, count, strideA, strideB, strideC);
        Count("batched products", start, first.Flops * (double)count, 0);
    }

    public void MultiplyQuantized(in WeightProduct product, in QuantizedMatrix weight)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.MultiplyQuantized(in product, in weight);
        Count("quantized products", start, 2.0 * product.Tokens * weight.Rows * weight.Columns, weight.Bytes);
    }

    public void MultiplyInteger(in WeightProduct product, in QuantizedMatrix weight)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.MultiplyInteger(in product, in weight);
        Count("integer products", start, 2.0 * product.Tokens * weight.Rows * weight.Columns, weight.Bytes);
    }

    public void MultiplySparse(in WeightProduct product, in SparseMatrix weight)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.MultiplySparse(in product, in weight);
        Count("sparse products", start, 2.0 * product.Tokens * weight.Values.Length, weight.Bytes);
    }

    public void GatherQuantized(DeviceSpan<int> rows, in QuantizedMatrix table, DeviceSpan<float> y, bool accumulate)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.GatherQuantized(rows, in table, y, accumulate);
        Count("embedding", start, 0, 4.0 * y.Length);
    }

    public void GatherSparse(DeviceSpan<int> rows, in SparseMatrix table, DeviceSpan<float> y, bool accumulate)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.GatherSparse(rows, in table, y, accumulate);
        Count("embedding", start, 0, 4.0 * y.Length);
    }

    public void LayerNorm(
        int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> gain, DeviceSpan<float> bias, float epsilon,
        DeviceSpan<float> y, DeviceSpan<float> mean, DeviceSpan<float> rstd)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.LayerNorm(rows, columns, x, gain, bias, epsilon, y, mean, rstd);
        Count("layer norm", start, 0, 8.0 * rows * columns);
    }

    public void ResidualDropoutLayerNorm(
        int rows, int columns, DeviceSpan<float> residual, DeviceSpan<float> x, DropoutMask dropout, DeviceSpan<float> gain,
        DeviceSpan<float> bias, float epsilon, DeviceSpan<float> sum, DeviceSpan<float> y, DeviceSpan<float> mean,
        DeviceSpan<float> rstd)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.ResidualDropoutLayerNorm(rows, columns, residual, x, dropout, gain, bias, epsilon, sum, y, mean, rstd);
        Count("residual + dropout + layer norm", start, 0, 16.0 * rows * columns);
    }

    public void LayerNormBackward(
        int rows, int columns, DeviceSpan<float> dy, DeviceSpan<float> x, DeviceSpan<float> gain, DeviceSpan<float> mean,
        DeviceSpan<float> rstd, DeviceSpan<float> dResidual, DeviceSpan<float> dx, DeviceSpan<float> dGain,
        DeviceSpan<float> dBias, bool accumulateParameters)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.LayerNormBackward(rows, columns, dy, x, gain, mean, rstd, dResidual, dx, dGain, dBias, accumulateParameters);
        Count("layer norm, backward", start, 0, 12.0 * rows * columns);
    }

    public void ResidualDropoutLayerNormBackward(
        int rows, int columns, DeviceSpan<float> dy, DeviceSpan<float> sum, DeviceSpan<float> gain, DeviceSpan<float> mean,
        DeviceSpan<float> rstd, DeviceSpan<float> dResidual, DropoutMask dropout, DeviceSpan<float> dSum,
        DeviceSpan<float> dx, DeviceSpan<float> dGain, DeviceSpan<float> dBias, bool accumulateParameters)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.ResidualDropoutLayerNormBackward(
            rows, columns, dy, sum, gain, mean, rstd, dResidual, dropout, dSum, dx, dGain, dBias, accumulateParameters);
        Count("residual + dropout + norm, backward", start, 0, (dResidual.IsEmpty ? 16.0 : 20.0) * rows * columns);
    }

    public void Activate(Activation activation, DeviceSpan<float> x, DeviceSpan<float> y, DeviceSpan<float> derivative)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.Activate(activation, x, y, derivative);
        Count("activation", start, 0, 12.0 * y.Length);
    }

    public void Multiply(DeviceSpan<float> a, DeviceSpan<float> b, DeviceSpan<float> y)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.Multiply(a, b, y);
        Count("multiply", start, 0, 12.0 * y.Length);
    }

    public void Add(DeviceSpan<float> a, DeviceSpan<float> b, DeviceSpan<float> y)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.Add(a, b, y);
        Count("add", start, 0, 12.0 * y.Length);
    }

    public void Scale(DeviceSpan<float> x, float factor, DeviceSpan<float> y)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.Scale(x, factor, y);
        Count("scale", start, 0, 8.0 * y.Length);
    }

    public void Fill(DeviceSpan<float> x, float value)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.Fill(x, value);
        Count("fill", start, 0, 4.0 * x.Length);
    }

    public void Dropout(
        int rows, int columns, DeviceSpan<float> x, DropoutMask mask, DeviceSpan<float> y, bool accumulate)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.Dropout(rows, columns, x, mask, y, accumulate);
        Count("dropout", start, 0, 8.0 * rows * columns);
    }

    public void EmbeddingGather(
        DeviceSpan<int> ids, DeviceSpan<int> places, int columns, DeviceSpan<float> table, DeviceSpan<float> positions,
        float scale, DeviceSpan<float> y)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.EmbeddingGather(ids, places, columns, table, positions, scale, y);
        Count("embedding gather", start, 0, 8.0 * y.Length);
    }

    public void EmbeddingScatterAdd(
        DeviceSpan<int> ids, int columns, DeviceSpan<float> dy, float scale, DeviceSpan<float> dTable)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.EmbeddingScatterAdd(ids, columns, dy, scale, dTable);
        Count("embedding scatter-add", start, 0, 12.0 * dy.Length);
    }

    public void GatherRows(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.GatherRows(rows, columns, x, y);
        Count("row gather", start, 0, 8.0 * y.Length);
    }

    public void CopyRows(DeviceSpan<int> from, DeviceSpan<int> to, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.CopyRows(from, to, columns, x, y);
        Count("row copy", start, 0, 8.0 * from.Length * columns);
    }

    public void ScatterAddRows(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.ScatterAddRows(rows, columns, x, y);
        Count("row scatter-add", start, 0, 12.0 * x.Length);
    }

    public void Attention(in AttentionArguments arguments)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.Attention(in arguments);
        Count("attention", start, AttentionFlops(arguments), 0);
    }

    public void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.AttentionBackward(in arguments, in gradients);
        Count("attention, backward", start, 2.5 * AttentionFlops(arguments), 0);
    }

    public void SoftmaxCrossEntropy(
        int rows, int classes, DeviceSpan<float> logits, DeviceSpan<int> targets, float smoothing, float gradientScale,
        DeviceSpan<float> losses)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.SoftmaxCrossEntropy(rows, classes, logits, targets, smoothing, gradientScale, losses);
        Count("softmax cross-entropy", start, 0, 8.0 * rows * classes);
    }

    public void LogSoftmax(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.LogSoftmax(rows, columns, x, y);
        Count("log softmax", start, 0, 8.0 * rows * columns);
    }

    public void LargestLogProbabilities(
        int rows, int columns, DeviceSpan<float> x, int count, DeviceSpan<int> except, DeviceSpan<float> values, DeviceSpan<int> places)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.LargestLogProbabilities(rows, columns, x, count, except, values, places);
        Count("largest log-probabilities", start, 0, 8.0 * rows * columns);
    }

    public void SumRows(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> sums, bool accumulate)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.SumRows(rows, columns, x, sums, accumulate);
        Count("column sums", start, 0, 4.0 * x.Length);
    }

    public void Sum(DeviceSpan<float> x, float scale, DeviceSpan<float> result)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.Sum(x, scale, result);
        Count("sum", start, 0, 4.0 * x.Length);
    }

    public void SumOfSquares(DeviceSpan<float> x, DeviceSpan<float> result)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.SumOfSquares(x, result);
        Count("sum of squares", start, 0, 4.0 * x.Length);
    }

    public void AdamW(in AdamWArguments arguments)
    {
        long start = Stopwatch.GetTimestamp();
        kernels.AdamW(in arguments);
        Count("AdamW", start, 0, 28.0 * arguments.Weights.Length);
    }

    private static double AttentionFlops(in AttentionArguments a)
    {
        // Every sequence counted as long as the longest: right for the benchmark's, which are of one length.
        double queries = a.O.Length / (double)(a.Heads * a.HeadSize);
        return 4.0 * queries * a.LongestKeys * a.Heads * a.HeadSize;
    }

    private static string GemmName(in GemmArguments g)
    {
        string layout = g.TransposeA ? "weight gradient" : g.TransposeB ? "forward" : "input gradient";
        return $"product, {layout}, {(g.TransposeA ? g.M : g.K)} × {g.N}";
    }

    private void Count(string name, long start, double flops, double bytes)
    {
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (!profile.TryGetValue(name, out KernelTime? entry))
        {
            profile[name] = entry = new KernelTime();
        }

        entry.Calls++;
        entry.Seconds += seconds;
        entry.Flops += flops;
        entry.Bytes += bytes;
    }
}
