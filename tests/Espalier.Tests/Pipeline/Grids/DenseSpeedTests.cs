using Espalier.Pipeline.Grids;

namespace Espalier.Tests.Pipeline.Grids;

public class DenseSpeedTests
{
    [Theory]
    [InlineData(0.5, 200, null)]
    [InlineData(0.5, 100, "about as fast in batches")]
    [InlineData(1.3, 100, "slower alone, about as fast in batches")]
    [InlineData(1.3, 75, "slower")]
    [InlineData(0.9, 85, "about as fast")]
    [InlineData(1.3, 200, "slower alone")]
    public void Beside_ACellThatGainsLittleOrNothing_SaysInWhat(double latency, double tokens, string? words)
        => Assert.Equal(words, new DenseSpeed(1, 100, "here").Beside(latency, tokens));
}
