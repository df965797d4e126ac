using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>Every kernel of every implementation refuses spans that are too short and indices that lead outside.</summary>
public sealed class KernelChecksTests : IDisposable
{
    private static readonly Dictionary<string, Action<IKernels, HostSpans>> Calls = new()
    {
        ["Gemm|gemm of 2 × 2 by 2 × 2: B has 3"] = (k, h) => k.Gemm(Product(h, 4, 3, 4)),
        ["Gemm|leading dimension 1 of A"] = (k, h) => k.Gemm(Product(h, 4, 4, 4) with { LdA = 1 }),
        ["Gemm|negative size"] = (k, h) => k.Gemm(Product(h, 4, 4, 4) with { M = -1 }),
        ["Gemm|cannot follow accumulation"] = (k, h) => k.Gemm(Product(h, 4, 4, 4) with { Accumulate = true, Bias = h.Zeros(2) }),
        ["Gemm|the bias has 1"] = (k, h) => k.Gemm(Product(h, 4, 4, 4) with { Bias = h.Zeros(1) }),
        ["Gemm|derivative has 3"] = (k, h) => k.Gemm(Product(h, 4, 4, 4) with { Derivative = h.Zeros(3) }),
        ["Gemm|factor has 3"] = (k, h) => k.Gemm(Product(h, 4, 4, 4) with { Factor = h.Zeros(3) }),
        ["GemmBatched|C has 3"] = (k, h) => k.GemmBatched(Product(h, 8, 8, 7), 2, 4, 4, 4),
        ["GemmBatched|leave A"] = (k, h) => k.GemmBatched(Product(h, 8, 8, 8), 2, 9, 4, 4),
        ["GemmBatched|results apart"] = (k, h) => k.GemmBatched(Product(h, 8, 8, 8), 2, 4, 4, 1),
        ["GemmBatched|strides 4, 4 and 2; expected none negative, results apart"] = (k, h) =>
            k.GemmBatched(Product(h, 8, 8, 8), 2, 4, 4, 2),
        ["LayerNorm|LayerNorm: gain has 3 elements, 1 × 4"] = (k, h) =>
            k.LayerNorm(2, 4, h.Zeros(8), h.Zeros(3), h.Zeros(4), 1e-5f, h.Zeros(8), h.Zeros(2), h.Zeros(2)),
        ["ResidualDropoutLayerNorm|sum has 7"] = (k, h) => k.ResidualDropoutLayerNorm(2, 4, h.Zeros(8), h.Zeros(8), DropoutMask.None,
            h.Zeros(4), h.Zeros(4), 1e-5f, h.Zeros(7), h.Zeros(8), h.Zeros(2), h.Zeros(2)),
        ["LayerNormBackward|rstd has 1"] = (k, h) => k.LayerNormBackward(2, 4, h.Zeros(8), h.Zeros(8), h.Zeros(4), h.Zeros(2), h.Zeros(1),
            default, h.Zeros(8), h.Zeros(4), h.Zeros(4), false),
        ["ResidualDropoutLayerNormBackward|dx has 7"] = (k, h) => k.ResidualDropoutLayerNormBackward(2, 4, h.Zeros(8), h.Zeros(8), h.Zeros(4),
            h.Zeros(2), h.Zeros(2), default, DropoutMask.None, h.Zeros(8), h.Zeros(7), h.Zeros(4), h.Zeros(4), false),
        ["Activate|derivative has 2"] = (k, h) => k.Activate(Activation.Gelu, h.Zeros(3), h.Zeros(3), h.Zeros(2)),
        ["Multiply|b has 2"] = (k, h) => k.Multiply(h.Zeros(3), h.Zeros(2), h.Zeros(3)),
        ["Add|y has 4"] = (k, h) => k.Add(h.Zeros(3), h.Zeros(3), h.Zeros(4)),
        ["Scale|y has 2"] = (k, h) => k.Scale(h.Zeros(3), 1, h.Zeros(2)),
        ["Dropout|x has 5"] = (k, h) => k.Dropout(2, 3, h.Zeros(5), DropoutMask.None, h.Zeros(6), false),
        ["EmbeddingGather|ids[1] is 2; expected 0 to 1"] = (k, h) =>
            k.EmbeddingGather(h.Of(0, 2), default, 3, h.Zeros(6), default, 1, h.Zeros(6)),
        ["EmbeddingGather|places[0] is -1"] = (k, h) =>
            k.EmbeddingGather(h.Of(0, 1), h.Of(-1, 0), 3, h.Zeros(6), h.Zeros(6), 1, h.Zeros(6)),
        ["EmbeddingScatterAdd|dy has 5"] = (k, h) => k.EmbeddingScatterAdd(h.Of(0, 1), 3, h.Zeros(5), 1, h.Zeros(6)),
        ["GatherRows|rows[0] is 2"] = (k, h) => k.GatherRows(h.Of(2), 3, h.Zeros(6), h.Zeros(3)),
        ["CopyRows|from has 1 elements and to has 2"] = (k, h) => k.CopyRows(h.Of(0), h.Of(0, 1), 3, h.Zeros(6), h.Zeros(6)),
        ["CopyRows|to[1] is 2"] = (k, h) => k.CopyRows(h.Of(0, 1), h.Of(0, 2), 3, h.Zeros(6), h.Zeros(6)),
        ["ScatterAddRows|rows[0] is 2"] = (k, h) => k.ScatterAddRows(h.Of(2), 3, h.Zeros(3), h.Zeros(6)),
        ["SoftmaxCrossEntropy|targets[1] is 3"] = (k, h) => k.SoftmaxCrossEntropy(2, 3, h.Zeros(6), h.Of(0, 3), 0, 1, h.Zeros(2)),
        ["LogSoftmax|y has 5"] = (k, h) => k.LogSoftmax(2, 3, h.Zeros(6), h.Zeros(5)),
        ["LargestLogProbabilities|places has 3"] = (k, h) => k.LargestLogProbabilities(2, 3, h.Zeros(6), 2, default, h.Zeros(4), h.Of(0, 0, 0)),
        ["LargestLogProbabilities|except[0] is 3"] = (k, h) => k.LargestLogProbabilities(2, 3, h.Zeros(6), 1, h.Of(3), h.Zeros(2), h.Of(0, 0)),
        ["SumRows|sums has 2"] = (k, h) => k.SumRows(2, 3, h.Zeros(6), h.Zeros(2), false),
        ["Sum|result has 0"] = (k, h) => k.Sum(h.Zeros(3), 1, default),
        ["SumOfSquares|result has 0"] = (k, h) => k.SumOfSquares(h.Zeros(3), default),
        ["AdamW|3 weights with 2 gradients"] = (k, h) => k.AdamW(new AdamWArguments
        {
            Weights = h.Zeros(3),
            Gradients = h.Zeros(2),
            FirstMoments = h.Zeros(3),
            SecondMoments = h.Zeros(3),
        }),
        ["Attention|Q has 7"] = (k, h) => k.Attention(Attention(h) with { Q = h.Zeros(7) }),
        ["Attention|leading dimension 3 of K"] = (k, h) => k.Attention(Attention(h) with { LdKV = 3 }),
        ["Attention|sequence 0 descend"] = (k, h) => k.Attention(Attention(h) with { KeyOffsets = h.Of(3, 0) }),
        ["Attention|offsets, 2 of each"] = (k, h) => k.Attention(Attention(h) with { QueryOffsets = h.Of(0) }),
        ["Attention|the longest being 2"] = (k, h) => k.Attention(Attention(h) with { LongestKeys = 2 }),
        ["Attention|2 queries and 1 keys"] = (k, h) => k.Attention(Attention(h) with { Causal = true, KeyOffsets = h.Of(0, 1) }),
        ["AttentionBackward|kept no log-sum-exp"] = (k, h) => k.AttentionBackward(Attention(h) with { LogSumExp = default }, Gradients(h, 12)),
        ["AttentionBackward|gradient of V has 11"] = (k, h) => k.AttentionBackward(Attention(h), Gradients(h, 11)),
    };

    private readonly HostSpans _host = new();

    public static TheoryData<string, InstructionSet> Cases
    {
        get
        {
            var cases = new TheoryData<string, InstructionSet>();
            foreach (string call in Calls.Keys)
            {
                cases.Add(call, InstructionSet.Reference);
                cases.Add(call, InstructionSets.Widest);
            }

            return cases;
        }
    }

    public void Dispose() => _host.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Kernel_ImpossibleArguments_SaysWhatIsWrong(string call, InstructionSet instructions)
    {
        using var device = new CpuDevice(threads: 2, instructions);
        var thrown = Assert.ThrowsAny<ArgumentException>(() => Calls[call](device.Kernels, _host));
        Assert.Contains(call[(call.IndexOf('|') + 1)..], thrown.Message);
    }

    private static GemmArguments Product(HostSpans host, int a, int b, int c) => new()
    {
        M = 2,
        N = 2,
        K = 2,
        A = host.Zeros(a),
        LdA = 2,
        B = host.Zeros(b),
        LdB = 2,
        C = host.Zeros(c),
        LdC = 2,
    };

    private static AttentionArguments Attention(HostSpans host) => new()
    {
        Sequences = 1,
        Heads = 2,
        HeadSize = 2,
        QueryOffsets = host.Of(0, 2),
        KeyOffsets = host.Of(0, 3),
        LongestKeys = 3,
        Scale = 1,
        Q = host.Zeros(8),
        LdQ = 4,
        K = host.Zeros(12),
        V = host.Zeros(12),
        LdKV = 4,
        O = host.Zeros(8),
        LogSumExp = host.Zeros(4),
    };

    private static AttentionGradients Gradients(HostSpans host, int values) => new()
    {
        O = host.Zeros(8),
        Q = host.Zeros(8),
        K = host.Zeros(12),
        V = host.Zeros(values),
    };
}
