using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// Asks for the lines of a block of memory a few at a time, while something else is being computed: the block's rows are
/// too short for the processor to foresee them.
/// </summary>
/// <param name="start">First element of the block.</param>
/// <param name="ld">Elements from row to row.</param>
/// <param name="rows">Rows of the block.</param>
/// <param name="columns">Elements of a row.</param>
/// <param name="turns">Calls of <see cref="Advance"/> over which the block is spread.</param>
internal unsafe struct BlockPrefetch(float* start, nint ld, int rows, int columns, int turns)
{
    private const int FloatsOfLine = 16;
    private readonly int _linesPerTurn = ((rows * ((columns / FloatsOfLine) + 1)) + turns - 1) / turns;
    private float* _row = start;
    private int _rowsLeft = rows;
    private int _column;

    /// <summary>Asks for the next lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance()
    {
        for (int i = 0; i < _linesPerTurn && _rowsLeft > 0; i++)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch1(_row + _column);
            }

            _column += FloatsOfLine;
            if (_column >= columns + FloatsOfLine - 1)
            {
                _column = 0;
                _row += ld;
                _rowsLeft--;
            }
        }
    }
}
