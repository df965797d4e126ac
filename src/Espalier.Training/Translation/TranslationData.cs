using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Espalier.Text.Batching;
using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;

namespace Espalier.Training.Translation;

/// <summary>What translation is learned from: a joint tokenizer, and pairs as its tokens. Runs on the same files can share it.</summary>
public sealed class TranslationData
{
    /// <summary>Sentences of the development set that models are measured on at most, spread over it: that is done often, and more of
    /// them hardly tell two models apart any better.</summary>
    public const int MostDevelopment = 2000;

    private readonly Lazy<string> _fingerprint;

    private TranslationData(Tokenizer tokenizer, EncodedPairs train, EncodedPairs development)
    {
        (Tokenizer, Train, Development) = (tokenizer, train, development);
        _fingerprint = new Lazy<string>(Hash);
    }

    /// <summary>The tokenizer of both sides.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Pairs to learn from.</summary>
    public EncodedPairs Train { get; }

    /// <summary>Pairs to be measured by, with their texts: those of the development set that are not too long, or
    /// <see cref="MostDevelopment"/> of them.</summary>
    public EncodedPairs Development { get; }

    /// <summary>Which of the pairs in the files are held out; null where the development set has files of its own.</summary>
    public HeldOutPairs? HeldOut { get; private init; }

    /// <summary>What was left out of the pairs and what was odd.</summary>
    public IReadOnlyList<string> Warnings => [.. Train.Warnings.Concat(Development.Warnings).Select(w => w.ToString()).Distinct()];

    /// <summary>Tokens of the training pairs as they pass through the model.</summary>
    public long TrainTokens => Train.Sources.TokenCount + (long)Train.Targets.TokenCount + (2L * Train.Sources.Count);

    /// <summary>SHA-256 over the tokens of the pairs to learn from and to be measured by: what decides training, however it is stored.</summary>
    public string Fingerprint => _fingerprint.Value;

    /// <summary>Reads the pairs, and learns a tokenizer from them where none is given.</summary>
    /// <param name="c">The configuration.</param>
    /// <param name="tokenizer">Where the tokenizer lies; null learns one.</param>
    /// <param name="progress">Told the part that is done.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="Text.TextException">A file cannot be read, or no pair is left.</exception>
    public static TranslationData Read(
        TranslationConfiguration c, string? tokenizer, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        Tokenizer joint = tokenizer != null ? Tokenizer.Load(tokenizer)
            : new BpeTrainer(new BpeTrainerOptions { VocabularySize = c.Vocabulary })
                .TrainFiles(c.Corpus.Train, progress: null, cancel).Tokenizer;
        HeldOutPairs? heldOut = c.Corpus.HeldOut(MostDevelopment, cancel);
        EncodedPairs development = ReadDevelopment(c.Corpus, joint, c.MaximumTokens, cancel);

        // By the text: a sentence that stands in the files twice is not to be learned where it is held out.
        HashSet<string>? sources = heldOut == null ? null : [.. development.Texts.Select(text => text.Source)];
        EncodedPairs train = EncodedPairs.Encode(
            Training(c.Corpus), joint, c.MaximumTokens, keepTexts: false, progress, sources == null ? null : (_, source) => !sources.Contains(source), cancel);
        return new TranslationData(joint, train, development) { HeldOut = heldOut };
    }

    /// <summary>Reads the pairs that all models of a corpus are measured and compared by.</summary>
    /// <param name="corpus">The corpus; where it has no development set, those of its pairs to learn from that are held out.</param>
    /// <param name="tokenizer">Encodes both sides.</param>
    /// <param name="maximumTokens">A pair of which a side has more is left out, as of those to learn from; nothing else is of a development set.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="Text.TextException">A file cannot be read, or no pair is left.</exception>
    public static EncodedPairs ReadDevelopment(
        ParallelCorpus corpus, Tokenizer tokenizer, int maximumTokens, CancellationToken cancel = default)
        => corpus.HeldOut(MostDevelopment, cancel) is { } heldOut
            ? EncodedPairs.Encode(Training(corpus), tokenizer, maximumTokens, keepTexts: true, progress: null, (pair, _) => heldOut.Contains(pair), cancel)
            : EncodedPairs.Encode(
                new ParallelSetOptions
                {
                    Source = corpus.DevelopmentSource!,
                    Target = corpus.DevelopmentTarget,
                    MaxRatio = int.MaxValue,
                },
                tokenizer, maximumTokens, keepTexts: true, progress: null, cancel).Spread(MostDevelopment);

    /// <summary>
    /// The loss on the development set, in nats for each token that is predicted, of a model that ignores the source and what came before:
    /// it knows how often each token, and the end, occurs in the targets of what is trained on (add-one smoothing).
    /// </summary>
    public double ContextFreeLoss()
    {
        // Every target ends once.
        long[] counts = new long[Tokenizer.VocabularySize];
        counts[Tokenizer.Special.Eos] = Train.Targets.Count;
        for (int i = 0; i < Train.Targets.Count; i++)
        {
            foreach (int token in Train.Targets[i])
            {
                counts[token]++;
            }
        }

        double total = Math.Log(counts.Sum() + (double)counts.Length);
        double[] losses = [.. counts.Select(count => total - Math.Log(count + 1))];
        double sum = Development.Targets.Count * losses[Tokenizer.Special.Eos];
        for (int i = 0; i < Development.Targets.Count; i++)
        {
            foreach (int token in Development.Targets[i])
            {
                sum += losses[token];
            }
        }

        return sum / (Development.Targets.TokenCount + Development.Targets.Count);
    }

    private static IReadOnlyList<ParallelSetOptions> Training(ParallelCorpus corpus)
        => [.. corpus.TrainSource.Zip(corpus.TrainTarget, (s, t) => new ParallelSetOptions { Source = s, Target = t })];

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (TokenSequences side in new[] { Train.Sources, Train.Targets, Development.Sources, Development.Targets })
        {
            for (int i = 0; i < side.Count; i++)
            {
                hash.AppendData(BitConverter.GetBytes(side[i].Length));
                hash.AppendData(MemoryMarshal.AsBytes(side[i]));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
