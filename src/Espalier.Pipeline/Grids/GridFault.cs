using Espalier.Compression;
using Espalier.Text;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Grids;

/// <summary>What goes wrong with one cell or level, which must not end the others; only what would end them all does.</summary>
internal static class GridFault
{
    /// <summary>Does something that may go wrong.</summary>
    /// <returns>What went wrong, in words; null where nothing did.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="RunStorageException">The disk is full or failed.</exception>
    public static string? Of(Action work)
    {
        try
        {
            work();
            return null;
        }
        catch (Exception e) when (e is not (OperationCanceledException or RunStorageException))
        {
            return e is CompressionException or RunException or TextException or ArgumentException ? e.Message : $"{e.GetType().Name}: {e.Message}";
        }
    }
}
