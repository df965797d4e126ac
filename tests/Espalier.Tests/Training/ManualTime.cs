namespace Espalier.Tests.Training;

/// <summary>A clock that stands still until a test moves it. Its timers fire on the way, unless the process is suspended.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly List<ManualTimer> _timers = [];
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _ticks;

    public override DateTimeOffset GetUtcNow() => new(_ticks, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state), _ticks + dueTime.Ticks, period.Ticks);
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Time goes by while the process runs.</summary>
    public void Advance(TimeSpan time)
    {
        long end = _ticks + time.Ticks;
        while (_timers.Count > 0 && _timers.Min(t => t.Due) is var due && due <= end)
        {
            _ticks = due;
            foreach (ManualTimer timer in _timers.Where(t => t.Due == due).ToArray())
            {
                timer.Fire();
            }
        }

        _ticks = end;
    }

    /// <summary>Time goes by while the process is stopped: no timer fires.</summary>
    public void Suspend(TimeSpan time)
    {
        _ticks += time.Ticks;
        foreach (ManualTimer timer in _timers)
        {
            timer.Due = Math.Max(timer.Due, _ticks + 1);
        }
    }

    private sealed class ManualTimer(ManualTime time, Action callback, long due, long period) : ITimer
    {
        public long Due { get; set; } = due;

        public void Fire()
        {
            Due += period;
            callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod) => false;

        public void Dispose() => time._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
