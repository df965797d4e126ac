using System.Runtime.InteropServices;

namespace Espalier.Text.Batching;

/// <summary>A micro-batch for masked language modelling. Its memory is reused by a later batch.</summary>
public sealed class MaskedBatch : MicroBatch
{
    private readonly List<int> _positions = [];
    private readonly List<int> _targets = [];

    /// <summary>The corrupted sequences, as the model reads them.</summary>
    public PackedSequences Input { get; } = new();

    /// <summary>Where to predict: M ascending indices into the tokens of <see cref="Input"/>.</summary>
    public ReadOnlySpan<int> Positions => CollectionsMarshal.AsSpan(_positions);

    /// <summary>What stood there before the corruption: M token ids.</summary>
    public ReadOnlySpan<int> Targets => CollectionsMarshal.AsSpan(_targets);

    /// <inheritdoc/>
    public override int TokenCount => Input.Tokens.Length;

    /// <summary>Positions to predict, M; a very small batch may have none.</summary>
    public override int TargetCount => _targets.Count;

    internal override void Clear()
    {
        Input.Clear();
        _positions.Clear();
        _targets.Clear();
    }

    internal void AddTarget(int position, int token)
    {
        _positions.Add(position);
        _targets.Add(token);
    }
}
