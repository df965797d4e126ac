using System.Runtime.InteropServices;

namespace Espalier.Training.Runs;

/// <summary>
/// Flushes a folder to the disk. A renamed file is in its place for every process at once, but after a loss of power only if the
/// folder, whose entry it is, was flushed too (fsync(2)). .NET opens no folder as a file, so the C library is called.
/// </summary>
internal static partial class FolderSync
{
    private const int ReadOnly = 0, InputOutput = 5, NoSpace = 28;

    /// <summary>Flushes a folder, where the operating system knows of such a thing: Windows does not.</summary>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int file = Open(folder, ReadOnly);
        if (file < 0)
        {
            // One that may be written but not read: its content is flushed all the same, its entries when the system comes to it.
            return;
        }

        int fault = Synchronize(file) == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = Close(file);

        // Some network file systems flush no folders; then there is nothing to be had.
        if (fault is InputOutput or NoSpace)
        {
            throw new IOException($"{Marshal.GetPInvokeErrorMessage(fault)} : '{folder}'", fault);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
