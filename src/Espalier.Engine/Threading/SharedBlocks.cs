using Espalier.Engine.Memory;

namespace Espalier.Engine.Threading;

/// <summary>
/// Work that each worker of a team does block after block, where the chunks of a block may be done by anyone: whoever has
/// finished his own blocks takes chunks of the others'. A worker begins his next block only when every chunk of the one
/// before is done, so the order of blocks, and with it every sum, is the same whoever helps.
/// </summary>
internal sealed unsafe class SharedBlocks : IDisposable
{
    // A worker's entry: [0] its state, [1] chunks done, [2] where the block's data are. Two cache lines, so that no worker
    // slows another. The state holds, from the top, the job (so that nothing is left to reset between jobs), the block and
    // the next chunk.
    private const int Spacing = 16, JobShift = 52, BlockShift = 26;
    private const long ChunkMask = (1L << BlockShift) - 1, BlockMask = (1L << (JobShift - BlockShift)) - 1;
    private const long Closed = BlockMask;

    private long* _entries;

    public SharedBlocks(int workers)
    {
        long bytes = workers * (long)Spacing * sizeof(long);
        _entries = (long*)NativePages.Allocate(bytes);
        new Span<long>(_entries, workers * Spacing).Fill(State(0, Closed));
    }

    ~SharedBlocks() => Free();

    /// <summary>Opens the chunks of a block of <paramref name="worker"/>'s to all; <paramref name="data"/> must stay as it is
    /// until <see cref="AwaitDone"/> returns.</summary>
    public void Open(int job, int worker, int block, float* data)
    {
        long* entry = _entries + (worker * Spacing);
        entry[1] = 0;
        entry[2] = (nint)data;
        Volatile.Write(ref entry[0], State(job, block));
    }

    /// <summary>Takes the next chunk of <paramref name="worker"/>'s open block, if one is left.</summary>
    public bool TryTake(int job, int worker, int chunks, out int block, out int chunk, out float* data)
    {
        ref long state = ref _entries[worker * Spacing];
        while (true)
        {
            long seen = Volatile.Read(ref state);
            long number = (seen >> BlockShift) & BlockMask;
            (block, chunk) = ((int)number, (int)(seen & ChunkMask));
            data = null;
            if (number == Closed || chunk >= chunks || seen >> JobShift != State(job, 0) >> JobShift)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref state, seen + 1, seen) == seen)
            {
                data = (float*)_entries[(worker * Spacing) + 2];
                return true;
            }
        }
    }

    /// <summary>A chunk that was taken is done.</summary>
    public void Done(int worker) => Interlocked.Increment(ref _entries[(worker * Spacing) + 1]);

    /// <summary>Waits until all chunks of <paramref name="worker"/>'s open block are done.</summary>
    public void AwaitDone(int worker, int chunks)
    {
        var spinner = default(SpinWait);
        while (Volatile.Read(ref _entries[(worker * Spacing) + 1]) < chunks)
        {
            spinner.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary><paramref name="worker"/> has no more blocks in this job.</summary>
    public void Close(int job, int worker) => Volatile.Write(ref _entries[worker * Spacing], State(job, Closed));

    /// <summary>Whether <paramref name="worker"/> has no more blocks in this job.</summary>
    public bool IsClosed(int job, int worker) => Volatile.Read(ref _entries[worker * Spacing]) == State(job, Closed);

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativePages.Free(_entries);
        _entries = null;
    }

    private static long State(int job, long block) => ((long)job << JobShift) | (block << BlockShift);
}
