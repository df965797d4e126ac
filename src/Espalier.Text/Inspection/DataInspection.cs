using System.Runtime.InteropServices;
using System.Text;
using Espalier.Text.Bitext;
using Espalier.Text.Corpora;
using Espalier.Text.Files;
using Espalier.Text.Labelled;

namespace Espalier.Text.Inspection;

/// <summary>Looks at data before anything is trained on it: how much, how long, how balanced, and what it looks like.</summary>
public sealed class DataInspection
{
    private readonly InspectionOptions _options;
    private readonly IProgress<double>? _progress;
    private readonly CancellationToken _cancel;
    private readonly TextMeasure _measure;

    /// <summary>Prepares to look.</summary>
    /// <param name="options">How closely.</param>
    /// <param name="progress">Told the part that is done of each data set, from 0 to 1.</param>
    /// <param name="cancel">Stops the work.</param>
    /// <exception cref="ArgumentException">The options have a fault.</exception>
    public DataInspection(InspectionOptions options, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        if (options.Validate() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join("; ", faults), nameof(options));
        _options = options;
        _progress = progress;
        _cancel = cancel;
        _measure = new TextMeasure(options.Tokenizer);
    }

    /// <summary>Looks at running text.</summary>
    /// <exception cref="TextException">A file cannot be read, or there is no document.</exception>
    public InspectionReport Corpus(IReadOnlyList<string> files, DocumentLayout layout)
    {
        var progress = new InputProgress(files, _progress);
        using var reader = new CorpusReader(files, layout);
        var lengths = new LengthHistogram("document", _measure.Unit);
        var samples = new SampleDraw(_options.Samples, _options.Seed);
        var chunk = new TextChunk();
        long length = 0;
        bool continues = false;
        while (reader.Fill(chunk))
        {
            _cancel.ThrowIfCancellationRequested();
            progress.Report(reader.Position);
            foreach (DocumentPiece piece in chunk.Pieces)
            {
                if (!continues)
                    samples.Offer(piece.Document, () => (_measure.Show(chunk.Text(piece), _options.MaxLength), null));
                length += _measure.LengthOf(chunk.Text(piece));
                continues = !piece.Ends;
                if (continues)
                    continue;
                lengths.Add(length);
                length = 0;
            }
        }
        return reader.Documents == 0 ? throw new TextException("holds no document: every line is blank, or there is none", files[0]) : new()
        {
            Name = string.Join(", ", files),
            Kind = "corpus",
            Layout = layout == DocumentLayout.Line ? "a document a line" : "documents separated by blank lines",
            Count = reader.Documents,
            Lengths = [lengths.Summarize()],
            Samples = samples.Drawn,
            Warnings = reader.Warnings,
        };
    }

    /// <summary>Looks at a prepared corpus, and makes sure that it is undamaged.</summary>
    /// <returns>One report on what is trained on and one on what is held out.</returns>
    /// <exception cref="TextException">It is not there or is damaged.</exception>
    public IReadOnlyList<InspectionReport> Prepared(string folder)
    {
        using PreparedCorpus corpus = PreparedCorpus.Open(folder);
        corpus.Verify();
        Tokenization.Tokenizer tokenizer = corpus.LoadTokenizer();
        return [Split(corpus.Train, "training part"), Split(corpus.HeldOut, "held-out part")];

        InspectionReport Split(TokenSplit split, string name)
        {
            var lengths = new LengthHistogram("document", "tokens");
            var samples = new SampleDraw(_options.Samples, _options.Seed);
            for (long i = 0; i < split.Documents; i++)
            {
                _cancel.ThrowIfCancellationRequested();
                _progress?.Report((double)i / split.Documents);
                long document = i, length = split.LengthOf(i);
                lengths.Add(length);
                samples.Offer(document, () =>
                {
                    int[] ids = new int[Math.Min(length, _options.MaxLength)];
                    split.CopyDocument(document, ids);
                    return (tokenizer.Decode(ids, skipSpecial: false), null);
                });
            }
            return new()
            {
                Name = $"{folder}: {name}",
                Kind = "prepared corpus",
                Layout = $"{split.Shards.Count} shard{(split.Shards.Count == 1 ? "" : "s")} of {corpus.Manifest.TokenType}",
                Count = split.Documents,
                Lengths = [lengths.Summarize()],
                Samples = samples.Drawn,
                Warnings = corpus.Manifest.Warnings,
            };
        }
    }

    /// <summary>Looks at a labelled set.</summary>
    /// <exception cref="TextException">The file cannot be read or is wrong.</exception>
    public InspectionReport Labelled(string path, LabelledSetOptions columns)
    {
        LabelledSet set = LabelledSet.Read(path, columns, progress: _progress);
        string? second = set.Columns.Second;
        LengthHistogram[] lengths = [.. new[] { set.Columns.First, second }.OfType<string>().Select(name => new LengthHistogram(name, _measure.Unit))];
        SequenceFramer? framer = _options.Tokenizer is null ? null : new(_options.Tokenizer, _options.MaxLength);
        var samples = new SampleDraw(_options.Samples, _options.Seed);
        var framed = new List<int>();
        long truncated = 0;
        for (int i = 0; i < set.Examples.Count; i++)
        {
            _cancel.ThrowIfCancellationRequested();
            LabelledExample example = set.Examples[i];
            lengths[0].Add(_measure.LengthOf(Encoding.UTF8.GetBytes(example.First)));
            if (example.Second is not null)
                lengths[1].Add(_measure.LengthOf(Encoding.UTF8.GetBytes(example.Second)));
            framed.Clear();
            truncated += framer?.Frame(example.First, example.Second, framed) == true ? 1 : 0;
            samples.Offer(i, () => (
                _options.Tokenizer?.Decode(CollectionsMarshal.AsSpan(framed), skipSpecial: false)
                    ?? (example.Second is null ? example.First : $"{example.First} | {example.Second}"),
                set.Labels.Names[example.Label]));
        }
        double count = set.Examples.Count;
        return new()
        {
            Name = path,
            Kind = "labelled set",
            Layout = $"{(set.Columns.Layout is { } known ? known + ": " : "")}{set.Columns.First}{(second is null ? "" : ", " + second)} → {set.Columns.Label}",
            Count = set.Examples.Count,
            Lengths = [.. lengths.Select(histogram => histogram.Summarize())],
            Labels = [.. set.Labels.Names.Select((name, i) => new LabelCount(name, set.Counts[i], set.Counts[i] / count))],
            Truncation = framer is null ? null : new(_options.MaxLength, truncated, truncated / count, "would lose their end"),
            Samples = samples.Drawn,
            Warnings = set.Warnings,
        };
    }

    /// <summary>Looks at a parallel set.</summary>
    /// <exception cref="TextException">A file cannot be read or is wrong, or the line counts differ.</exception>
    public InspectionReport Parallel(ParallelSetOptions set)
    {
        using var reader = new ParallelReader(set);
        long bytes = Math.Max(1, new FileInfo(set.Source).Length);
        LengthHistogram source = new("source", _measure.Unit), target = new("target", _measure.Unit);
        var samples = new SampleDraw(_options.Samples, _options.Seed);
        long tooLong = 0;
        while (reader.Next())
        {
            _cancel.ThrowIfCancellationRequested();
            _progress?.Report((double)reader.BytesConsumed / bytes);
            int sourceLength = _measure.LengthOf(reader.Source), targetLength = _measure.LengthOf(reader.Target);
            source.Add(sourceLength);
            target.Add(targetLength);
            tooLong += Math.Max(sourceLength, targetLength) + 1 > _options.MaxLength ? 1 : 0;
            samples.Offer(reader.Kept - 1, () => (_measure.Show(reader.Source, _options.MaxLength), _measure.Show(reader.Target, _options.MaxLength)));
        }
        return new()
        {
            Name = set.Target is null ? set.Source : $"{set.Source}, {set.Target}",
            Kind = "parallel set",
            Layout = set.Target is null ? $"columns {set.SourceColumn} and {set.TargetColumn} of one file" : "two files, line by line",
            Count = reader.Pairs,
            Lengths = [source.Summarize(), target.Summarize()],
            Truncation = _options.Tokenizer is null ? null
                : new(_options.MaxLength, tooLong, (double)tooLong / Math.Max(1, reader.Kept), "would be left out"),
            Samples = samples.Drawn,
            Warnings = reader.Warnings,
        };
    }
}
