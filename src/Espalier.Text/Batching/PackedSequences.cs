using System.Runtime.InteropServices;

namespace Espalier.Text.Batching;

/// <summary>Sequences of different lengths laid end to end, without padding. Its memory is reused by the next batch.</summary>
public sealed class PackedSequences
{
    private readonly List<int> _tokens = [];
    private readonly List<int> _offsets = [0];

    /// <summary>Token ids, N of them.</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    /// <summary>Where each sequence begins in <see cref="Tokens"/>, and at the end N: B + 1 numbers.</summary>
    public ReadOnlySpan<int> Offsets => CollectionsMarshal.AsSpan(_offsets);

    /// <summary>Number of sequences, B.</summary>
    public int Count => _offsets.Count - 1;

    /// <summary>Tokens of the longest sequence, T.</summary>
    public int Longest { get; private set; }

    /// <summary>The tokens of one sequence.</summary>
    public ReadOnlySpan<int> this[int sequence] => Tokens[_offsets[sequence].._offsets[sequence + 1]];

    internal void Clear()
    {
        _tokens.Clear();
        CollectionsMarshal.SetCount(_offsets, 1);
        Longest = 0;
    }

    /// <summary>Appends a sequence for the caller to fill before the next is added.</summary>
    internal Span<int> Add(int length)
    {
        int start = _tokens.Count;
        CollectionsMarshal.SetCount(_tokens, start + length);
        _offsets.Add(start + length);
        Longest = Math.Max(Longest, length);
        return CollectionsMarshal.AsSpan(_tokens)[start..];
    }
}
