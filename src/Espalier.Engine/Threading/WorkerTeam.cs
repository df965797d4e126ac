using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Espalier.Engine.Threading;

/// <summary>Work that a team shares: called once for each worker, which takes its own fixed part.</summary>
internal interface IParallelJob
{
    /// <summary>Does the part of worker <paramref name="worker"/> of <paramref name="workers"/>.</summary>
    void Run(int worker, int workers);
}

/// <summary>
/// A fixed team of threads; the caller is worker 0. A job is split by worker number alone, so the same team size gives
/// the same bits. Between jobs the workers spin for a moment (kernels follow one another within microseconds), then park.
/// A worker whose thread has no core when a job begins keeps nobody waiting: whoever is done first stands in for it.
/// </summary>
/// <remarks>
/// Starting a job allocates nothing: the job is a struct on the caller's stack, reached through a pointer, and the
/// caller does not return before every worker is done with it. One caller at a time; a job may not start another.
/// </remarks>
internal sealed unsafe class WorkerTeam : IDisposable
{
    // Longer than the serial gaps of a training step, shorter than anyone would notice on an idle machine.
    private static readonly long SpinTicks = Stopwatch.Frequency / 5_000;

    /// <summary>The most workers that a team can have.</summary>
    public const int Largest = 1024;

    // A cache line for each worker's entry.
    private const int Spacing = 16;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _parked;
    private readonly int[] _isParked;

    // The last job whose part of worker i somebody has begun, at i × Spacing: every part of every job is begun once.
    private readonly int[] _begun;
    private delegate*<void*, int, int, void> _entry;
    private void* _job;
    private volatile int _generation;
    private volatile bool _stopping;
    private volatile int _running;
    private int _busy;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Starts a team.</summary>
    /// <param name="size">Number of workers, the caller included.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not between 1 and <see cref="Largest"/>.</exception>
    public WorkerTeam(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, Largest);
        Size = size;
        _threads = new Thread[size - 1];
        _parked = new SemaphoreSlim[size - 1];
        _isParked = new int[size - 1];
        _begun = new int[size * Spacing];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _parked[i] = new SemaphoreSlim(0);
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"espalier worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Number of workers, the caller included.</summary>
    public int Size { get; }

    /// <summary>Number of the job under way, for its workers; consecutive jobs have different ones.</summary>
    public int Jobs => _generation;

    /// <summary>
    /// The part of <paramref name="count"/> items that falls to a worker: consecutive, sizes differ by at most one
    /// <paramref name="grain"/>.
    /// </summary>
    public static (int Begin, int End) Part(int count, int worker, int workers, int grain = 1)
    {
        long grains = ((long)count + grain - 1) / grain;
        long begin = grains * worker / workers * grain;
        long end = grains * (worker + 1) / workers * grain;
        return ((int)Math.Min(begin, count), (int)Math.Min(end, count));
    }

    /// <summary>Waits for the job under way, if another thread has one, and lets no other begin; then ends the threads.</summary>
    public void Dispose()
    {
        // The team stays busy for good: whoever disposes of it goes on to free what its jobs work with.
        var spinner = default(SpinWait);
        while (!_stopping && Interlocked.Exchange(ref _busy, 1) == 1)
        {
            spinner.SpinOnce();
        }

        if (_stopping)
        {
            return;
        }

        _stopping = true;
        for (int i = 0; i < _threads.Length; i++)
        {
            _parked[i].Release();
            _threads[i].Join();
            _parked[i].Dispose();
        }
    }

    /// <summary>Runs a job on every worker, or on the caller alone, and returns when all are done.</summary>
    /// <exception cref="ObjectDisposedException">The team was disbanded.</exception>
    /// <exception cref="InvalidOperationException">Another thread's job is under way.</exception>
    /// <remarks>The first exception thrown by any worker is thrown again here, after all have finished.</remarks>
    internal void Run<TJob>(ref TJob job, bool alone = false)
        where TJob : struct, IParallelJob
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        if (Interlocked.Exchange(ref _busy, 1) == 1)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            throw new InvalidOperationException("two threads use one device at once; open a device for each");
        }

        try
        {
            if (alone || Size == 1)
            {
                job.Run(0, 1);
            }
            else
            {
                RunOnAll(ref job);
            }
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    /// <summary>
    /// Does the part of <paramref name="worker"/> in the job under way if nobody has begun it; to be called from within the
    /// job, by a worker that is done with its own part.
    /// </summary>
    /// <returns>Whether the part was done here.</returns>
    internal bool TryStandIn(int worker)
    {
        if (!TryBegin(worker, _generation))
        {
            return false;
        }

        Guarded(worker);
        Interlocked.Decrement(ref _running);
        return true;
    }

    private static void Enter<TJob>(void* job, int worker, int workers)
        where TJob : struct, IParallelJob
        => Unsafe.AsRef<TJob>(job).Run(worker, workers);

    private void RunOnAll<TJob>(ref TJob job)
        where TJob : struct, IParallelJob
    {
        // Seen as bytes because a job may hold references, and C# has no pointer to such a struct.
        fixed (byte* pinned = &Unsafe.As<TJob, byte>(ref job))
        {
            _job = pinned;
            _entry = &Enter<TJob>;
            _running = Size;
            Interlocked.Increment(ref _generation);
            WakeParked();
            TryStandIn(0);
            for (int worker = 1; worker < Size; worker++)
            {
                TryStandIn(worker);
            }

            var spinner = default(SpinWait);
            while (_running > 0)
            {
                // Never sleeps: whoever is still at work has been at it for as long as this one, so the wait is short.
                spinner.SpinOnce(sleep1Threshold: -1);
            }
        }

        if (_failure is { } failure)
        {
            _failure = null;
            failure.Throw();
        }
    }

    private void WakeParked()
    {
        for (int i = 0; i < _isParked.Length; i++)
        {
            if (Interlocked.Exchange(ref _isParked[i], 0) == 1)
            {
                _parked[i].Release();
            }
        }
    }

    private void Guarded(int worker)
    {
        try
        {
            _entry(_job, worker, Size);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
        }
    }

    private void Work(int worker)
    {
        int seen = 0;
        while (true)
        {
            AwaitNext(worker - 1, seen);
            if (_stopping)
            {
                return;
            }

            seen = _generation;
            if (TryBegin(worker, seen))
            {
                Guarded(worker);
                Interlocked.Decrement(ref _running);
            }
        }
    }

    // False too for a job that is over: its parts were all begun, by their worker or by another.
    private bool TryBegin(int worker, int job)
    {
        ref int begun = ref _begun[worker * Spacing];
        int last = Volatile.Read(ref begun);
        return job - last > 0 && Interlocked.CompareExchange(ref begun, job, last) == last;
    }

    private void AwaitNext(int index, int seen)
    {
        long start = Stopwatch.GetTimestamp();
        while (_generation == seen && !_stopping)
        {
            Thread.SpinWait(20);
            if (Stopwatch.GetTimestamp() - start < SpinTicks)
            {
                continue;
            }

            // Announce the park first, then look again: the caller publishes the job first, then looks for the parked.
            Interlocked.Exchange(ref _isParked[index], 1);
            if ((_generation == seen && !_stopping) || Interlocked.Exchange(ref _isParked[index], 0) == 0)
            {
                _parked[index].Wait();
                start = Stopwatch.GetTimestamp();
            }
        }
    }
}
