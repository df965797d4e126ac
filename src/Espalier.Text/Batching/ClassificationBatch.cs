using System.Runtime.InteropServices;

namespace Espalier.Text.Batching;

/// <summary>A micro-batch for classification. Its memory is reused by a later batch.</summary>
public sealed class ClassificationBatch : MicroBatch
{
    private readonly List<int> _labels = [];

    /// <summary>The sequences, framed: <c>&lt;s&gt; A &lt;/s&gt;</c> or <c>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;</c>.</summary>
    public PackedSequences Input { get; } = new();

    /// <summary>The label of each sequence, B of them.</summary>
    public ReadOnlySpan<int> Labels => CollectionsMarshal.AsSpan(_labels);

    /// <inheritdoc/>
    public override int TokenCount => Input.Tokens.Length;

    /// <inheritdoc/>
    public override int TargetCount => _labels.Count;

    internal override void Clear()
    {
        Input.Clear();
        _labels.Clear();
    }

    internal void Add(ReadOnlySpan<int> tokens, int label)
    {
        tokens.CopyTo(Input.Add(tokens.Length));
        _labels.Add(label);
    }
}
