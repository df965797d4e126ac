using Espalier.Text.Metrics;
using Espalier.Text.Sample;

namespace Espalier.Tests.Text.Sample;

/// <summary>Two classifiers that count words: which words occur in the premise and which in the hypothesis, and nothing else.</summary>
internal static class BagOfWords
{
    private const int Classes = 3;
    private const int Epochs = 8;
    private const double Rate = 0.05;

    public static string[] PremiseAndHypothesis(EntailmentPair pair) => [.. Words("p:", pair.Premise), .. Words("h:", pair.Hypothesis)];

    public static string[] HypothesisOnly(EntailmentPair pair) => Words("h:", pair.Hypothesis);

    /// <summary>Multinomial logistic regression by stochastic gradient descent; accuracy on <paramref name="test"/>.</summary>
    public static double LogisticRegression(IReadOnlyList<EntailmentPair> train, IReadOnlyList<EntailmentPair> test, Func<EntailmentPair, string[]> features, Func<EntailmentPair, int> label)
    {
        var weights = new Dictionary<string, double[]>();
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            foreach (EntailmentPair pair in train)
            {
                string[] present = features(pair);
                double[] scores = Scores(present);
                double largest = scores.Max(), sum = scores.Sum(score => Math.Exp(score - largest));
                for (int c = 0; c < Classes; c++)
                {
                    double error = (c == label(pair) ? 1 : 0) - Math.Exp(scores[c] - largest) / sum;
                    foreach (string feature in present)
                        weights[feature][c] += Rate * error;
                }
            }
        }
        return Accuracy(test, pair => Scores(features(pair)), label);

        double[] Scores(string[] present)
        {
            var scores = new double[Classes];
            foreach (string feature in present)
            {
                if (!weights.TryGetValue(feature, out double[]? own))
                    weights[feature] = own = new double[Classes];
                for (int c = 0; c < Classes; c++)
                    scores[c] += own[c];
            }
            return scores;
        }
    }

    /// <summary>Naive Bayes with add-one smoothing; accuracy on <paramref name="test"/>.</summary>
    public static double NaiveBayes(IReadOnlyList<EntailmentPair> train, IReadOnlyList<EntailmentPair> test, Func<EntailmentPair, string[]> features, Func<EntailmentPair, int> label)
    {
        var counts = new Dictionary<string, double[]>();
        foreach (EntailmentPair pair in train)
        {
            foreach (string feature in features(pair))
            {
                if (!counts.TryGetValue(feature, out double[]? own))
                    counts[feature] = own = [1, 1, 1];
                own[label(pair)]++;
            }
        }
        double[] totals = [.. Enumerable.Range(0, Classes).Select(c => counts.Values.Sum(own => own[c]))];
        return Accuracy(test, pair => [.. Enumerable.Range(0, Classes).Select(c =>
            features(pair).Where(counts.ContainsKey).Sum(feature => Math.Log(counts[feature][c] / totals[c])))], label);
    }

    private static double Accuracy(IReadOnlyList<EntailmentPair> test, Func<EntailmentPair, double[]> scores, Func<EntailmentPair, int> label)
    {
        var matrix = new ConfusionMatrix(Classes);
        foreach (EntailmentPair pair in test)
        {
            double[] all = scores(pair);
            matrix.Add(label(pair), Array.IndexOf(all, all.Max()));
        }
        return matrix.Accuracy;
    }

    private static string[] Words(string side, string sentence) =>
        [.. sentence.TrimEnd('.').ToLowerInvariant().Split(' ').Distinct().Select(word => side + word)];
}
