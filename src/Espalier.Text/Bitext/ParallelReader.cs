using Espalier.Text.Files;

namespace Espalier.Text.Bitext;

/// <summary>Streams the pairs of a parallel set that pass its filters, and counts those that do not.</summary>
public sealed class ParallelReader : IDisposable
{
    private readonly ParallelSetOptions _options;
    private readonly IPairSource _pairs;
    private readonly Tally _empty = new("pairs left out because a side is empty");
    private readonly Tally _endless = new("pairs left out because a line is too long to be a sentence");
    private readonly Tally _long;
    private readonly Tally _unequal;

    /// <summary>Opens a parallel set.</summary>
    /// <exception cref="ArgumentException">The options have a fault.</exception>
    /// <exception cref="TextException">A file cannot be read, or a column is not there.</exception>
    public ParallelReader(ParallelSetOptions options)
    {
        if (options.Validate() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join("; ", faults), nameof(options));
        _options = options;
        _long = new Tally($"pairs left out because a side has more than {options.MaxWords:N0} words");
        _unequal = new Tally($"pairs left out because one side has more than {options.MaxRatio} times the characters of the other");
        _pairs = options.Target is null ? new PairTable(options) : new AlignedFiles(options.Source, options.Target);
    }

    /// <summary>Pairs read so far, kept or not.</summary>
    public long Pairs { get; private set; }

    /// <summary>Pairs given so far.</summary>
    public long Kept { get; private set; }

    /// <summary>UTF-8 bytes of the current pair's source. Valid until the next pair.</summary>
    public ReadOnlySpan<byte> Source => _pairs.Source;

    /// <summary>UTF-8 bytes of the current pair's target. Valid until the next pair.</summary>
    public ReadOnlySpan<byte> Target => _pairs.Target;

    /// <summary>The line of the current pair, counted from 1.</summary>
    public long Line => _pairs.Line;

    /// <summary>What was left out and what was odd, so far.</summary>
    public IReadOnlyList<Warning> Warnings => [.. _pairs.Warnings, .. Tally.Warnings(_empty, _endless, _long, _unequal)];

    /// <summary>Bytes on disk of the source file consumed so far; beside the file's length it tells the progress.</summary>
    public long BytesConsumed => _pairs.BytesConsumed;

    /// <summary>Goes to the next pair that passes the filters.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="TextException">The files have unequal line counts, a row has too few fields, or a file cannot be read on.</exception>
    public bool Next()
    {
        while (_pairs.Next())
        {
            Pairs++;
            if (WhyNot() is { } reason)
            {
                reason.Add(_pairs.Path, _pairs.Line);
                continue;
            }
            Kept++;
            return true;
        }
        if (Pairs == 0)
            throw new TextException("holds no pair", _pairs.Path);
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => _pairs.Dispose();

    private Tally? WhyNot()
    {
        if (!_pairs.IsWhole)
            return _endless;
        int source = Words.Count(Source), target = Words.Count(Target);
        if (source == 0 || target == 0)
            return _empty;
        if (Math.Max(source, target) > _options.MaxWords)
            return _long;
        (source, target) = (Words.Characters(Source), Words.Characters(Target));
        return Math.Max(source, target) > _options.MaxRatio * Math.Min(source, target) ? _unequal : null;
    }
}
