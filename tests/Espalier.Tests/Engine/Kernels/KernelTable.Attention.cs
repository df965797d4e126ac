using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Kernels;

internal static partial class KernelTable
{
    private static readonly Sequences[] SelfAttention =
    [
        new([1], [1], false), new([7], [7], false), new([17, 1, 33], [17, 1, 33], false), new([64, 127], [64, 127], false),
        new([130, 2, 200], [130, 2, 200], false), new([310], [310], false), new([4, 0, 3], [4, 0, 3], false),
    ];

    // Causal ones with fewer queries than keys continue a sequence whose earlier keys were kept.
    private static readonly Sequences[] OtherAttention =
    [
        new([5, 1, 64], [33, 2, 310], false), new([127, 2], [1, 17], false), new([0, 3], [5, 8], false),
        new([1, 3], [40, 17], true), new([1], [310], true), new([33, 200], [64, 201], true),
    ];

    private static IEnumerable<KernelCase> Attention()
        => from sequences in (IEnumerable<Sequences>)
               [.. SelfAttention, .. SelfAttention.Select(s => s with { Causal = true }), .. OtherAttention]
           from heads in ((int Count, int Size)[])[(1, 64), (3, 7), (2, 17), (1, 1), (1, 130)]
           from dropout in new[] { DropoutMask.None, new DropoutMask(0.1f, 0x0123_4567_89AB_CDEF, 3, 7) }
           let work = sequences.Pairs * heads.Count * (heads.Size + 20L)
           where work < 8_100_000
           from test in (IEnumerable<KernelCase>)
           [
               new(nameof(IKernels.Attention), $"{sequences} heads {heads} dropout {dropout.Probability}", work,
                   (kernels, o) => kernels.Attention(Arguments(o, sequences, heads.Count, heads.Size, dropout, keep: false))),
               new(nameof(IKernels.AttentionBackward), $"{sequences} heads {heads} dropout {dropout.Probability}", 3 * work,
                   (kernels, o) => Backward(kernels, o, sequences, heads.Count, heads.Size, dropout)),
           ]
           select test;

    private static void Backward(IKernels kernels, Operands o, Sequences sequences, int heads, int size, DropoutMask dropout)
    {
        AttentionArguments a = Arguments(o, sequences, heads, size, dropout, keep: true);
        kernels.Attention(a);
        double magnitude = 20 + size;
        var (dQ, dK, dV) = QueriesKeysValues(a, (name, length) => o.Output($"d{name}", length, magnitude));
        kernels.AttentionBackward(a, new AttentionGradients { O = o.Input(a.O.Length), Q = dQ, K = dK, V = dV });
    }

    private static AttentionArguments Arguments(Operands o, Sequences sequences, int heads, int size, DropoutMask dropout, bool keep)
    {
        int columns = heads * size;
        int[] queries = Offsets(sequences.Queries), keys = Offsets(sequences.Keys);

        // Two heads: Q, K and V are columns of one matrix where they can be; otherwise three with gaps.
        bool joined = heads == 2 && sequences.Queries.SequenceEqual(sequences.Keys);
        var a = new AttentionArguments
        {
            Sequences = sequences.Queries.Length,
            Heads = heads,
            HeadSize = size,
            QueryOffsets = o.Numbers(queries),
            KeyOffsets = o.Numbers(keys),
            LongestKeys = sequences.Keys.Max(),
            Causal = sequences.Causal,
            Scale = 1 / MathF.Sqrt(size),
            Dropout = dropout,
            LdQ = joined ? 3 * columns : columns + 3,
            LdKV = joined ? 3 * columns : columns + 5,
            O = o.Output("O", queries[^1] * columns, 5),
            LogSumExp = keep ? o.Output("log-sum-exp", queries[^1] * heads, 10) : default,
        };
        var (q, k, v) = QueriesKeysValues(a, (_, length) => o.Input(length, -2, 2));
        return a with { Q = q, K = k, V = v };
    }

    private static (DeviceSpan<float> Q, DeviceSpan<float> K, DeviceSpan<float> V) QueriesKeysValues(
        in AttentionArguments a, Func<string, long, DeviceSpan<float>> take)
    {
        int columns = a.Heads * a.HeadSize;
        int queries = (int)(a.O.Length / columns), keys = ReadLast(a.KeyOffsets);
        if (a.LdQ == 3 * columns)
        {
            DeviceSpan<float> all = take("QKV", Length(queries, 3 * columns, a.LdQ));
            long part = Length(queries, columns, a.LdQ);
            return (all.Slice(0, part), all.Slice(columns, part), all.Slice(2 * columns, part));
        }

        return (take("Q", Length(queries, columns, a.LdQ)), take("K", Length(keys, columns, a.LdKV)),
            take("V", Length(keys, columns, a.LdKV)));
    }

    private static unsafe int ReadLast(DeviceSpan<int> offsets) => offsets.Pointer[offsets.Length - 1];

    private static int[] Offsets(int[] lengths)
    {
        int[] offsets = new int[lengths.Length + 1];
        for (int b = 0; b < lengths.Length; b++)
        {
            offsets[b + 1] = offsets[b] + lengths[b];
        }

        return offsets;
    }

    private sealed record Sequences(int[] Queries, int[] Keys, bool Causal)
    {
        public long Pairs => Queries.Zip(Keys).Sum(pair => (long)pair.First * pair.Second);

        public override string ToString() => $"[{string.Join(' ', Queries)}] × [{string.Join(' ', Keys)}]{(Causal ? " causal" : "")}";
    }
}
