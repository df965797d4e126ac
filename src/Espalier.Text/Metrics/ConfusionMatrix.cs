namespace Espalier.Text.Metrics;

/// <summary>
/// Counts of gold classes against predicted classes, and the measures that follow from them. All measures lie in [0, 1],
/// the Matthews correlation in [-1, 1].
/// </summary>
public sealed class ConfusionMatrix
{
    private readonly long[] _counts;

    /// <summary>Creates an empty matrix over classes that are numbered from 0.</summary>
    /// <param name="classes">Number of classes, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no class.</exception>
    public ConfusionMatrix(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        Classes = classes;
        _counts = new long[classes * classes];
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Number of examples counted so far.</summary>
    public long Total { get; private set; }

    /// <summary>Number of examples of class <paramref name="gold"/> that were predicted as <paramref name="predicted"/>.</summary>
    public long this[int gold, int predicted] => _counts[Index(gold, predicted)];

    /// <summary>All counts: a row for each gold class, in it one for each predicted class.</summary>
    public long[][] Rows => [.. Enumerable.Range(0, Classes).Select(gold => (long[])[.. Enumerable.Range(0, Classes).Select(predicted => this[gold, predicted])])];

    /// <summary>Counts one example.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A class is not one of 0 … <see cref="Classes"/> - 1.</exception>
    public void Add(int gold, int predicted)
    {
        _counts[Index(gold, predicted)]++;
        Total++;
    }

    /// <summary>The part of the examples that were predicted right; 0 when there is none.</summary>
    public double Accuracy => Ratio(Enumerable.Range(0, Classes).Sum(c => this[c, c]), Total);

    /// <summary>The part of the examples that are of the most frequent class: the accuracy of who says it of every one.</summary>
    public double Majority => Ratio(Enumerable.Range(0, Classes).Max(Gold), Total);

    /// <summary>Harmonic mean of precision and recall: 2 × right / (gold + predicted); 0 for a class that never occurs.</summary>
    public double F1(int label) => Ratio(2 * this[label, label], Gold(label) + Predicted(label));

    /// <summary>
    /// The plain mean of <see cref="F1"/> over the classes that occur among the gold or the predicted ones, which is what
    /// scikit-learn calls <c>f1_score(average='macro', zero_division=0)</c>; 0 when there is no example.
    /// </summary>
    public double MacroF1 =>
        Enumerable.Range(0, Classes).Where(c => Gold(c) + Predicted(c) > 0).Select(F1).DefaultIfEmpty(0).Average();

    /// <summary>
    /// Matthews' correlation between gold and predicted classes, for any number of classes (the R_K of Gorodkin 2004, with
    /// two classes the familiar φ); 0 where it is undefined because one side holds a single class.
    /// </summary>
    public double MatthewsCorrelation
    {
        get
        {
            double total = Total, right = 0, product = 0, goldSquares = 0, predictedSquares = 0;
            for (int c = 0; c < Classes; c++)
            {
                double gold = Gold(c), predicted = Predicted(c);
                right += this[c, c];
                product += gold * predicted;
                goldSquares += gold * gold;
                predictedSquares += predicted * predicted;
            }
            double spread = Math.Sqrt(total * total - predictedSquares) * Math.Sqrt(total * total - goldSquares);
            return spread > 0 ? (right * total - product) / spread : 0;
        }
    }

    private long Gold(int label) => Enumerable.Range(0, Classes).Sum(predicted => this[label, predicted]);

    private long Predicted(int label) => Enumerable.Range(0, Classes).Sum(gold => this[gold, label]);

    private int Index(int gold, int predicted)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(gold);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(gold, Classes);
        ArgumentOutOfRangeException.ThrowIfNegative(predicted);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(predicted, Classes);
        return gold * Classes + predicted;
    }

    private static double Ratio(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
