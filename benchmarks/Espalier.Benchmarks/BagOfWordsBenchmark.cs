using System.CommandLine;
using Espalier.Text.Labelled;

namespace Espalier.Benchmarks;

/// <summary>
/// The figure that a classifier of texts must beat to have learnt more than which words occur: multinomial logistic
/// regression on the presence of lower-cased words, those of the first text told from those of the second. Stochastic
/// gradient descent on one example at a time; the best of its epochs on the development set is reported, which favours it.
/// </summary>
internal static class BagOfWordsBenchmark
{
    private const int Epochs = 10;

    public static Command Create()
    {
        var train = new Option<string>("--train") { Description = "Training set", Required = true };
        var dev = new Option<string>("--dev") { Description = "Development set", Required = true };
        Option<bool> json = BenchmarkOptions.Json();
        var command = new Command("bag-of-words", "Accuracy of logistic regression on words, the figure to beat") { train, dev, json };
        command.SetAction(parsed =>
        {
            var report = new BenchmarkReport(parsed.GetValue(json));
            LabelledSet learnt = LabelledSet.Read(parsed.GetValue(train)!, new LabelledSetOptions());
            LabelledSet tested = LabelledSet.Read(parsed.GetValue(dev)!, new LabelledSetOptions(), learnt.Labels);
            double best = Accuracies(learnt, tested).Max();
            double majority = (double)tested.Counts.Max() / tested.Examples.Count;
            report.Add(new BenchmarkRow(
                "bag of words", $"{learnt.Examples.Count} → {tested.Examples.Count}", 1, "% right", 100 * best, "largest class", 100 * majority, best / majority));
            report.Finish();
        });
        return command;
    }

    /// <summary>Accuracy on <paramref name="tested"/> after each epoch.</summary>
    private static IEnumerable<double> Accuracies(LabelledSet learnt, LabelledSet tested)
    {
        var numbers = new Dictionary<string, int>();
        int[][] train = [.. learnt.Examples.Select(e => Features(e, numbers, grow: true))];
        int[][] test = [.. tested.Examples.Select(e => Features(e, numbers, grow: false))];
        int classes = learnt.Labels.Count;
        double[,] weights = new double[numbers.Count, classes];
        var random = new System.Random(1);
        int[] order = [.. Enumerable.Range(0, train.Length)];
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            random.Shuffle(order);
            double rate = 0.1 / (1 + epoch);
            foreach (int i in order)
            {
                double[] scores = Scores(weights, train[i], classes);
                double largest = scores.Max(), sum = scores.Sum(s => Math.Exp(s - largest));
                for (int c = 0; c < classes; c++)
                {
                    double error = (c == learnt.Examples[i].Label ? 1 : 0) - (Math.Exp(scores[c] - largest) / sum);
                    foreach (int feature in train[i])
                    {
                        weights[feature, c] += rate * error;
                    }
                }
            }

            yield return test.Select((features, i) => (Scores: Scores(weights, features, classes), tested.Examples[i].Label))
                .Average(t => Array.IndexOf(t.Scores, t.Scores.Max()) == t.Label ? 1.0 : 0.0);
        }
    }

    private static double[] Scores(double[,] weights, int[] features, int classes)
        => [.. Enumerable.Range(0, classes).Select(c => features.Sum(f => weights[f, c]))];

    private static int[] Features(LabelledExample example, Dictionary<string, int> numbers, bool grow)
        => [.. Words("1 ", example.First).Concat(Words("2 ", example.Second ?? "")).Append("always").Distinct()
            .Select(w => numbers.TryGetValue(w, out int n) ? n : grow ? numbers[w] = numbers.Count : -1).Where(n => n >= 0)];

    private static IEnumerable<string> Words(string side, string text)
        => text.ToLowerInvariant().Split([' ', '\t', '.', ',', ';', ':', '!', '?', '"', '(', ')'], StringSplitOptions.RemoveEmptyEntries).Select(w => side + w);
}
