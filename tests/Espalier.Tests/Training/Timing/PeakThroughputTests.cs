using Espalier.Training.Timing;

namespace Espalier.Tests.Training.Timing;

public class PeakThroughputTests
{
    [Fact]
    public void MeasureAgain_MachineIsShared_KeepsTheBestAndRestsBetween()
    {
        var time = new ManualTime();
        var rates = new Queue<double>([5, 9, 7]);
        var peak = new PeakThroughput(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return rates.Dequeue();
            },
            time);
        time.Advance(TimeSpan.FromSeconds(99));
        Assert.Equal(((double?)null, 5.0), (peak.MeasureAgain(), peak.Flops));
        Assert.Equal(2, rates.Count);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(((double?)9, 9.0), (peak.MeasureAgain(), peak.Flops));
        time.Advance(TimeSpan.FromSeconds(101));
        Assert.Equal(((double?)null, 9.0), (peak.MeasureAgain(), peak.Flops));
        Assert.Empty(rates);
    }
}
