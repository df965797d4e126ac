using Espalier.Text.Tokenization;

namespace Espalier.Text.Labelled;

/// <summary>
/// Frames one text or two for a classifier as RoBERTa does, <c>&lt;s&gt; A &lt;/s&gt;</c> or <c>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;</c>,
/// and truncates what is too long at its end, the longer text first, as Hugging Face's <c>longest_first</c> does. Not thread-safe.
/// </summary>
public sealed class SequenceFramer
{
    private readonly Tokenizer _tokenizer;
    private readonly int _maxLength;

    /// <summary>Creates a framer.</summary>
    /// <param name="tokenizer">Encodes the texts.</param>
    /// <param name="maxLength">Most tokens of a framed sequence, special tokens included; at least 8.</param>
    public SequenceFramer(Tokenizer tokenizer, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 8);
        _tokenizer = tokenizer;
        _maxLength = maxLength;
    }

    /// <summary>Appends the framed sequence to <paramref name="into"/>.</summary>
    /// <param name="first">The text, or the first of two.</param>
    /// <param name="second">The second text, or null.</param>
    /// <param name="into">Receives the ids at its end.</param>
    /// <returns>Whether something was cut off.</returns>
    public bool Frame(string first, string? second, List<int> into)
    {
        SpecialTokens special = _tokenizer.Special;
        ReadOnlySpan<int> a = _tokenizer.Encode(first);
        into.Add(special.Bos);
        if (second is null)
        {
            int keep = Math.Min(a.Length, _maxLength - 2);
            into.AddRange(a[..keep]);
            into.Add(special.Eos);
            return keep < a.Length;
        }
        ReadOnlySpan<int> b = _tokenizer.Encode(second);
        (int keepA, int keepB) = LongestFirst(a.Length, b.Length, _maxLength - 4);
        into.AddRange(a[..keepA]);
        into.Add(special.Eos);
        into.Add(special.Eos);
        into.AddRange(b[..keepB]);
        into.Add(special.Eos);
        return keepA + keepB < a.Length + b.Length;
    }

    /// <summary>How many tokens of each text to keep so that both together have at most <paramref name="room"/>.</summary>
    internal static (int First, int Second) LongestFirst(int first, int second, int room)
    {
        if (first + second <= room)
            return (first, second);
        int shorter = Math.Min(first, second);
        // The shorter stays whole if it fills no more than its half; the longer gets the odd token.
        int keepShorter = Math.Min(shorter, room / 2);
        int keepLonger = room - keepShorter;
        return first <= second ? (keepShorter, keepLonger) : (keepLonger, keepShorter);
    }
}
