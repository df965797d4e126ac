using System.Text;

namespace Espalier.Text.Tokenization;

/// <summary>
/// Learns a byte-level BPE vocabulary from text. The outcome depends on the text, the order of the files and the options
/// without the thread count. Ids: <c>&lt;s&gt;</c>, <c>&lt;pad&gt;</c>, <c>&lt;/s&gt;</c>, <c>&lt;unk&gt;</c>, the 256 bytes, the merges from the most frequent on,
/// and <c>&lt;mask&gt;</c> last, as in RoBERTa.
/// </summary>
public sealed class BpeTrainer
{
    private readonly BpeTrainerOptions _options;

    /// <summary>Creates a trainer.</summary>
    /// <param name="options">What is asked for.</param>
    /// <exception cref="ArgumentException">The options have faults; the message names all.</exception>
    public BpeTrainer(BpeTrainerOptions options)
    {
        if (options.Validate() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join("; ", faults), nameof(options));
        _options = options;
    }

    /// <summary>
    /// Learns from text files, plain or gzip, each streamed once in the order given. Lines are separate texts. Memory does
    /// not grow with the corpus: when distinct words outgrow <see cref="BpeTrainerOptions.MaximumDistinctWords"/>, the rarest
    /// are forgotten until half are left, and the result says how many occurrences that concerned.
    /// </summary>
    /// <param name="files">The files.</param>
    /// <param name="progress">Hears how far training is.</param>
    /// <param name="cancel">Ends training early.</param>
    /// <exception cref="TextException">A file cannot be read, or the files hold no text.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public BpeTraining TrainFiles(IReadOnlyList<string> files, IProgress<BpeProgress>? progress = null, CancellationToken cancel = default)
    {
        var counter = new WordCounter(_options, cancel);
        double total = Math.Max(1, files.Where(File.Exists).Sum(file => new FileInfo(file).Length));
        long before = 0;
        foreach (string file in files)
        {
            counter.CountFile(file, consumed => progress?.Report(new BpeProgress("counting words", (before + consumed) / total)));
            before += new FileInfo(file).Length;
        }
        CorpusCount corpus = counter.Finish(files.Count);
        if (corpus.Words == 0)
            throw new TextException($"there is no text to learn from in {(files is [string only] ? only : $"these {files.Count} files")}");
        return new BpeTraining(Learn(counter.Words, progress, cancel), corpus);
    }

    /// <summary>Learns from texts in memory, each a line of its own.</summary>
    /// <exception cref="TextException">There is no text.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Tokenizer TrainLines(IEnumerable<string> lines, CancellationToken cancel = default)
    {
        var counter = new WordCounter(_options, cancel);
        foreach (string[] some in lines.Chunk(10_000))
            counter.CountText(Encoding.UTF8.GetBytes(string.Join('\n', some)));
        if (counter.Finish(0).Words == 0)
            throw new TextException("there is no text to learn from");
        return Learn(counter.Words, null, cancel);
    }

    private Tokenizer Learn(WordTable words, IProgress<BpeProgress>? progress, CancellationToken cancel)
    {
        int[] byteIds = new int[256];
        var tokens = new Dictionary<string, int>();
        var spelling = new List<string>();
        foreach (string token in (string[])["<s>", "<pad>", "</s>", "<unk>"])
            Append(token);
        foreach (byte value in ByteAlphabet.InCharacterOrder)
            byteIds[value] = Append(ByteAlphabet.Write([value]));

        var merges = new List<Merge>();
        var learner = new MergeLearner(words, byteIds);
        int wanted = _options.VocabularySize - 1;
        while (spelling.Count < wanted && learner.TryNext(_options.MinimumFrequency, Join, out Merge merge))
        {
            cancel.ThrowIfCancellationRequested();
            merges.Add(merge);
            if (merges.Count % 64 == 0)
                progress?.Report(new BpeProgress("learning merges", (double)spelling.Count / wanted));
        }
        int mask = Append("<mask>");
        return new Tokenizer(new Vocabulary(tokens, merges, Vocabulary.RobertaTokens(0, 1, 2, 3, mask)));

        int Join(int left, int right)
        {
            string token = spelling[left] + spelling[right];
            return tokens.TryGetValue(token, out int known) ? known : Append(token);
        }

        int Append(string token)
        {
            spelling.Add(token);
            tokens.Add(token, spelling.Count - 1);
            return spelling.Count - 1;
        }
    }
}
