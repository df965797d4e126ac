using Espalier.Text.Metrics;

namespace Espalier.Tests.Text.Metrics;

public class ConfusionMatrixTests
{
    private static ConfusionMatrix Count(int classes, int[] gold, int[] predicted)
    {
        var matrix = new ConfusionMatrix(classes);
        for (int i = 0; i < gold.Length; i++)
            matrix.Add(gold[i], predicted[i]);
        return matrix;
    }

    // Examples of scikit-learn's documentation of f1_score and matthews_corrcoef.
    [Fact]
    public void MacroF1_ScikitLearnExample_EqualsItsValue() =>
        Assert.Equal(0.26666666666666666, Count(3, [0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1]).MacroF1, 1e-12);

    [Fact]
    public void MatthewsCorrelation_ScikitLearnExample_EqualsItsValue() =>
        Assert.Equal(-1.0 / 3, Count(2, [1, 1, 1, 0], [1, 0, 1, 1]).MatthewsCorrelation, 1e-12);

    [Fact]
    public void MatthewsCorrelation_ThreeClasses_IsThePearsonCorrelationOfTheIndicators()
    {
        int[] gold = [0, 1, 2, 0, 1, 2, 2, 1], predicted = [0, 1, 1, 0, 2, 2, 2, 0];
        // R_K by its definition: covariances of the one-hot indicators, summed over the classes.
        double Covariance(int[] x, int[] y) => Enumerable.Range(0, 3).Sum(c =>
            x.Zip(y).Average(p => (p.First == c ? 1 : 0) * (p.Second == c ? 1 : 0)) - x.Average(v => v == c ? 1 : 0) * y.Average(v => v == c ? 1 : 0));
        double expected = Covariance(gold, predicted) / Math.Sqrt(Covariance(gold, gold) * Covariance(predicted, predicted));
        Assert.Equal(expected, Count(3, gold, predicted).MatthewsCorrelation, 1e-12);
    }

    [Fact]
    public void Measures_OneClassOnly_AreDefined()
    {
        ConfusionMatrix matrix = Count(2, [1, 1], [1, 1]);
        Assert.Equal((1.0, 1.0, 0.0), (matrix.Accuracy, matrix.MacroF1, matrix.MatthewsCorrelation));
        Assert.Equal(0, new ConfusionMatrix(2).Accuracy);
    }

    [Fact]
    public void Add_UnknownClass_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => new ConfusionMatrix(2).Add(0, 2));
}
