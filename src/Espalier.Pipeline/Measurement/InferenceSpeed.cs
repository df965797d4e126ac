using System.Diagnostics;
using Espalier.Pipeline.Tasks;
using Espalier.Text.Labelled;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Measurement;

/// <summary>How fast a model is where it runs, on examples of its task rather than made-up ones.</summary>
/// <param name="Latency">Median seconds of one example by itself: from token ids to scores, or to a translation.</param>
/// <param name="TokensPerSecond">Median over batches of <see cref="Batch"/> examples: of tokens that are read by a classifier, or
/// written by a model that translates.</param>
/// <param name="Examples">Examples that the latency is the median of.</param>
public sealed record InferenceSpeed(double Latency, double TokensPerSecond, int Examples)
{
    /// <summary>Examples of a batch whose throughput is measured.</summary>
    public const int Batch = 32;

    /// <summary>Examples in batches that take as long as measuring a classifier does, where one by itself takes twice its part of a batch.</summary>
    public const int ClassifierExamples = (2 * (WarmUp + ClassifierSingles)) + ((1 + ClassifierBatches) * Batch);

    /// <summary>The same of a model that translates, where one sentence by itself takes some four times its part of a batch.</summary>
    public const int TranslatorSentences = (4 * (WarmUp + TranslatorSingles)) + ((1 + TranslatorBatches) * Batch);

    private const int WarmUp = 3, ClassifierSingles = 128, ClassifierBatches = 8, TranslatorSingles = 32, TranslatorBatches = 4;

    /// <summary>Measures a classifier. Takes a few hundred examples, so that no cell of a grid waits for it.</summary>
    /// <param name="model">The classifier.</param>
    /// <param name="examples">Its task; the same of them are taken every time.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static InferenceSpeed Measure(TrainedClassifier model, EncodedExamples examples, CancellationToken cancel = default)
        => Measure(examples.Sequences.Count, ClassifierSingles, ClassifierBatches, chosen => Score(model, examples, chosen), cancel);

    /// <summary>Measures a model that translates with the beam that it is used with. Takes fewer sentences: each is as many steps as its translation has tokens.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sentences">Sentences of what it is measured on; the same of them are taken every time.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static InferenceSpeed Measure(TrainedTranslator model, int sentences, CancellationToken cancel = default)
        => Measure(sentences, TranslatorSingles, TranslatorBatches, chosen => TimedTranslation(model, chosen), cancel);

    private static InferenceSpeed Measure(
        int count, int singles, int batches, Func<int[], (int Tokens, double Seconds)> run, CancellationToken cancel)
    {
        singles = Math.Min(singles, count);
        List<double> seconds = [], rates = [];
        for (int i = -WarmUp; i < singles; i++)
        {
            cancel.ThrowIfCancellationRequested();

            // Spread over the set, which may be in some order.
            (_, double time) = run([(int)((long)Math.Max(0, i) * count / singles)]);
            if (i >= 0)
            {
                seconds.Add(time);
            }
        }

        for (int b = -1; b < batches; b++)
        {
            cancel.ThrowIfCancellationRequested();
            (int tokens, double time) = run([.. Enumerable.Range(0, Batch).Select(i => ((Math.Max(0, b) * Batch) + i) % count)]);
            if (b >= 0)
            {
                rates.Add(tokens / time);
            }
        }

        return new InferenceSpeed(Median(seconds), Median(rates), singles);
    }

    private static (int Tokens, double Seconds) Score(TrainedClassifier model, EncodedExamples examples, int[] chosen)
    {
        List<int> ids = [], offsets = [0];
        foreach (int example in chosen)
        {
            ids.AddRange(examples.Sequences[example]);
            offsets.Add(ids.Count);
        }

        int[] tokens = [.. ids], places = [.. offsets];
        long start = Stopwatch.GetTimestamp();
        model.Score(tokens, places);
        return (tokens.Length, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static (int Tokens, double Seconds) TimedTranslation(TrainedTranslator model, int[] chosen)
    {
        long start = Stopwatch.GetTimestamp();
        int tokens = model.Translate(TranslationTask.BeamInUse, chosen);
        return (tokens, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        int middle = values.Count / 2;
        return values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
