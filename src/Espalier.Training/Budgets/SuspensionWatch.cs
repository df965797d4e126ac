namespace Espalier.Training.Budgets;

/// <summary>
/// Notices that the process as a whole stood still: stopped by a signal, or asleep with its machine. A timer beats four times
/// a second. When more than two seconds go by without a beat, and in that time the process used less than a twentieth of
/// one core, it did not run, and the time is no training. A machine that is merely busy lets the process use its cores some of
/// the time: that is the price of sharing it, and counts.
/// </summary>
internal sealed class SuspensionWatch : IDisposable
{
    private const double IdleShare = 0.05;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250), Least = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Func<TimeSpan> _processorTime;
    private readonly ITimer _timer;
    private TimeSpan _suspended, _processorBefore;
    private long _beat;

    /// <summary>Begins to watch.</summary>
    /// <param name="time">The clock, and what makes the timer.</param>
    /// <param name="processorTime">Processor time of this process so far; the system's when null.</param>
    public SuspensionWatch(TimeProvider time, Func<TimeSpan>? processorTime = null)
    {
        (_time, _processorTime) = (time, processorTime ?? (() => Environment.CpuUsage.TotalTime));
        (_beat, _processorBefore) = (time.GetTimestamp(), _processorTime());
        _timer = time.CreateTimer(_ => Beat(), null, Every, Every);
    }

    /// <summary>Time during which the process stood still since this object was made.</summary>
    public TimeSpan Suspended
    {
        get
        {
            // Whoever asks right after the process goes on may come before the timer.
            Beat();
            lock (_gate)
            {
                return _suspended;
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Beat()
    {
        lock (_gate)
        {
            long now = _time.GetTimestamp();
            TimeSpan gap = _time.GetElapsedTime(_beat, now);
            if (gap < Every / 2)
            {
                return;
            }

            TimeSpan processor = _processorTime();
            if (gap > Least && processor - _processorBefore < gap * IdleShare)
            {
                _suspended += gap - Every;
            }

            (_beat, _processorBefore) = (now, processor);
        }
    }
}
