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

    // What the beam search of the test set takes of the time that greedy search takes, about.
    private const double BeamCost = 3;

    /// <summary>Measures it: the development set greedily, as all models were compared, and the test set as the package is used.</summary>
    public static PackageMeasure Of(JobWork job, string folder, InferenceSpeed? speed, CancellationToken cancel)
    {
        job.Tell("measuring the package");
        EncoderDecoderConfiguration configuration = TranslationFolder.ReadConfiguration(folder);
        (ModelWeights weights, WeightMasks masks) = TranslationPackage.ReadWeights(folder, configuration);
        speed ??= SpeedOf(job, folder, cancel);
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
            LatencySeconds = speed.Latency,
            TokensPerSecond = speed.TokensPerSecond,
            UncompressedBleu = ChoosePhase.UncompressedQuality(job),
            UncompressedBytes = trained == null ? null : ModelPackage.BytesOf(ModelSource.Find(trained)),
        };
        ParallelCorpus corpus = job.Settings.Translation!;
        (string name, ReportTranslationScore score, ReportTranslation[] said) = Translate(
            job, folder, "development", Pairs(corpus.DevelopmentSource, corpus.DevelopmentTarget), beam: 1, cancel);
        outcome = outcome with { DevelopmentTranslation = score };
        if (corpus is { TestSource: { } source, TestTarget: { } target } && PackageMeasure.Readable(job, "test", () => Pairs(source, target)) is { } test)
        {
            (name, score, said) = Translate(job, folder, "test", test, TranslationTask.BeamInUse, cancel);
            outcome = outcome with { TestTranslation = score };
        }

        return new PackageMeasure(outcome with { Missed = PackageMeasure.Missed(job.Settings.Limits, outcome) }, null, null)
        {
            Translations = new ReportTranslations(name, said.Length, [.. Spread(said)]),
        };
    }

    /// <summary>How fast a package is, greedily.</summary>
    public static InferenceSpeed SpeedOf(JobWork job, string folder, CancellationToken cancel)
    {
        ParallelCorpus corpus = job.Settings.Translation!;
        var development = new ParallelSetOptions
        {
            Source = corpus.DevelopmentSource,
            Target = corpus.DevelopmentTarget,
            MaxWords = int.MaxValue,
            MaxRatio = int.MaxValue,
        };
        EncodedPairs pairs = EncodedPairs.Encode(
            development, Tokenizer.Load(Path.Join(folder, ModelFolder.TokenizerName)), job.Settings.MaximumTokens, keepReferences: true, cancel: cancel);
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
        int sentences = corpus.TestSource == null ? 0 : PackageMeasure.Readable(job, "test", () => LineReader.ReadAll(corpus.TestSource))?.Count ?? 0;
        double test = sentences / (double)Math.Max(1, LineReader.ReadAll(corpus.DevelopmentSource).Count);
        return evaluation * (1 + (BeamCost * test));
    }

    private static (string Name, ReportTranslationScore Score, ReportTranslation[] Said) Translate(
        JobWork job, string folder, string name, (string Source, string Target)[] pairs, int beam, CancellationToken cancel)
    {
        job.Tell($"translating the {name} set");
        using Translator translator = Translator.Open(folder, new BeamSettings { Beam = beam }, job.Settings.Threads);
        TranslationMeasure measure = TranslationMeasure.Of(
            translator, [.. pairs.Select(p => p.Source)], [.. pairs.Select(p => p.Target)], progress: null, cancel);
        return (
            name, new ReportTranslationScore(pairs.Length, measure.Bleu.Score, measure.ChrF.Score, beam, measure.Bleu.Signature, measure.ChrF.Signature),
            [.. pairs.Zip(measure.Translations, (pair, said) => new ReportTranslation(pair.Source, pair.Target, said))]);
    }

    // A sentence without a reference tells nothing.
    private static (string Source, string Target)[] Pairs(string source, string target) =>
    [
        .. LineReader.ReadAll(source).Zip(LineReader.ReadAll(target))
            .Where(p => !string.IsNullOrWhiteSpace(p.First) && !string.IsNullOrWhiteSpace(p.Second)),
    ];

    private static IEnumerable<ReportTranslation> Spread(ReportTranslation[] all)
        => Enumerable.Range(0, Math.Min(TranslationsShown, all.Length)).Select(i => all[(int)((long)i * all.Length / Math.Min(TranslationsShown, all.Length))]);
}
