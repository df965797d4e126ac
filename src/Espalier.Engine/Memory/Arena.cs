using Espalier.Engine.Devices;

namespace Espalier.Engine.Memory;

/// <summary>
/// Memory for everything that lives no longer than a step. Blocks are taken one by one, may be given back one by one
/// (the backward pass gives back each activation after its last use), and are all forgotten at <see cref="Reset"/>.
/// The first steps make the arena grow; after that a step takes nothing from the device and nothing from the managed heap.
/// </summary>
/// <remarks>
/// Free blocks stand in a list ordered by address; a request takes the best fit and neighbours are joined again.
/// The list is short (tens of blocks), so a scan is cheaper than any index. Not thread-safe: one step, one thread.
/// </remarks>
public sealed class Arena(Device device) : IDisposable
{
    private const long Alignment = 64;
    private readonly List<DeviceMemory> _chunks = [];
    private readonly List<Block> _free = [];
    private long _inUse;
    private long _peak;

    /// <summary>Bytes held from the device.</summary>
    public long Capacity { get; private set; }

    /// <summary>The most bytes that were in use at one time since the arena was made.</summary>
    public long PeakBytes => _peak;

    /// <summary>Takes room for <paramref name="count"/> elements; the content is whatever lay there before.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than zero elements, or more bytes than can be counted.</exception>
    /// <exception cref="OutOfMemoryException">The device has no room left.</exception>
    public unsafe DeviceSpan<T> Allocate<T>(long count)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, (long.MaxValue - Alignment) / sizeof(T));
        long bytes = Rounded(count * sizeof(T));
        int best = -1;
        for (int i = 0; i < _free.Count; i++)
        {
            if (_free[i].Bytes >= bytes && (best < 0 || _free[i].Bytes < _free[best].Bytes))
            {
                best = i;
            }
        }

        if (best < 0)
        {
            best = AddChunk(bytes);
        }

        Block block = _free[best];
        if (block.Bytes == bytes)
        {
            _free.RemoveAt(best);
        }
        else
        {
            _free[best] = new Block(block.Address + (nint)bytes, block.Bytes - bytes);
        }

        _inUse += bytes;
        _peak = Math.Max(_peak, _inUse);
        return new DeviceSpan<T>(block.Address, count);
    }

    /// <summary>Gives back a block exactly as <see cref="Allocate"/> returned it; it may be handed out again at once.</summary>
    public unsafe void Free<T>(DeviceSpan<T> span)
        where T : unmanaged
    {
        long bytes = Rounded(span.Length * sizeof(T));
        _inUse -= bytes;
        Insert(new Block(span.Address, bytes));
    }

    /// <summary>Forgets every block. If the arena had to grow, its pieces become one.</summary>
    public void Reset()
    {
        _inUse = 0;
        if (_chunks.Count > 1)
        {
            long total = Capacity;
            Release();
            AddChunk(total);
            return;
        }

        _free.Clear();
        if (_chunks.Count == 1)
        {
            _free.Add(new Block(_chunks[0].Span<byte>().Address, _chunks[0].Bytes));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Release();

    // Every block has a length, so that no two blocks share an address.
    private static long Rounded(long bytes) => Math.Max(Alignment, (bytes + Alignment - 1) / Alignment * Alignment);

    private int AddChunk(long bytes)
    {
        // Growing by a quarter keeps the number of pieces small while the first step runs.
        long size = Rounded(Math.Max(bytes, Math.Max(1 << 20, Capacity / 4)));
        var chunk = new DeviceMemory(device, size);
        _chunks.Add(chunk);
        Capacity += size;
        return Insert(new Block(chunk.Span<byte>().Address, size));
    }

    private int Insert(Block block)
    {
        int at = 0;
        while (at < _free.Count && _free[at].Address < block.Address)
        {
            at++;
        }

        // Two chunks that happen to touch may be joined too: the whole stays mapped until both are released.
        if (at < _free.Count && block.End == _free[at].Address)
        {
            block = new Block(block.Address, block.Bytes + _free[at].Bytes);
            _free.RemoveAt(at);
        }

        if (at > 0 && _free[at - 1].End == block.Address)
        {
            _free[at - 1] = new Block(_free[at - 1].Address, _free[at - 1].Bytes + block.Bytes);
            return at - 1;
        }

        _free.Insert(at, block);
        return at;
    }

    private void Release()
    {
        foreach (DeviceMemory chunk in _chunks)
        {
            chunk.Dispose();
        }

        _chunks.Clear();
        _free.Clear();
        Capacity = 0;
    }

    private readonly record struct Block(nint Address, long Bytes)
    {
        public nint End => Address + (nint)Bytes;
    }
}
