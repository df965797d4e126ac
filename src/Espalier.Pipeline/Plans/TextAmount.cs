using System.Text;
using Espalier.Text;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;

namespace Espalier.Pipeline.Plans;

/// <summary>What follows from how much text there is: what preparing takes, and how large a vocabulary it supports.</summary>
internal static class TextAmount
{
    // Plain English under gzip.
    private const double Unpacked = 2.7;

    // What tokenizing, and learning a vocabulary, take on a core or two that others use too; what is not needed of the share goes to
    // pretraining.
    private const double BytesPerSecond = 10e6, LearnedPerSecond = 4e6, Start = 1.5;

    // More text than this part of the budget can tokenize is not read, and no phase but pretraining is worth more than the latter.
    private const double MostTokenizing = 0.06, MostPreparing = 0.15;

    // A row of the vocabulary in a package: what tokenizer.json says of it (measured on English: 18 bytes of 1,000 tokens, 22 of 4,000,
    // 25 of 8,192), and a vector of a small model at 4 bits, a part of it pruned; models that translate are wider.
    private const double BytesOfToken = 24 + 42, BytesOfJointToken = 24 + 96;

    // The part of a package that the vocabulary may take.
    private const double VocabularyShare = 0.5;

    private const int Largest = 16384, Multiple = 512, TokenizerText = 12_000_000;

    /// <summary>Bytes of text in files, those under gzip estimated.</summary>
    public static double BytesOf(IEnumerable<string> files)
        => files.Sum(file => new FileInfo(file).Length * (file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? Unpacked : 1));

    /// <summary>The part of each file to read.</summary>
    public static double PartOf(double bytes, TimeSpan budget)
        => Math.Clamp(MostTokenizing * budget.TotalSeconds * BytesPerSecond / Math.Max(1, bytes), 1e-4, 1);

    /// <summary>What preparing is expected to take, without writing a sample.</summary>
    public static TimeSpan Preparing(double bytes, TimeSpan budget)
    {
        double read = bytes * PartOf(bytes, budget);
        double seconds = Start + (read / BytesPerSecond) + (Math.Min(TokenizerText, read) / LearnedPerSecond);
        return TimeSpan.FromSeconds(Math.Min(MostPreparing * budget.TotalSeconds, seconds));
    }

    /// <summary>Part of the documents that is held out: half a percent as in the paper, more of little text.</summary>
    public static double HeldOut(double bytes) => Math.Clamp(300_000 / Math.Max(1, bytes), 0.005, 0.1);

    /// <summary>
    /// Tokens of the vocabulary: 8,192 for 100 MB of text, growing with its square root, and no more than leaves half of a package
    /// of <paramref name="maxBytes"/> to the layers.
    /// </summary>
    public static int Vocabulary(double bytes, long? maxBytes) => Rounded(8192 * Math.Sqrt(bytes / 100e6), maxBytes, BytesOfToken);

    /// <summary>
    /// Tokens of the joint vocabulary of two languages: 4,096 for 4 MB of both, growing with the square root. Few and short ones suit
    /// little text better (Ding et al. 2019: up to 4,000 merges for some 100,000 pairs). No more than leave half of a package of
    /// <paramref name="maxBytes"/> to the layers.
    /// </summary>
    public static int JointVocabulary(double bytes, long? maxBytes) => Rounded(4096 * Math.Sqrt(bytes / 4e6), maxBytes, BytesOfJointToken);

    /// <summary>Learns a vocabulary from lines spread over the files, of so much text that more would hardly change it.</summary>
    /// <param name="files">Text files, plain or gzip.</param>
    /// <param name="part">The part of each file to read.</param>
    /// <param name="vocabulary">Tokens.</param>
    /// <param name="tell">Told what is being done.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="TextException">A file cannot be read, or there is no text.</exception>
    public static Tokenizer Learn(IReadOnlyList<string> files, double part, int vocabulary, Action<string> tell, CancellationToken cancel)
    {
        double take = Math.Min(1, TokenizerText / Math.Max(1, part * BytesOf(files)));
        tell($"learning a vocabulary of {vocabulary:N0} tokens");
        return new BpeTrainer(new BpeTrainerOptions { VocabularySize = vocabulary }).TrainLines(Lines(files, part, take, cancel), cancel);
    }

    private static int Rounded(double byText, long? maxBytes, double bytesOfToken)
    {
        double byPackage = maxBytes is { } most ? VocabularyShare * most / bytesOfToken : double.PositiveInfinity;
        return Math.Clamp((int)Math.Round(Math.Min(byText, byPackage) / Multiple) * Multiple, Multiple, Largest);
    }

    private static IEnumerable<string> Lines(IReadOnlyList<string> files, double part, double take, CancellationToken cancel)
    {
        double due = 0;
        var defects = new TextDefects();
        foreach (string file in files)
        {
            double most = part < 1 ? part * new FileInfo(file).Length : double.PositiveInfinity;
            using var reader = new LineReader(file, defects);
            while (reader.BytesTaken < most && reader.Next())
            {
                cancel.ThrowIfCancellationRequested();
                due += take;
                if (due >= 1 && !reader.Segment.IsEmpty)
                {
                    due -= 1;
                    yield return Encoding.UTF8.GetString(reader.Segment);
                }
            }
        }
    }
}
