using Espalier.Engine.Memory;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>Room for each worker's intermediate results; grows to the largest request and is then used again and again.</summary>
internal unsafe class WorkerScratch(int workers) : IDisposable
{
    // A cache line and more between two workers' entries, so that none slows another.
    private const int Spacing = 16;
    private readonly nint[] _blocks = new nint[workers * Spacing];
    private readonly long[] _floats = new long[workers * Spacing];

    ~WorkerScratch() => Free();

    /// <summary>At least <paramref name="floats"/> floats, 64-byte aligned, content undefined, until the worker's next call
    /// for another number. Tests put it between guard pages.</summary>
    public virtual float* Take(int worker, long floats)
    {
        int at = worker * Spacing;
        if (_floats[at] < floats)
        {
            NativePages.Free((void*)_blocks[at]);
            _blocks[at] = 0;
            _floats[at] = 0;
            _blocks[at] = (nint)NativePages.Allocate(floats * sizeof(float));
            _floats[at] = floats;
        }

        return (float*)_blocks[at];
    }

    public virtual void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        foreach (ref nint block in _blocks.AsSpan())
        {
            NativePages.Free((void*)block);
            block = 0;
        }

        Array.Clear(_floats);
    }
}
