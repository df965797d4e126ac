using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>The fast kernels for one vector width, on a team of threads.</summary>
internal sealed unsafe partial class SimdKernels<TLanes, TTile>(WorkerTeam team, WorkerScratch scratch) : IKernels, IReportsPath, IDisposable
    where TLanes : struct, ILanes<TLanes>
    where TTile : struct, ITile
{
    // Below this many elements a kernel is over before a second worker has begun.
    private const long LeastParallelElements = 8192;

    private readonly WorkerTeam _team = team;
    private readonly WorkerScratch _scratch = scratch;

    public SimdKernels(WorkerTeam team)
        : this(team, new WorkerScratch(team.Size))
    {
    }

    public string? Path { get; private set; }

    public void Dispose()
    {
        _scratch.Dispose();
        _shared.Dispose();
        _activationCodes.Dispose();
    }

    private void Run<TJob>(ref TJob job, long elements)
        where TJob : struct, IParallelJob
        => _team.Run(ref job, alone: elements < LeastParallelElements);

    private void Run<TJob>(TJob job, long elements)
        where TJob : struct, IParallelJob
        => Run(ref job, elements);

    // Items that anyone may do: the workers take them as they come to it.
    private void RunDivided<TJob>(TJob job, int items, long elements)
        where TJob : struct, IDividedJob
    {
        int next = 0;
        Run(new DividedJob<TJob> { Job = job, Items = items, Next = &next }, elements);
    }
}
