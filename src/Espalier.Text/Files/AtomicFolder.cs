namespace Espalier.Text.Files;

/// <summary>Writes folders that appear whole or not at all.</summary>
public static class AtomicFolder
{
    /// <summary>
    /// Creates <paramref name="path"/> by way of a temporary neighbour that is renamed when <paramref name="write"/> returns
    /// and removed when it throws. What a process that was killed left of an earlier attempt is removed first.
    /// </summary>
    /// <param name="path">The folder; those above it are created.</param>
    /// <param name="write">Fills the folder whose path it is given.</param>
    /// <exception cref="TextException">Something stands at <paramref name="path"/> already.</exception>
    public static T Write<T>(string path, Func<string, T> write)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Directory.Exists(full) || File.Exists(full))
            throw new TextException("exists already; name another folder, or remove this one", path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        StaleWork.RemoveFoldersOf(full);
        string name = StaleWork.NameFor(full), temporary = name + StaleWork.Extension, held = name + StaleWork.LockExtension;
        using var alive = new FileStream(held, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        try
        {
            Directory.CreateDirectory(temporary);
            T result = write(temporary);
            Directory.Move(temporary, full);
            return result;
        }
        catch
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            throw;
        }
        finally
        {
            alive.Dispose();
            File.Delete(held);
        }
    }
}
