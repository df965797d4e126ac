using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Espalier.Text.Batching;

/// <summary>
/// A stream of batches that a background thread keeps a few batches ahead. A fault on that thread is thrown by the
/// <see cref="Next"/> that would have given the batch. Batches are reused, so a steady stream allocates nothing.
/// </summary>
/// <typeparam name="TBatch">The kind of batch.</typeparam>
public sealed class BatchStream<TBatch> : IBatchSource<TBatch> where TBatch : class
{
    private readonly IBatchBuilder<TBatch> _builder;
    private readonly int _ahead;
    private Prefetch? _prefetch;
    private bool _disposed;

    /// <summary>Opens a stream.</summary>
    /// <param name="builder">Makes the batches.</param>
    /// <param name="start">Where to begin.</param>
    /// <param name="ahead">Batches to keep ready, at least 1.</param>
    public BatchStream(IBatchBuilder<TBatch> builder, BatchPosition start, int ahead = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ahead, 1);
        _builder = builder;
        _ahead = ahead;
        Position = start;
    }

    /// <inheritdoc/>
    public BatchPosition Position { get; private set; }

    /// <inheritdoc/>
    public TBatch Next()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _prefetch ??= new Prefetch(_builder, Position, _ahead);
        (TBatch batch, Position) = _prefetch.Take();
        return batch;
    }

    /// <inheritdoc/>
    public void Seek(BatchPosition position)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _prefetch?.Dispose();
        _prefetch = null;
        Position = position;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _prefetch?.Dispose();
        _prefetch = null;
    }

    // One uninterrupted run of the background thread.
    private sealed class Prefetch : IDisposable
    {
        private readonly BlockingCollection<Slot> _free = [], _ready = [];
        private readonly CancellationTokenSource _stop = new();
        private readonly Thread _thread;
        private Slot? _taken;

        public Prefetch(IBatchBuilder<TBatch> builder, BatchPosition start, int ahead)
        {
            // One more than are kept ready, because the consumer holds one.
            for (int i = 0; i <= ahead; i++)
                _free.Add(new Slot(builder.NewBatch()));
            _thread = new Thread(() => Run(builder, start)) { IsBackground = true, Name = "batch prefetch" };
            _thread.Start();
        }

        public (TBatch Batch, BatchPosition After) Take()
        {
            if (_taken?.Fault is null)
            {
                if (_taken is not null)
                    _free.Add(_taken);
                _taken = _ready.Take();
            }
            _taken.Fault?.Throw();
            return (_taken.Batch, _taken.After);
        }

        public void Dispose()
        {
            _stop.Cancel();
            _thread.Join();
            _free.Dispose();
            _ready.Dispose();
            _stop.Dispose();
        }

        private void Run(IBatchBuilder<TBatch> builder, BatchPosition position)
        {
            try
            {
                Slot slot;
                do
                {
                    slot = _free.Take(_stop.Token);
                    try
                    {
                        position = slot.After = builder.Build(position, slot.Batch);
                    }
                    catch (Exception fault)
                    {
                        slot.Fault = ExceptionDispatchInfo.Capture(fault);
                    }
                    _ready.Add(slot);
                }
                while (slot.Fault is null);
            }
            catch (OperationCanceledException)
            {
                // The consumer went away.
            }
        }
    }

    private sealed class Slot(TBatch batch)
    {
        public TBatch Batch { get; } = batch;

        public BatchPosition After { get; set; }

        public ExceptionDispatchInfo? Fault { get; set; }
    }
}
