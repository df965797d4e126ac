using Espalier.Engine.Kernels.Simd;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>
/// Scratch whose end is at a guard page and that holds numbers which spoil every result: a kernel may neither go beyond
/// what it asked for nor use what it has not written.
/// </summary>
internal sealed unsafe class GuardedScratch(int workers) : WorkerScratch(workers)
{
    private const int Alignment = 16;
    private readonly GuardedPool[] _pools = [.. Enumerable.Range(0, workers).Select(_ => new GuardedPool(Placement.AtEnd))];
    private readonly long[] _taken = new long[workers];

    /// <summary>Makes the next call of every worker one of unknown content.</summary>
    public void Spoil() => Array.Fill(_taken, -1);

    public override float* Take(int worker, long floats)
    {
        long padded = (floats + Alignment - 1) / Alignment * Alignment;
        float* scratch = (float*)_pools[worker].Place(0, padded * sizeof(float));
        if (_taken[worker] != floats)
        {
            new Span<float>(scratch, (int)padded).Fill(float.NaN);
            _taken[worker] = floats;
        }

        return scratch;
    }

    public override void Dispose()
    {
        base.Dispose();
        foreach (GuardedPool pool in _pools)
        {
            pool.Dispose();
        }
    }
}
