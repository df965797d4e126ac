using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Pipeline.Reports;

namespace Espalier.Tests.Pipeline.Reports;

public class LimitWordsTests
{
    // Who does what it says must have done enough, and must see what differs.
    [Theory]
    [InlineData(Measure.Bytes, 73_000, 73_279, "the package takes 73,279 bytes, 73,000 are allowed: raise --max-size by 279 bytes")]
    [InlineData(Measure.Latency, 0.005, 0.0051, "an example takes 5.10 ms, 5.00 ms are allowed: raise --max-latency by 0.10 ms")]
    [InlineData(Measure.Latency, 0.00001, 0.0000784, "an example takes 0.08 ms, 0.01 ms are allowed: raise --max-latency by 0.07 ms")]
    [InlineData(Measure.Latency, 0.005, 0.0050001, "an example takes 5.0001 ms, 5.0000 ms are allowed: raise --max-latency by 0.0001 ms")]
    [InlineData(Measure.Quality, 0.01, 0.01231, "compression loses 1.23 points of accuracy, 1.00 are allowed: raise --max-drop by 0.24")]
    public void Of_Excess_SaysEnough(Measure measure, double limit, double value, string words)
        => Assert.Equal(words, LimitWords.Of(new LimitExcess(measure, limit, value), QualityMetric.Accuracy));
}
