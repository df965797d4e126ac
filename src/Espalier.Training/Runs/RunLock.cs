namespace Espalier.Training.Runs;

/// <summary>
/// The lock of a run's folder: a file that the operating system holds for this process, so that nothing remains of it when the
/// process is killed.
/// </summary>
public static class RunLock
{
    /// <summary>Name of the file.</summary>
    public const string Name = ".lock";

    private const int Attempts = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Holds a folder, and writes to it: that it is read-only, or its disk full, is noticed here.</summary>
    /// <param name="path">The folder.</param>
    /// <returns>What holds it, until it is disposed.</returns>
    /// <exception cref="RunLockedException">Another process holds it.</exception>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public static FileStream Take(string path)
    {
        string file = Path.Join(path, Name);
        for (int attempt = 1; ; attempt++)
        {
            FileStream? held = null;
            try
            {
                held = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                held.SetLength(0);
                held.WriteByte((byte)'\n');
                held.Flush(flushToDisk: true);
                return held;
            }
            catch (IOException e) when (held == null && IsSharingViolation(e))
            {
                if (attempt == Attempts)
                {
                    throw new RunLockedException(path, e);
                }

                // Who only asks whether the run is held holds it for an instant.
                Thread.Sleep(Pause);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                held?.Dispose();
                throw new RunStorageException(path, e);
            }
        }
    }

    /// <summary>Lets go of a folder in which no run was begun, and removes the lock.</summary>
    internal static void Drop(string path, FileStream held)
    {
        string file = Path.Join(path, Name);
        if (!OperatingSystem.IsWindows())
        {
            // While it is held: else it might be another's by now. Windows deletes no open file.
            File.Delete(file);
        }

        held.Dispose();
        try
        {
            File.Delete(file);
        }
        catch (IOException)
        {
            // Another process holds it by now, and it is its.
        }
    }

    /// <summary>Whether a process holds the folder just now.</summary>
    internal static bool IsHeld(string path)
    {
        string file = Path.Join(path, Name);
        try
        {
            using FileStream? free = File.Exists(file) ? new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read) : null;
            return false;
        }
        catch (IOException e)
        {
            return IsSharingViolation(e);
        }
        catch (UnauthorizedAccessException)
        {
            // Whoever may not even read it is told of a run by its files alone.
            return false;
        }
    }

    // ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION; elsewhere EWOULDBLOCK of flock.
    private static bool IsSharingViolation(IOException e)
        => OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 32 or 33 : e.HResult == (OperatingSystem.IsMacOS() ? 35 : 11);
}
