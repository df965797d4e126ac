using Espalier.Compression.Analysis;
using Espalier.Pipeline.Grids;

namespace Espalier.Tests.Pipeline.Grids;

public class DenseSpeedTests
{
    [Theory]
    [InlineData(0.5, 200, null)]
    [InlineData(0.5, 100, "no faster in batches")]
    [InlineData(1.2, 100, "slower alone, no faster in batches")]
    [InlineData(1.2, 80, "slower")]
    [InlineData(0.97, 103, "no faster")]
    [InlineData(1.2, 200, "slower alone")]
    public void Beside_ACellThatGainsLittleOrNothing_SaysInWhat(double latency, double tokens, string? words)
        => Assert.Equal(words, new DenseSpeed(1, 100, "here").Beside(new ModelMeasures(0.9, 1, 1, 1, latency, tokens)));
}
