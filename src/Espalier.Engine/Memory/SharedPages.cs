using System.Runtime.InteropServices;

namespace Espalier.Engine.Memory;

/// <summary>
/// Large pages that blocks too small for one of their own share. A compressed model consists of such blocks, and a product with
/// a single token reads each of their pages once: looking up small ones costs it a fifth of its time.
/// </summary>
/// <remarks>
/// Blocks are laid one behind the other on a run of pages, which is given back with its last block; the room of one that is gone
/// is not used before that. This suits models, whose blocks come and go together.
/// </remarks>
internal static unsafe class SharedPages
{
    /// <summary>Smaller blocks are not worth it.</summary>
    public const long SmallestBlock = 16 << 10;

    // So many that what is left over at the end of a run is little beside it.
    private const nuint Run = 4 * NativePages.LargePage;
    private const nuint Line = 64;

    private static readonly Lock Gate = new();

    // The blocks that are in use on each run, by the run's address.
    private static readonly Dictionary<nuint, int> InUse = [];
    private static nuint _run;
    private static nuint _taken;

    /// <summary>A block of less than a large page at an address that is a multiple of 64; its content is undefined.</summary>
    /// <exception cref="OutOfMemoryException">There is no room.</exception>
    public static void* Take(nuint bytes)
    {
        nuint size = (bytes + Line - 1) / Line * Line;
        lock (Gate)
        {
            if (_run == 0 || _taken + size > Run)
            {
                nuint next = (nuint)NativePages.AllocateLarge(Run, Run);
                (_run, _taken) = (next, 0);
                InUse[_run] = 0;
            }

            void* block = (void*)(_run + _taken);
            _taken += size;
            InUse[_run]++;
            return block;
        }
    }

    /// <summary>Gives back a block that <see cref="Take"/> returned; false for any other.</summary>
    public static bool TryGiveBack(void* block)
    {
        nuint run = (nuint)block & ~(Run - 1);
        lock (Gate)
        {
            if (!InUse.TryGetValue(run, out int blocks))
            {
                return false;
            }

            InUse[run] = blocks - 1;
            if (blocks > 1)
            {
                return true;
            }

            if (run == _run)
            {
                // The one being filled begins anew.
                _taken = 0;
                return true;
            }

            InUse.Remove(run);
        }

        NativeMemory.AlignedFree((void*)run);
        return true;
    }
}
