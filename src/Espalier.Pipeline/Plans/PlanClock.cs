using Espalier.Training.Budgets;

namespace Espalier.Pipeline.Plans;

/// <summary>The time that a plan takes, over restarts, without that during which the process stood still.</summary>
internal sealed class PlanClock : IDisposable
{
    private readonly TrainingClock _clock = new(TimeProvider.System);
    private readonly double _before;

    public PlanClock(double before)
    {
        _before = before;
        _clock.Enter(TrainingPhase.Training);
    }

    public double Seconds => _before + _clock.Times.Training.TotalSeconds;

    public void Dispose() => _clock.Dispose();
}
