using Espalier.Training.Finetuning;

namespace Espalier.Tests.Training.Finetuning;

public class GridTimeTests
{
    [Theory]
    [InlineData(100, 0, 4, 5, true, 25.0)]   // equal shares
    [InlineData(100, 90, 2, 5, false, 5.0)]  // of what is left
    [InlineData(100, 0, 81, 30, true, 33.3)] // shorter than an epoch: three trials instead
    [InlineData(100, 0, 81, 300, true, 100.0)] // not even one epoch: one trial all the same
    [InlineData(100, 90, 80, 30, false, null)] // what remains teaches nothing
    [InlineData(100, 100, 2, 5, false, null)]
    public void Share_OfATime_IsEqualAndNoShorterThanAnEpoch(
        int whole, int spent, int left, int epoch, bool first, double? expected)
    {
        double? share = GridTime.Share(Seconds(whole), Seconds(spent), left, Seconds(epoch), first)?.TotalSeconds;
        Assert.Equal(expected, share is { } s ? Math.Round(s, 1) : null);
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);
}
