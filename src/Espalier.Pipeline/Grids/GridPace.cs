namespace Espalier.Pipeline.Grids;

/// <summary>How a grid goes about it where there is no time for all of it: only some cells, and levels within a share of the time.</summary>
/// <param name="left">Time that is left now.</param>
/// <param name="wants">Whether a cell of a sparsity and a number of bits is worth making.</param>
/// <param name="suffices">Whether there is a model that will do, given the cells of this grid that have ended; before there is one, the
/// grid goes on without time, and without finetuning.</param>
public sealed class GridPace(Func<TimeSpan> left, Func<double, int, bool> wants, Func<IEnumerable<CellResult>, bool> suffices)
{
    // Of a level's share, the rest goes to packing and measuring its cells.
    private const double FinetuningShare = 0.8;

    /// <summary>Whether the time is up: then only what may suffice is made, the shortest way.</summary>
    public bool IsTimeUp => left() <= TimeSpan.Zero;

    /// <summary>Whether to make another cell or level.</summary>
    /// <param name="cells">Those that have ended.</param>
    public bool GoesOn(IEnumerable<CellResult> cells) => !IsTimeUp || !suffices(cells);

    /// <summary>Whether a cell is worth making.</summary>
    public bool Wants(double sparsity, int bits) => wants(sparsity, bits);

    /// <summary>The longest that the finetuning of a level may take, so that those after it have as long.</summary>
    /// <param name="levels">Levels to come, this one included.</param>
    /// <param name="evaluating">What evaluations among the steps take, as a part of these.</param>
    /// <param name="beside">What measuring the level and its cells takes.</param>
    public TimeSpan Share(int levels, double evaluating, TimeSpan beside)
        => ((left() / levels * FinetuningShare) - beside) / (1 + evaluating) is var share && share > TimeSpan.Zero ? share : TimeSpan.Zero;
}
