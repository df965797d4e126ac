using Espalier.Pipeline.Plans;
using Espalier.Text.Corpora;
using Espalier.Text.Files;
using Espalier.Text.Labelled;
using Espalier.Text.Sample;
using Espalier.Text.Tokenization;
using Espalier.Training;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>Texts in, a tokenizer and a corpus of token ids out. What is there already stays.</summary>
internal static class PreparePhase
{
    // So many documents and labelled sentences for each second of the budget: a pass over them takes a part of it.
    private const int DocumentsPerSecond = 70, SentencesPerSecond = 100, Least = 500, MostDocuments = 20_000, MostSentences = 30_000;

    // Measured: bytes of a document, and seconds that making one takes, and a training sentence with its part of the other sets.
    private const double BytesOfDocument = 265, SecondsOfDocument = 1 / 5_000.0, SecondsOfSentence = 1 / 14_000.0;

    /// <summary>What preparing is expected to take.</summary>
    /// <param name="settings">The job's.</param>
    /// <param name="bytes">Bytes of its text; the sample's are known.</param>
    public static TimeSpan Expected(JobSettings settings, double bytes)
    {
        if (!settings.Sample)
        {
            return TextAmount.Preparing(bytes, settings.Budget);
        }

        SampleSize size = SizeOf(settings);
        return TextAmount.Preparing(size.Documents * BytesOfDocument, settings.Budget)
            + TimeSpan.FromSeconds((size.Documents * SecondsOfDocument) + (size.Pairs * SecondsOfSentence));
    }

    /// <summary>Prepares.</summary>
    /// <exception cref="Text.TextException">A file cannot be read, or holds no text.</exception>
    public static void Run(JobWork job, CancellationToken cancel)
    {
        JobSettings settings = job.Settings;
        if (settings.Sample && !Directory.Exists(job.PathOf("sample")))
        {
            job.Tell("writing the sample");
            SampleFolder.Write(job.PathOf("sample"), settings.Seed, SizeOf(settings), null, cancel);
        }

        if (settings.Test != null && (settings.Test == settings.Development || settings.Test == settings.Train))
        {
            job.Note($"The test set is the {(settings.Test == settings.Train ? "training" : "development")} set: its accuracy says nothing about other texts.");
        }

        if (settings.Translation is { } pairs)
        {
            if (pairs.TestSource is { } test && (test == pairs.DevelopmentSource || pairs.TrainSource.Contains(test)))
            {
                job.Note($"The test set is {(test == pairs.DevelopmentSource ? "the development set" : "part of the training set")}: its BLEU says nothing about other sentences.");
            }

            // Pairs become tokens where they are learned from.
            JointTokenizer.Make(job.TokenizerFolder, pairs, settings.Vocabulary, settings.Limits.MaxBytes, job.Tell, cancel);
            return;
        }

        IReadOnlyList<string> files = Texts(job);
        double bytes = TextAmount.BytesOf(files), part = TextAmount.PartOf(bytes, settings.Budget);
        string tokenizerFile = Path.Join(job.TokenizerFolder, ModelFolder.TokenizerName);
        if (!File.Exists(tokenizerFile))
        {
            int vocabulary = settings.Vocabulary ?? TextAmount.Vocabulary(bytes * part, settings.Limits.MaxBytes);
            TextAmount.Learn(files, part, vocabulary, job.Tell, cancel).Save(tokenizerFile);
        }

        if (!PreparedCorpus.IsAt(job.DataFolder))
        {
            var options = new CorpusPreparationOptions
            {
                HeldOutFraction = TextAmount.HeldOut(bytes * part),
                Part = part,
                Seed = settings.Seed,
            };
            new CorpusPreparation(Tokenizer.Load(tokenizerFile), options).Run(
                files, job.DataFolder, new Relay<double>(done => job.Tell($"encoding the corpus, {done:P0}")), cancel);
        }

        using PreparedCorpus corpus = PreparedCorpus.Open(job.DataFolder);
        foreach (Warning warning in corpus.Manifest.Warnings)
        {
            job.Note($"{warning}.");
        }
    }

    private static SampleSize SizeOf(JobSettings settings) => new(
        (int)Math.Clamp(DocumentsPerSecond * settings.Budget.TotalSeconds, Least, MostDocuments),
        (int)Math.Clamp(SentencesPerSecond * settings.Budget.TotalSeconds, Least, MostSentences),
        SampleSets.Corpus | SampleSets.Acceptability);

    /// <summary>
    /// The texts to pretrain on: the corpus, and the training texts, whose like the model is for. Half of the sample's are wrong on
    /// purpose, and teach nothing about the language.
    /// </summary>
    private static IReadOnlyList<string> Texts(JobWork job)
    {
        IReadOnlyList<string> corpus = job.Settings.Sample ? [job.PathOf("sample/corpus.txt")] : job.Settings.Corpus;
        if (job.Train == null || job.Settings.Sample)
        {
            return corpus;
        }

        string texts = job.PathOf("train.txt");
        if (!File.Exists(texts))
        {
            job.Tell("reading the training set");
            LabelledSet train = LabelledSplits.Open(job.Train, job.Development, job.Settings.Columns).Train;
            AtomicFile.Write(texts, stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
                foreach (string text in train.Examples.SelectMany(e => e.Second == null ? [e.First] : new[] { e.First, e.Second }))
                {
                    writer.WriteLine(text.ReplaceLineEndings(" "));
                }
            });
        }

        return [.. corpus, texts];
    }
}
