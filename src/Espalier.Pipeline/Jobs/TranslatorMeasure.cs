using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Search;
using Espalier.Inference;
using Espalier.Pipeline.Measurement;
using Espalier.Pipeline.Packages;
using Espalier.Pipeline.Reports;
using Espalier.Pipeline.Tasks;
using Espalier.Text;
using Espalier.Text.Bitext;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Jobs;

/// <summary>What a package that translates is, as measured on the files that are shipped.</summary>
internal static class TranslatorMeasure
{
    private const int TranslationsShown = 20;

    // What beam search takes of the time that greedy search takes, about.
    private const double BeamCost = 3;

    /// <summary>Measures it: greedily on the sentences that all models were compared by, and on the test set as the package is used.</summary>
    public static PackageMeasure Of(JobWork job, string folder, InferenceSpeed? speed, CancellationToken cancel)
    {
        job.Tell("measuring the package");
        EncoderDecoderConfiguration configuration = TranslationFolder.ReadConfiguration(folder);
        (ModelWeights weights, WeightMasks masks) = TranslationPackage.ReadWeights(folder, configuration);
        speed ??= SpeedOf(job, folder, cancel);
        InferenceSpeed? whole = PackageMeasure.Whole(job, folder, cancel);
        string? trained = ChoosePhase.Trained(job);
        var outcome = new ReportOutcome
        {
            Package = Path.GetFileName(job.PackageFolder),
            Layers = configuration.Layers,
            Hidden = configuration.Hidden,
            Parameters = weights.Count,
            NonZero = weights.Count - masks.Pruned,
            Bytes = PackageMeasure.BytesOf(folder),
            Seconds = job.Spent.TotalSeconds,
            LatencySeconds = speed?.Latency,
            TokensPerSecond = speed?.TokensPerSecond,
            UncompressedLatencySeconds = whole?.Latency,
            UncompressedTokensPerSecond = whole?.TokensPerSecond,
            UncompressedBleu = ChoosePhase.UncompressedQuality(job),
            UncompressedBytes = trained == null ? null : ModelPackage.BytesOf(ModelSource.Find(trained)),
        };
        ParallelCorpus corpus = job.Settings.Translation!;
        Translated? shown = null;
        if (Development(job, folder, cancel) is { } development)
        {
            shown = Translate(job, folder, "development", development.Texts, beam: 1, cancel);
            outcome = outcome with { DevelopmentTranslation = shown.Score };
        }

        if (corpus is { TestSource: { } source, TestTarget: { } target } && PackageMeasure.Readable(job, "test", () => Pairs(job, source, target)) is { Count: > 0 } test)
        {
            shown = Translate(job, folder, "test", test, TranslationTask.BeamInUse, cancel);
            outcome = outcome with { TestTranslation = shown.Score };
        }

        return new PackageMeasure(outcome with { Missed = PackageMeasure.Missed(job.Settings.Limits, outcome) }, null, null)
        {
            Translations = shown == null ? null : new ReportTranslations(shown.Name, shown.Sentences.Length, [.. Spread(shown.Sentences)]),
        };
    }

    /// <summary>How fast a package is, with the beam that it is used with; null where there is nothing to measure it by.</summary>
    public static InferenceSpeed? SpeedOf(JobWork job, string folder, CancellationToken cancel)
    {
        if (Development(job, folder, cancel) is not { } pairs)
        {
            return null;
        }

        using var device = new CpuDevice(job.Settings.Threads);
        using TrainedTranslator model = TranslationPackage.Open(folder, device, pairs);
        return InferenceSpeed.Measure(model, pairs.Sources.Count, cancel);
    }

    /// <summary>Seconds that measuring a package will take, going by the evaluations of the training.</summary>
    public static double Expected(JobWork job, string run)
    {
        double evaluation = EventLog.EvaluationSeconds(EventLog.Read(Path.Join(run, RunDirectory.EventsName)), TranslationObjective.Metric)
            .DefaultIfEmpty().Average();
        ParallelCorpus corpus = job.Settings.Translation!;
        int development = TranslationRecord.Read(run, RunDirectory.ReadManifest(run)).DevelopmentPairs;
        double test = corpus.TestSource is { } file ? PackageMeasure.Readable(job, "test", () => LineReader.ReadAll(file))?.Count ?? 0 : 0;
        // The speed is measured of the package and of the uncompressed model.
        return evaluation * (1 + (BeamCost * (test + (2 * InferenceSpeed.TranslatorSentences)) / development));
    }

    private static Translated Translate(
        JobWork job, string folder, string name, IReadOnlyList<(string Source, string Target)> pairs, int beam, CancellationToken cancel)
    {
        job.Tell($"translating the {name} set");
        using Translator translator = Translator.Open(folder, new BeamSettings { Beam = beam }, job.Settings.Threads);
        TranslationMeasure measure = TranslationMeasure.Of(
            translator, [.. pairs.Select(p => p.Source)], [.. pairs.Select(p => p.Target)], progress: null, cancel);
        if (measure.Truncated > 0)
        {
            job.Note($"{measure.Truncated:N0} of the {pairs.Count:N0} sentences of the {name} set have more tokens than the model reads, and lost their end.");
        }

        return new Translated(
            name, new ReportTranslationScore(pairs.Count, measure.Bleu.Score, measure.ChrF.Score, beam, measure.Bleu.Signature, measure.ChrF.Signature),
            [.. pairs.Zip(measure.Translations, (pair, said) => new ReportTranslation(pair.Source, pair.Target, said))]);
    }

    // Read once: where they are held out, that is a pass over all pairs.
    private static EncodedPairs? Development(JobWork job, string folder, CancellationToken cancel)
        => job.MeasuredPairs ??= PackageMeasure.Readable(job, "development", () =>
        {
            ParallelCorpus corpus = job.Settings.Translation!;
            HeldOutPairs? heldOut = corpus.HeldOut(TranslationData.MostDevelopment, cancel);
            if (heldOut != null && ChoosePhase.Trained(job) is { } run && heldOut != TranslationRecord.Read(run, RunDirectory.ReadManifest(run)).HeldOut)
            {
                throw new TextException("does not hold as many pairs as when the model was trained, so what was held out of them cannot be told", corpus.TrainSource[0]);
            }

            return TranslationData.ReadDevelopment(
                corpus, Tokenizer.Load(Path.Join(folder, ModelFolder.TokenizerName)), job.Settings.MaximumTokens, cancel);
        });

    // A sentence without a reference tells nothing.
    private static IReadOnlyList<(string Source, string Target)> Pairs(JobWork job, string source, string target)
    {
        (string First, string Second)[] all = [.. LineReader.ReadAll(source).Zip(LineReader.ReadAll(target))];
        (string, string)[] whole = [.. all.Where(p => !string.IsNullOrWhiteSpace(p.First) && !string.IsNullOrWhiteSpace(p.Second))];
        if (whole.Length < all.Length)
        {
            job.Note($"{all.Length - whole.Length:N0} of the {all.Length:N0} pairs of the test set have a side without text, and are left out.");
        }

        return whole;
    }

    private static IEnumerable<ReportTranslation> Spread(ReportTranslation[] all)
        => Enumerable.Range(0, Math.Min(TranslationsShown, all.Length)).Select(i => all[(int)((long)i * all.Length / Math.Min(TranslationsShown, all.Length))]);

    /// <summary>A set as the package translates it.</summary>
    private sealed record Translated(string Name, ReportTranslationScore Score, ReportTranslation[] Sentences);
}
