using System.Diagnostics;
using Espalier.Text.Labelled;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Measurement;

/// <summary>How fast a classifier is where it runs, on examples of its task rather than made-up ones.</summary>
/// <param name="Latency">Median seconds from token ids to scores of one example by itself.</param>
/// <param name="TokensPerSecond">Median over batches of <see cref="Batch"/> examples.</param>
/// <param name="Examples">Examples that the latency is the median of.</param>
public sealed record ClassifierSpeed(double Latency, double TokensPerSecond, int Examples)
{
    /// <summary>Examples of a batch whose throughput is measured.</summary>
    public const int Batch = 32;

    private const int Singles = 128, Batches = 8, WarmUp = 3;

    /// <summary>Measures a classifier. Takes a few hundred examples, so that no cell of a grid waits for it.</summary>
    /// <param name="model">The classifier.</param>
    /// <param name="examples">Its task; the same of them are taken every time.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static ClassifierSpeed Measure(TrainedClassifier model, EncodedExamples examples, CancellationToken cancel = default)
    {
        int count = examples.Sequences.Count, singles = Math.Min(Singles, count);
        List<double> seconds = [], rates = [];
        for (int i = -WarmUp; i < singles; i++)
        {
            // Spread over the set, which may be in some order.
            (_, double time) = Run(model, examples, [(int)((long)Math.Max(0, i) * count / singles)], cancel);
            if (i >= 0)
            {
                seconds.Add(time);
            }
        }

        for (int b = -1; b < Batches; b++)
        {
            (int tokens, double time) = Run(model, examples, [.. Enumerable.Range(0, Batch).Select(i => ((Math.Max(0, b) * Batch) + i) % count)], cancel);
            if (b >= 0)
            {
                rates.Add(tokens / time);
            }
        }

        return new ClassifierSpeed(Median(seconds), Median(rates), singles);
    }

    private static (int Tokens, double Seconds) Run(TrainedClassifier model, EncodedExamples examples, int[] chosen, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
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

    private static double Median(List<double> values)
    {
        values.Sort();
        int middle = values.Count / 2;
        return values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
