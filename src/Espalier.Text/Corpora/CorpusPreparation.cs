using System.Runtime.InteropServices;
using System.Text.Json;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;

namespace Espalier.Text.Corpora;

/// <summary>
/// Encodes text files into a folder of token shards that <see cref="PreparedCorpus"/> maps into memory. Text is read by the
/// calling thread and encoded by others; what is in flight is bounded, so memory does not grow with the corpus.
/// </summary>
public sealed class CorpusPreparation
{
    private readonly Tokenizer _tokenizer;
    private readonly CorpusPreparationOptions _options;
    private readonly DocumentSelection _selection;

    /// <summary>Prepares to prepare.</summary>
    /// <exception cref="ArgumentException">The options have a fault.</exception>
    public CorpusPreparation(Tokenizer tokenizer, CorpusPreparationOptions options)
    {
        if (options.Validate() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join("; ", faults), nameof(options));
        _tokenizer = tokenizer;
        _options = options;
        _selection = new DocumentSelection(options.Seed, options.HeldOutFraction, options.Fraction);
    }

    /// <summary>Encodes <paramref name="files"/> into <paramref name="folder"/>, which appears whole or not at all.</summary>
    /// <param name="files">Text files, plain or gzip.</param>
    /// <param name="folder">The folder to create.</param>
    /// <param name="progress">Told the part that is done, from 0 to 1.</param>
    /// <param name="cancel">Stops the work; nothing stays behind.</param>
    /// <exception cref="TextException">
    /// A file cannot be read, there is no document to train on, or something stands at <paramref name="folder"/>.
    /// </exception>
    public CorpusManifest Run(IReadOnlyList<string> files, string folder, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        var inputs = new InputProgress(files, progress);
        return AtomicFolder.Write(folder, temporary =>
        {
            using var reader = new CorpusReader(files, _options.Layout, _options.Part);
            bool wide = _tokenizer.VocabularySize > ushort.MaxValue + 1;
            using var train = new TokenShardWriter(temporary, "train", wide, _options.ShardTokens);
            using var heldOut = new TokenShardWriter(temporary, "heldout", wide, _options.ShardTokens);
            long leftAside = Encode(reader, train, heldOut, inputs, cancel);
            (SplitRecord trained, SplitRecord held) = (train.Complete(), heldOut.Complete());
            if (trained.Documents == 0 && (held.Documents == 0 || leftAside > 0))
                throw new TextException(WhyNothingToTrainOn(reader.Documents), files[0]);
            var tooFew = new Tally("documents, too few to draw from (the end of the text is held out instead)");
            if (_options.HeldOutFraction > 0 && (trained.Documents == 0 || held.Documents == 0))
            {
                (trained, held) = HeldOutCut.Make(temporary, held.Documents == 0 ? trained : held, wide, _options, cancel);
                tooFew.Add(files[0], 1, reader.Documents);
            }
            CorpusManifest manifest = Describe(
                reader, files, wide, leftAside, trained, held, [.. reader.Warnings, .. Tally.Warnings(tooFew)]);
            _tokenizer.Save(Path.Join(temporary, PreparedCorpus.TokenizerName));
            AtomicFile.Write(Path.Join(temporary, PreparedCorpus.ManifestName),
                stream => JsonSerializer.Serialize(stream, manifest, CorpusManifestJson.Default.CorpusManifest));
            return manifest;
        });
    }

    private long Encode(
        CorpusReader reader, TokenShardWriter train, TokenShardWriter heldOut, InputProgress inputs, CancellationToken cancel)
    {
        var spare = new Stack<EncodedChunk>();
        var inFlight = new Queue<Task<EncodedChunk>>();
        long leftAside = 0;
        try
        {
            while (true)
            {
                cancel.ThrowIfCancellationRequested();
                EncodedChunk chunk = spare.TryPop(out EncodedChunk? used) ? used : new EncodedChunk();
                if (!reader.Fill(chunk.Source))
                    break;
                inFlight.Enqueue(Task.Run(() => chunk.Encode(_tokenizer, _selection), CancellationToken.None));
                if (inFlight.Count >= _options.Threads)
                    WriteOldest();
                inputs.Report(reader.Position);
            }
            while (inFlight.Count > 0)
                WriteOldest();
        }
        finally
        {
            // After a failure the workers must be done before their buffers and files go.
            Task.WhenAll(inFlight).ContinueWith(_ => { }, TaskScheduler.Default).Wait(CancellationToken.None);
        }
        return leftAside;

        void WriteOldest()
        {
            EncodedChunk chunk = inFlight.Dequeue().GetAwaiter().GetResult();
            leftAside += chunk.WriteTo(train, heldOut, _selection);
            spare.Push(chunk);
        }
    }

    private CorpusManifest Describe(
        CorpusReader reader, IReadOnlyList<string> files, bool wide, long leftAside, SplitRecord train, SplitRecord heldOut,
        IReadOnlyList<Warning> warnings) => new()
        {
            Format = CorpusManifest.CurrentFormat,
            Tokenizer = new TokenizerIdentity(_tokenizer.Fingerprint, _tokenizer.VocabularySize),
            TokenType = wide ? PreparedCorpus.WideType : PreparedCorpus.NarrowType,
            Layout = _options.Layout,
            Seed = _options.Seed,
            HeldOutFraction = _options.HeldOutFraction,
            Fraction = _options.Fraction,
            Part = _options.Part,
            Inputs = [.. files.Select((file, i) =>
            new InputFileRecord(file, new FileInfo(file).Length, HashedFile.Sha256(file, _options.Part), reader.DocumentsOfFile[i]))],
            Train = train,
            HeldOut = heldOut,
            DocumentsLeftAside = leftAside,
            Warnings = warnings,
        };

    private string WhyNothingToTrainOn(long documents) => documents == 0
        ? "holds no document: every line is blank, or there is none"
        : $"gives {documents:N0} documents, none of which fell into the training fraction {_options.Fraction}; raise the fraction or give more text";

    // A chunk of text and the tokens made from it.
    private sealed class EncodedChunk
    {
        private readonly List<int> _ids = [];
        private readonly List<int> _ends = []; // end of each piece in _ids

        public TextChunk Source { get; } = new();

        public EncodedChunk Encode(Tokenizer tokenizer, DocumentSelection selection)
        {
            _ids.Clear();
            _ends.Clear();
            foreach (DocumentPiece piece in Source.Pieces)
            {
                if (selection.Of(piece.Document) == Destination.Nowhere)
                {
                    _ends.Add(_ids.Count);
                    continue;
                }
                if (piece.Continues)
                    tokenizer.EncodeRest(Source.Text(piece), _ids);
                else
                    tokenizer.Encode(Source.Text(piece), _ids);
                _ends.Add(_ids.Count);
            }
            return this;
        }

        // The number of documents that went nowhere.
        public long WriteTo(TokenShardWriter train, TokenShardWriter heldOut, DocumentSelection selection)
        {
            ReadOnlySpan<int> ids = CollectionsMarshal.AsSpan(_ids);
            long nowhere = 0;
            int start = 0;
            for (int i = 0; i < Source.Pieces.Count; i++)
            {
                DocumentPiece piece = Source.Pieces[i];
                Destination destination = selection.Of(piece.Document);
                if (destination == Destination.Nowhere)
                {
                    nowhere += piece.Ends ? 1 : 0;
                    continue;
                }
                TokenShardWriter writer = destination == Destination.Train ? train : heldOut;
                writer.Append(ids[start.._ends[i]]);
                start = _ends[i];
                if (piece.Ends)
                    writer.EndDocument();
            }
            return nowhere;
        }
    }
}
