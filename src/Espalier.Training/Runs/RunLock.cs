namespace Espalier.Training.Runs;

/// <summary>
/// The lock of a run's folder: a file that the operating system holds for this process, so that nothing remains of it when the
/// process is killed.
/// </summary>
public static class RunLock
{
    /// <summary>Name of the file.</summary>
    public const string Name = ".lock";

    private const int Attempts = 5, MostBytes = 1 << 16;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Holds a folder, and writes to it: that it is read-only, or its disk full, is noticed here.</summary>
    /// <param name="path">The folder.</param>
    /// <returns>What holds it, until it is disposed.</returns>
    /// <exception cref="RunLockedException">Another process holds it.</exception>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public static FileStream Take(string path)
        => Take(path, file => new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));

    /// <param name="path">The folder.</param>
    /// <param name="open">Opens the file and locks it.</param>
    internal static FileStream Take(string path, Func<string, FileStream> open)
    {
        string file = Path.Join(path, Name);
        for (int attempt = 1; ; attempt++)
        {
            FileStream? held = null;
            try
            {
                held = open(file);
                held.SetLength(0);
                held.Write(new byte[Random.Shared.Next(1, MostBytes)]);
                held.Flush(flushToDisk: true);
                if (new FileInfo(file) is { Exists: true } named && named.Length == held.Length)
                {
                    return held;
                }

                // Who held it removed it between its opening and its locking, and another may have made a new one: by its length it is
                // told apart, for a file that is locked cannot be read, be it by this process.
                held.Dispose();
                if (attempt == Attempts)
                {
                    throw new RunLockedException(path, new IOException($"{file} was replaced again and again"));
                }
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
            // While it is held, and never after: then it might be another's.
            File.Delete(file);
            held.Dispose();
            return;
        }

        held.Dispose();
        try
        {
            // Windows deletes no open file: where another process holds it by now, it is its.
            File.Delete(file);
        }
        catch (IOException)
        {
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
