using Espalier.Training.Budgets;

namespace Espalier.Pipeline.Jobs;

/// <summary>Wall-clock time that a job has spent, over stops and resumptions; while the process stood still nothing is spent.</summary>
internal sealed class JobClock : IDisposable
{
    private readonly TrainingClock _clock;
    private readonly TimeSpan _before;

    /// <summary>Goes on.</summary>
    /// <param name="before">What earlier processes spent.</param>
    /// <param name="time">The clock.</param>
    public JobClock(TimeSpan before, TimeProvider time)
    {
        (_before, _clock) = (before, new TrainingClock(time));
        _clock.Enter(TrainingPhase.Training);
    }

    /// <summary>What was spent.</summary>
    public TimeSpan Spent => _before + _clock.Times.Training;

    public void Dispose() => _clock.Dispose();
}
