using System.Text;
using Espalier.Compression.Choice;
using Espalier.Engine.Devices;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Measurement;
using Espalier.Pipeline.Packages;
using Espalier.Pipeline.Reports;
using Espalier.Text;
using Espalier.Text.Labelled;
using Espalier.Training.Objectives;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>What a package is, as measured on the files that are shipped.</summary>
/// <param name="Outcome">Its figures.</param>
/// <param name="Confusion">Which classes it takes for which; of the test set where there is one.</param>
/// <param name="Mistakes">What it gets wrong there.</param>
internal sealed record PackageMeasure(ReportOutcome Outcome, ReportConfusion? Confusion, ReportMistakes? Mistakes)
{
    private const int MistakesShown = 40;

    /// <summary>How it translates; null where it does not.</summary>
    public ReportTranslations? Translations { get; init; }

    /// <summary>Measures the files of a package.</summary>
    /// <param name="job">The job.</param>
    /// <param name="folder">Where the files lie.</param>
    /// <param name="speed">How fast it is; null measures it too.</param>
    /// <param name="cancel">Stops it.</param>
    public static PackageMeasure Of(JobWork job, string folder, InferenceSpeed? speed, CancellationToken cancel)
    {
        if (job.Settings.IsTranslator)
        {
            return TranslatorMeasure.Of(job, folder, speed, cancel);
        }

        StoredModel stored = StoredModel.Load(folder);
        var outcome = new ReportOutcome
        {
            Package = Path.GetFileName(job.PackageFolder),
            Layers = stored.Configuration.Layers,
            Hidden = stored.Configuration.Hidden,
            Parameters = stored.Weights.Count,
            NonZero = stored.Weights.Count - stored.Masks.Pruned,
            Bytes = BytesOf(folder),
            Seconds = job.Spent.TotalSeconds,
            Labels = stored.Head.Labels,
        };
        return stored.Head.Labels == null ? Encoder(job, folder, outcome, cancel) : Classifier(job, folder, outcome, speed, cancel);
    }

    /// <summary>Bytes of a package, with its card where it has one.</summary>
    public static long BytesOf(string folder)
        => ModelPackage.BytesOf(folder) + (new FileInfo(Path.Join(folder, ModelCard.FileName)) is { Exists: true } card ? card.Length : 0);

    /// <summary>How fast a package is; null for an encoder, and where there is nothing to measure it by.</summary>
    public static InferenceSpeed? SpeedOf(JobWork job, string folder, CancellationToken cancel)
    {
        if (job.Settings.IsTranslator)
        {
            return TranslatorMeasure.SpeedOf(job, folder, cancel);
        }

        if (ModelFolder.ReadHead(folder).Labels == null)
        {
            return null;
        }

        using var device = new CpuDevice(job.Settings.Threads);
        using TrainedClassifier model = ModelPackage.OpenClassifier(folder, device, ActivationPrecision.Single);
        return Development(job) is { } development ? InferenceSpeed.Measure(model, Encode(job, development, model, cancel), cancel) : null;
    }

    /// <summary>The same with the model card, whose length counts and stands in it.</summary>
    /// <param name="write">Writes the card for an outcome.</param>
    /// <param name="limits">What the package must keep to.</param>
    public (PackageMeasure Measure, byte[] Card) With(Func<ReportOutcome, string> write, DeploymentLimits limits)
    {
        for (int length = 0; ;)
        {
            ReportOutcome outcome = Outcome with { Bytes = Outcome.Bytes + length };
            outcome = outcome with { Missed = Missed(limits, outcome) };
            byte[] card = Encoding.UTF8.GetBytes(write(outcome));
            if (card.Length <= length)
            {
                // One digit less may make it a byte shorter than it says.
                return (this with { Outcome = outcome }, [.. card, .. Enumerable.Repeat((byte)'\n', length - card.Length)]);
            }

            length = card.Length;
        }
    }

    private static PackageMeasure Encoder(JobWork job, string folder, ReportOutcome outcome, CancellationToken cancel)
    {
        job.Tell("measuring the package on held-out text");
        HeldOutMeasure? measure = EncoderPhase.Measure(job, folder, cancel);
        outcome = outcome with
        {
            HeldOutLoss = measure?.Evaluation.Loss,
            HeldOutPredictions = measure?.Evaluation.Predictions,
            UnigramPerplexity = measure?.UnigramPerplexity,
            Missed = Missed(job.Settings.Limits, outcome),
        };
        return new PackageMeasure(outcome, null, null);
    }

    private static PackageMeasure Classifier(JobWork job, string folder, ReportOutcome outcome, InferenceSpeed? speed, CancellationToken cancel)
    {
        job.Tell("measuring the package");
        using var device = new CpuDevice(job.Settings.Threads);
        using TrainedClassifier model = ModelPackage.OpenClassifier(folder, device, ActivationPrecision.Single);
        if (Development(job) is not { } development)
        {
            return new PackageMeasure(outcome with { Missed = Missed(job.Settings.Limits, outcome) }, null, null);
        }

        EncodedExamples examples = Encode(job, development, model, cancel);
        ClassifierResult result = model.Measure(examples, cancel);
        speed ??= InferenceSpeed.Measure(model, examples, cancel);
        InferenceSpeed? whole = Whole(job, folder, cancel);
        outcome = outcome with
        {
            LatencySeconds = speed.Latency,
            TokensPerSecond = speed.TokensPerSecond,
            UncompressedLatencySeconds = whole?.Latency,
            UncompressedTokensPerSecond = whole?.TokensPerSecond,
            Development = Score(result),
            UncompressedAccuracy = ChoosePhase.UncompressedQuality(job),
            UncompressedBytes = ChoosePhase.Trained(job) is { } run ? ModelPackage.BytesOf(ModelSource.Find(run)) : null,
        };
        (string name, LabelledSet set) = ("development", development);
        if (TestOf(job, model.Labels) is { } test)
        {
            (name, set) = ("test", test);
            result = model.Measure(Encode(job, set, model, cancel), cancel);
            outcome = outcome with { Test = Score(result) };
        }

        if ((outcome.Test ?? outcome.Development) is { } score && score.Accuracy <= score.Majority)
        {
            job.Note($"The package is of no use: of the {name} set it gets {100 * score.Accuracy:F2} % right, and who says the most frequent label of every text {100 * score.Majority:F2} %. "
                + "More time, more examples, or a larger --max-size where compression lost it, would have to make it better.");
        }

        return new PackageMeasure(
            outcome with { Missed = Missed(job.Settings.Limits, outcome) }, ReportConfusion.Of(name, model.Labels, result.Confusion),
            MistakesOf(name, set, model.Labels, result));
    }

    /// <summary>How fast the model is before compression; null where the package is that model, or there is nothing to measure it by.</summary>
    /// <remarks>Measured now, a moment after the package: an hour ago the machine had other things to do.</remarks>
    public static InferenceSpeed? Whole(JobWork job, string folder, CancellationToken cancel)
        => ChoosePhase.Trained(job) is { } run && ModelSource.Find(run) is var trained && Path.GetFullPath(trained) != Path.GetFullPath(folder)
            ? SpeedOf(job, trained, cancel) : null;

    /// <summary>The test set; null where there is none, or it is gone: it decides nothing, and must not be what a package fails for.</summary>
    /// <param name="job">The job.</param>
    /// <param name="labels">The model's.</param>
    public static LabelledSet? TestOf(JobWork job, IReadOnlyList<string> labels)
        => job.Test == null ? null : Readable(job, "test", () => LabelledSet.Read(job.Test, job.Settings.Columns, new LabelVocabulary(labels)));

    /// <summary>What is read; null, and a note, where it is no longer what it was when the job began.</summary>
    public static T? Readable<T>(JobWork job, string name, Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (TextException e)
        {
            string data = job.Settings.IsTranslator ? "--source FILE --references FILE" : "--data FILE";
            job.Note($"The {name} set could not be read again, so the package was not measured by it; espalier evaluate {Path.GetFileName(job.PackageFolder)} {data} does that: {e.Message}");
            return null;
        }
    }

    private static LabelledSet? Development(JobWork job)
        => Readable(job, "development", () => LabelledSplits.Open(job.Train!, job.Development, job.Settings.Columns).Development);

    private static EncodedExamples Encode(JobWork job, LabelledSet set, TrainedClassifier model, CancellationToken cancel)
        => EncodedExamples.Encode(set, model.Tokenizer, Math.Min(job.Settings.MaximumTokens, model.Configuration.MaximumPositions), cancel);

    private static ReportScore Score(ClassifierResult result) => new(
        result.Confusion.Total, result.Confusion.Accuracy, result.Confusion.MacroF1, result.Confusion.MatthewsCorrelation, result.Loss,
        result.Confusion.Majority);

    private static ReportMistakes MistakesOf(string name, LabelledSet set, IReadOnlyList<string> labels, ClassifierResult result)
    {
        (LabelledExample Example, ClassPrediction Said)[] wrong =
            [.. set.Examples.Zip(result.Predictions).Where(p => p.Second.Gold != p.Second.Predicted)];
        return new ReportMistakes(name, wrong.Length, result.Predictions.Count, [
            .. wrong.OrderByDescending(w => w.Said.Probabilities[w.Said.Predicted]).Take(MistakesShown).Select(w => new ReportMistake(
                w.Example.Second == null ? [w.Example.First] : [w.Example.First, w.Example.Second],
                labels[w.Said.Gold], labels[w.Said.Predicted], w.Said.Probabilities[w.Said.Predicted]))]);
    }

    /// <summary>The limits that a package does not keep to.</summary>
    public static IReadOnlyList<LimitExcess> Missed(DeploymentLimits limits, ReportOutcome outcome)
    {
        List<LimitExcess> missed = [];
        Look(Compression.Analysis.Measure.Bytes, limits.MaxBytes, outcome.Bytes);
        Look(Compression.Analysis.Measure.Latency, limits.MaxLatency?.TotalSeconds, outcome.LatencySeconds);
        Look(Compression.Analysis.Measure.Quality, limits.MaxDrop, outcome.LostByCompression);
        return missed;

        void Look(Compression.Analysis.Measure measure, double? limit, double? value)
        {
            if (limit is { } most && value is { } has && Math.Round(has, 9) > most)
            {
                missed.Add(new LimitExcess(measure, most, has));
            }
        }
    }
}
