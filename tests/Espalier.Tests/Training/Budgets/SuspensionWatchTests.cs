using Espalier.Training.Budgets;

namespace Espalier.Tests.Training.Budgets;

public class SuspensionWatchTests
{
    [Fact]
    public void Suspended_ProcessStopped_IsTheTimeItStoodStill()
    {
        var time = new ManualTime();
        using var watch = new SuspensionWatch(time, () => TimeSpan.Zero);
        time.Advance(TimeSpan.FromSeconds(10));
        time.Suspend(TimeSpan.FromSeconds(100));
        Assert.InRange(watch.Suspended.TotalSeconds, 99.5, 100);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.InRange(watch.Suspended.TotalSeconds, 99.5, 100);
    }

    [Fact]
    public void Suspended_TimerStarvedButProcessWorked_IsNothing()
    {
        var time = new ManualTime();
        TimeSpan processor = TimeSpan.Zero;
        using var watch = new SuspensionWatch(time, () => processor);
        time.Suspend(TimeSpan.FromSeconds(100));
        processor = TimeSpan.FromSeconds(20);
        Assert.Equal(TimeSpan.Zero, watch.Suspended);
    }

    [Fact]
    public void Suspended_ProcessRunsWithoutUsingTheProcessor_IsNothing()
    {
        // It waits for a disk or a device: its timer beats.
        var time = new ManualTime();
        using var watch = new SuspensionWatch(time, () => TimeSpan.Zero);
        time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(TimeSpan.Zero, watch.Suspended);
    }
}
