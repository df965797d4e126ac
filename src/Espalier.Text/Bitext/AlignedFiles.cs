using Espalier.Text.Files;

namespace Espalier.Text.Bitext;

/// <summary>Pairs from two files: line by line.</summary>
internal sealed class AlignedFiles : IPairSource
{
    private readonly TextDefects _defects = new();
    private readonly LineReader _source, _target;

    public AlignedFiles(string source, string target)
    {
        _source = new LineReader(source, _defects);
        try
        {
            _target = new LineReader(target, _defects);
        }
        catch
        {
            _source.Dispose();
            throw;
        }
    }

    public string Path => _source.Path;

    public long Line => _source.Line;

    public bool IsWhole { get; private set; }

    public ReadOnlySpan<byte> Source => _source.Segment;

    public ReadOnlySpan<byte> Target => _target.Segment;

    public IReadOnlyList<Warning> Warnings => _defects.Warnings;

    public long BytesConsumed => _source.BytesConsumed;

    public bool Next()
    {
        bool source = _source.NextLine(out bool sourceWhole), target = _target.NextLine(out bool targetWhole);
        IsWhole = sourceWhole && targetWhole;
        if (source != target)
        {
            (LineReader longer, LineReader shorter) = source ? (_source, _target) : (_target, _source);
            long first = longer.Line;
            throw new TextException(
                $"has no partner, for {shorter.Path} has {shorter.Line:N0} lines and this file {CountAll(longer):N0}; line n of one must translate line n of the other",
                longer.Path, first);
        }
        return source;
    }

    public void Dispose()
    {
        _source.Dispose();
        _target.Dispose();
    }

    private static long CountAll(LineReader lines)
    {
        while (lines.NextLine(out _))
        {
        }
        return lines.Line;
    }
}
