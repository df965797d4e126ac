using Espalier.Text.Metrics;

namespace Espalier.Tests.Text.Metrics;

public class PerplexityTests
{
    [Fact]
    public void Value_UniformOverEight_IsEightHoweverItIsBatched()
    {
        var perplexity = new Perplexity();
        perplexity.Add(3 * Math.Log(8), 3);
        perplexity.Add(0, 0);
        perplexity.Add(997 * Math.Log(8), 997);
        Assert.Equal(8, perplexity.Value, 1e-12);
    }

    [Fact]
    public void Value_NothingPredicted_IsNotANumber() => Assert.True(double.IsNaN(new Perplexity().Value));
}
