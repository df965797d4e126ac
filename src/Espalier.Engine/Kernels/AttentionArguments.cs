using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Engine.Kernels;

/// <summary>
/// Scaled dot-product attention over unpadded sequences (Vaswani et al. 2017, eq. 1): for each sequence b and head a,
/// O = dropout(softmax(Q·Kᵀ·scale))·V over that sequence's own tokens only.
/// </summary>
/// <remarks>
/// Q and O have one row for each query token, K and V one for each key token, heads side by side in a row; rows are
/// leading-dimension elements apart, so that Q, K and V may be columns of one matrix. Sequence b has queries
/// QueryOffsets[b] … QueryOffsets[b + 1] and keys KeyOffsets[b] … KeyOffsets[b + 1] (B + 1 offsets each).
/// With <see cref="Causal"/>, query i of a sequence with q queries and k keys sees keys 0 … i + k − q: with a cache of
/// earlier keys the last query sees all. The dropout mask's row is query row × heads + head, its column the key's place
/// in the sequence.
/// </remarks>
public readonly record struct AttentionArguments
{
    /// <summary>Number of sequences, B.</summary>
    public int Sequences { get; init; }

    /// <summary>Number of heads, A.</summary>
    public int Heads { get; init; }

    /// <summary>Elements of a head, D.</summary>
    public int HeadSize { get; init; }

    /// <summary>B + 1 places where the sequences' queries begin, ascending.</summary>
    public DeviceSpan<int> QueryOffsets { get; init; }

    /// <summary>B + 1 places where the sequences' keys begin, ascending.</summary>
    public DeviceSpan<int> KeyOffsets { get; init; }

    /// <summary>Tokens of the longest sequence on the key side.</summary>
    public int LongestKeys { get; init; }

    /// <summary>A query sees no key behind its own place.</summary>
    public bool Causal { get; init; }

    /// <summary>Factor of the scores, usually 1 / √D.</summary>
    public float Scale { get; init; }

    /// <summary>Dropout of the attention probabilities.</summary>
    public DropoutMask Dropout { get; init; }

    /// <summary>Queries.</summary>
    public DeviceSpan<float> Q { get; init; }

    /// <summary>Leading dimension of Q (and of its gradient).</summary>
    public int LdQ { get; init; }

    /// <summary>Keys.</summary>
    public DeviceSpan<float> K { get; init; }

    /// <summary>Values.</summary>
    public DeviceSpan<float> V { get; init; }

    /// <summary>Leading dimension of K and V (and of their gradients).</summary>
    public int LdKV { get; init; }

    /// <summary>The result, query tokens × (heads × head size), without gaps.</summary>
    public DeviceSpan<float> O { get; init; }

    /// <summary>For each query row and head (at query row × heads + head), the logarithm of the sum of exponentials of its
    /// scores: all that the backward pass needs to recompute the probabilities. Empty when there will be no backward pass.</summary>
    public DeviceSpan<float> LogSumExp { get; init; }

    /// <summary>Checks sizes against spans and reads the offsets: for devices whose memory this process can read.</summary>
    /// <exception cref="ArgumentException">A size is negative, a leading dimension or span too small, offsets do not ascend
    /// from 0 or more, a sequence has more keys than <see cref="LongestKeys"/>, or queries that see no key.</exception>
    internal unsafe void Validate()
    {
        if (Sequences < 0 || Heads < 0 || HeadSize < 0)
        {
            throw Fault("negative size");
        }

        if (QueryOffsets.Length <= Sequences || KeyOffsets.Length <= Sequences)
        {
            throw Fault($"{QueryOffsets.Length} query and {KeyOffsets.Length} key offsets, {Sequences + 1} of each are needed");
        }

        int* query = QueryOffsets.Pointer, key = KeyOffsets.Pointer;
        for (int b = 0; b < Sequences; b++)
        {
            int queries = query[b + 1] - query[b], keys = key[b + 1] - key[b];
            if (query[b] < 0 || key[b] < 0 || query[b + 1] < query[b] || key[b + 1] < key[b])
            {
                throw Fault($"offsets of sequence {b} descend or are negative");
            }

            if (keys > LongestKeys || (queries > 0 && keys < (Causal ? queries : 1)))
            {
                throw Fault($"sequence {b} has {queries} queries and {keys} keys, the longest being {LongestKeys}; "
                    + "expected a key for each query to see");
            }
        }

        CheckRows("Q", Q, query[Sequences], LdQ);
        CheckRows("K", K, key[Sequences], LdKV);
        CheckRows("V", V, key[Sequences], LdKV);
        CheckRows("O", O, query[Sequences], Heads * HeadSize);
        if (!LogSumExp.IsEmpty && LogSumExp.Length < (long)query[Sequences] * Heads)
        {
            throw Fault($"the log-sum-exp has {LogSumExp.Length} elements, {query[Sequences]} × {Heads} are needed");
        }
    }

    internal void CheckRows(string name, DeviceSpan<float> span, int rows, int leading)
    {
        int columns = Heads * HeadSize;
        if (leading < columns)
        {
            throw Fault($"leading dimension {leading} of {name} is under its {columns} columns");
        }

        long needed = rows == 0 || columns == 0 ? 0 : ((long)(rows - 1) * leading) + columns;
        if (span.Length < needed)
        {
            throw Fault($"{name} has {span.Length} elements, {needed} are needed");
        }
    }

    internal ArgumentException Fault(string fault) => new($"attention of {Sequences} sequences, {Heads} heads of {HeadSize}: {fault}");
}

/// <summary>The gradients that <see cref="IKernels.AttentionBackward"/> reads and overwrites.</summary>
public readonly record struct AttentionGradients
{
    /// <summary>Gradient of the result, laid out as O; read.</summary>
    public DeviceSpan<float> O { get; init; }

    /// <summary>Gradient of the queries, laid out as Q; overwritten.</summary>
    public DeviceSpan<float> Q { get; init; }

    /// <summary>Gradient of the keys, laid out as K; overwritten.</summary>
    public DeviceSpan<float> K { get; init; }

    /// <summary>Gradient of the values, laid out as V; overwritten.</summary>
    public DeviceSpan<float> V { get; init; }

    /// <summary>Checks the gradients' sizes, after the arguments' own.</summary>
    /// <exception cref="ArgumentException">A span is too short, or the forward pass kept no log-sum-exp.</exception>
    internal unsafe void Validate(in AttentionArguments arguments)
    {
        int queries = arguments.QueryOffsets.Pointer[arguments.Sequences], keys = arguments.KeyOffsets.Pointer[arguments.Sequences];
        if (arguments.LogSumExp.IsEmpty && (long)queries * arguments.Heads > 0)
        {
            throw arguments.Fault("the forward pass kept no log-sum-exp");
        }

        arguments.CheckRows("gradient of O", O, queries, arguments.Heads * arguments.HeadSize);
        arguments.CheckRows("gradient of Q", Q, queries, arguments.LdQ);
        arguments.CheckRows("gradient of K", K, keys, arguments.LdKV);
        arguments.CheckRows("gradient of V", V, keys, arguments.LdKV);
    }
}
