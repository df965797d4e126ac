using System.Runtime.InteropServices;

namespace Espalier.Text.Batching;

/// <summary>Encoded sequences in memory, end to end, four bytes a token.</summary>
public sealed class TokenSequences
{
    private readonly List<int> _tokens = [];
    private readonly List<int> _offsets = [0];

    /// <summary>Number of sequences.</summary>
    public int Count => _offsets.Count - 1;

    /// <summary>Number of tokens of all.</summary>
    public int TokenCount => _tokens.Count;

    /// <summary>The tokens of a sequence.</summary>
    public ReadOnlySpan<int> this[int sequence] =>
        CollectionsMarshal.AsSpan(_tokens)[_offsets[sequence].._offsets[sequence + 1]];

    /// <summary>Appends a sequence.</summary>
    /// <exception cref="TextException">The set becomes too large to be held in memory.</exception>
    public void Add(params ReadOnlySpan<int> tokens)
    {
        if ((long)_tokens.Count + tokens.Length > Array.MaxLength)
            throw new TextException($"the set has more than {Array.MaxLength:N0} tokens, more than can be held in memory; give a part of it");
        _tokens.AddRange(tokens);
        _offsets.Add(_tokens.Count);
    }
}
