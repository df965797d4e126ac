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

    /// <summary>For each query row and head, the logarithm of the sum of exponentials of its scores: all that the
    /// backward pass needs to recompute the probabilities. Empty when there will be no backward pass.</summary>
    public DeviceSpan<float> LogSumExp { get; init; }
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
}
