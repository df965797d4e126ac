namespace Espalier.Engine.Threading;

/// <summary>Work on a range of items that do not depend on one another, nor on who does them.</summary>
internal interface IDividedJob
{
    /// <summary>Does items [<paramref name="begin"/>, <paramref name="end"/>) as worker <paramref name="worker"/>, whose
    /// scratch it may use.</summary>
    void Run(int worker, int begin, int end);
}

/// <summary>
/// Lets the workers of a team take items until none is left: on a machine with other work to do, or with unequal cores, a
/// slow worker takes fewer. The result is the same whoever takes them.
/// </summary>
internal unsafe struct DividedJob<TJob> : IParallelJob
    where TJob : struct, IDividedJob
{
    // Few enough that taking them costs nothing, many enough that the last one is a small part of the whole.
    private const int PiecesPerWorker = 8;

    /// <summary>What is to be done.</summary>
    public TJob Job;

    /// <summary>Number of items.</summary>
    public int Items;

    /// <summary>The first item that nobody has taken.</summary>
    public int* Next;

    public readonly void Run(int worker, int workers)
    {
        int piece = Math.Max(1, Items / (workers * PiecesPerWorker));
        for (int begin; (begin = Interlocked.Add(ref *Next, piece) - piece) < Items;)
        {
            Job.Run(worker, begin, Math.Min(begin + piece, Items));
        }
    }
}
