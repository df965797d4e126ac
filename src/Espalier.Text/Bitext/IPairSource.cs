using Espalier.Text.Files;

namespace Espalier.Text.Bitext;

/// <summary>Gives pairs of lines, unfiltered.</summary>
internal interface IPairSource : IDisposable
{
    /// <summary>Where the current pair stands, to be named in a warning.</summary>
    string Path { get; }

    long Line { get; }

    /// <summary>False when a side was too long to be read; the pair then has no text.</summary>
    bool IsWhole { get; }

    /// <summary>Valid until the next pair.</summary>
    ReadOnlySpan<byte> Source { get; }

    /// <summary>Valid until the next pair.</summary>
    ReadOnlySpan<byte> Target { get; }

    IReadOnlyList<Warning> Warnings { get; }

    long BytesConsumed { get; }

    bool Next();
}
