using Espalier.Training.Pretraining;

namespace Espalier.Tests.Training.Pretraining;

public class PaperSettingsTests
{
    [Theory]
    [InlineData(256, 2e-4)]
    [InlineData(2048, 1e-3)]
    [InlineData(4096, 1.25e-3)]
    [InlineData(8192, 1.5e-3)]
    [InlineData(16384, 1.875e-3)]
    [InlineData(1024, 5.848e-4)] // half way in the logarithm would be at √(256 · 2048) = 724
    [InlineData(32, 2e-4)]       // the line would end at 4e-5
    [InlineData(32768, 2.34375e-3)]
    public void LearningRate_IsTable1AndStraightBetweenInLogarithmsAndNeverBelowItsFirstRow(int batch, double expected)
        => Assert.Equal(expected, PaperSettings.LearningRate(batch), expected * 1e-3);
}
