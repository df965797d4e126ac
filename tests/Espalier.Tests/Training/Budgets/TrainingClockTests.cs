using Espalier.Training.Budgets;

namespace Espalier.Tests.Training.Budgets;

public class TrainingClockTests
{
    [Fact]
    public void Times_PhasesAndARestart_CountEachApartAndNoDowntime()
    {
        var time = new ManualTime();
        using var clock = new TrainingClock(time);
        Spend(TrainingPhase.Training, 5);
        Spend(TrainingPhase.Evaluation, 3);
        Spend(TrainingPhase.Training, 2);
        Spend(TrainingPhase.Saving, 1);
        Spend(TrainingPhase.Idle, 100);
        Assert.Equal(new PhaseTimes(TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1)), clock.Times);

        using var next = new TrainingClock(time);
        time.Advance(TimeSpan.FromHours(1));
        next.Restore(clock.Times);
        next.Enter(TrainingPhase.Training);
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(TimeSpan.FromSeconds(11), next.Times.Training);

        void Spend(TrainingPhase phase, int seconds)
        {
            clock.Enter(phase);
            time.Advance(TimeSpan.FromSeconds(seconds));
        }
    }
}
