using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Benchmarks;

/// <summary>One kernel with its operands: float spans by size, and the work that it cannot do without.</summary>
/// <param name="Name">The kernel.</param>
/// <param name="Floats">Sizes of its operands, inputs and results.</param>
/// <param name="Bytes">Bytes that must be read and written; 0 where arithmetic is the limit.</param>
/// <param name="Flops">Floating-point operations, where arithmetic is the limit.</param>
/// <param name="Invoke">Calls it.</param>
internal sealed record OpsCase(
    string Name, long[] Floats, double Bytes, double Flops, Action<IKernels, DeviceSpan<float>[], OpsIndices> Invoke)
{
    public required OpsIndices Indices { get; init; }

    public void Run(IKernels kernels, OpsBuffers buffers) => Invoke(kernels, buffers.Floats, buffers.Indices);

    /// <summary>All kernels at N tokens of sequences of T, H hidden.</summary>
    public static IEnumerable<OpsCase> All(int n, int t, int h)
    {
        const int Classes = 8192;
        long nh = (long)n * h;
        int rows = Math.Max(1, n * 15 / 100);
        var indices = new OpsIndices(n, t, rows, Classes);
        var mask = new DropoutMask(0.1f, 1, 2, 3);
        OpsCase Case(string name, long[] floats, double bytes, double flops, Action<IKernels, DeviceSpan<float>[], OpsIndices> invoke)
            => new(name, floats, bytes, flops, invoke) { Indices = indices };

        yield return Case("layer norm", [nh, h, h, nh, n, n], 8.0 * nh, 0,
            (k, f, _) => k.LayerNorm(n, h, f[0], f[1], f[2], 1e-5f, f[3], f[4], f[5]));
        yield return Case("residual + dropout + layer norm", [nh, nh, h, h, nh, nh, n, n], 16.0 * nh, 0,
            (k, f, _) => k.ResidualDropoutLayerNorm(n, h, f[0], f[1], mask, f[2], f[3], 1e-5f, f[4], f[5], f[6], f[7]));
        yield return Case("residual + dropout + norm, backward", [nh, nh, h, n, n, nh, nh, h, h], 20.0 * nh, 0,
            (k, f, _) => k.ResidualDropoutLayerNormBackward(
                n, h, f[0], f[1], f[2], f[3], f[4], f[5], mask, f[5], f[6], f[7], f[8], false));
        yield return Case("GELU with derivative", [nh, nh, nh], 12.0 * nh, 0, (k, f, _) => k.Activate(Activation.Gelu, f[0], f[1], f[2]));
        yield return Case("multiply", [nh, nh, nh], 12.0 * nh, 0, (k, f, _) => k.Multiply(f[0], f[1], f[2]));
        yield return Case("dropout", [nh, nh], 8.0 * nh, 0, (k, f, _) => k.Dropout(n, h, f[0], mask, f[1], false));
        yield return Case("column sums", [nh, h], 4.0 * nh, 0, (k, f, _) => k.SumRows(n, h, f[0], f[1], false));
        yield return Case("sum of squares", [nh, 1], 4.0 * nh, 0, (k, f, _) => k.SumOfSquares(f[0], f[1]));
        yield return Case("embedding gather", [(long)Classes * h, (long)t * h, nh], 12.0 * nh, 0,
            (k, f, i) => k.EmbeddingGather(i.Ids, i.Places, h, f[0], f[1], 1, f[2]));
        yield return Case("embedding scatter-add", [nh, (long)Classes * h], 12.0 * nh, 0,
            (k, f, i) => k.EmbeddingScatterAdd(i.Ids, h, f[0], 1, f[1]));
        yield return Case("softmax cross-entropy", [(long)rows * Classes, rows], 8.0 * rows * Classes, 0,
            (k, f, i) => k.SoftmaxCrossEntropy(rows, Classes, f[0], i.Targets, 0.1f, 1f / rows, f[1]));
        yield return Case("AdamW", [4 * nh, 4 * nh, 4 * nh, 4 * nh], 28.0 * 4 * nh, 0, (k, f, _) => k.AdamW(new AdamWArguments
        {
            Weights = f[0],
            Gradients = f[1],
            FirstMoments = f[2],
            SecondMoments = f[3],
            GradientScale = 1,
            LearningRate = 1e-3f,
            Beta1 = 0.9f,
            Beta2 = 0.98f,
            Epsilon = 1e-6f,
            WeightDecay = 0.01f,
            Correction1 = 0.5f,
            Correction2 = 0.5f,
        }));
        yield return Case("attention", [3 * nh, nh, n * (h / 64)], 0, 4.0 * nh * t,
            (k, f, i) => k.Attention(Attention(f, i, h, t, n / t, mask)));
        yield return Case("attention, backward", [3 * nh, nh, n * (h / 64), nh, 3 * nh], 0, 10.0 * nh * t, (k, f, i) =>
        {
            AttentionArguments arguments = Attention(f, i, h, t, n / t, mask);
            k.AttentionBackward(arguments, new AttentionGradients
            {
                O = f[3],
                Q = f[4],
                K = f[4].Slice(h, f[4].Length - h),
                V = f[4].Slice(2 * h, f[4].Length - (2 * h)),
            });
        });
    }

    private static AttentionArguments Attention(DeviceSpan<float>[] f, OpsIndices i, int h, int t, int sequences, DropoutMask mask)
        => new()
        {
            Sequences = sequences,
            Heads = h / 64,
            HeadSize = 64,
            QueryOffsets = i.Offsets,
            KeyOffsets = i.Offsets,
            LongestKeys = t,
            Scale = 0.125f,
            Dropout = mask,
            Q = f[0],
            LdQ = 3 * h,
            K = f[0].Slice(h, f[0].Length - h),
            V = f[0].Slice(2 * h, f[0].Length - (2 * h)),
            LdKV = 3 * h,
            O = f[1],
            LogSumExp = f[2],
        };
}
