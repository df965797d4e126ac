namespace Espalier.Training.Runs;

/// <summary>
/// A folder that a run is going to be made in, held for this process: that it cannot be written, or belongs to another, is known
/// before anything is measured. Where no run was begun in it, nothing of it remains.
/// </summary>
internal sealed class RunPlace : IDisposable
{
    private readonly string _path;
    private readonly RunStorage _storage;
    private readonly IReadOnlyList<string> _created;
    private FileStream? _lock;

    private RunPlace(string path, RunStorage storage, IReadOnlyList<string> created, FileStream held)
        => (_path, _storage, _created, _lock) = (path, storage, created, held);

    /// <summary>Creates the folder unless it is there, writes to it, and holds it.</summary>
    /// <exception cref="RunException">There is a run already.</exception>
    /// <exception cref="RunLockedException">Another process works on it.</exception>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public static RunPlace Claim(string path, RunStorage storage)
    {
        ThrowIfTaken(path);
        string[] created = [.. Missing(path)];
        storage.CreateFolder(path);
        RunPlace? place = null;
        try
        {
            place = new RunPlace(path, storage, created, RunLock.Take(path));
            ThrowIfTaken(path);
            return place;
        }
        catch
        {
            place?.Dispose();
            if (place == null)
            {
                Remove(created);
            }

            throw;
        }
    }

    /// <summary>Makes the run; the folder is its from now on.</summary>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public RunDirectory Begin(RunManifest manifest)
    {
        RunDirectory run = RunDirectory.Begin(_path, _lock!, manifest, _storage);
        _lock = null;
        return run;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_lock != null)
        {
            RunLock.Drop(_path, _lock);
            Remove(_created);
            _lock = null;
        }
    }

    private static void ThrowIfTaken(string path)
    {
        if (RunDirectory.IsAt(path))
        {
            throw new RunException(path, "there is a run here already; resume it, or name another folder");
        }
    }

    /// <summary>The folder and those above it that are not there, the innermost first.</summary>
    private static IEnumerable<string> Missing(string path)
    {
        for (string? folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)); folder != null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder))
        {
            yield return folder;
        }
    }

    // Only while they are empty: somebody else may have begun to use them.
    private static void Remove(IReadOnlyList<string> folders)
    {
        try
        {
            foreach (string folder in folders)
            {
                Directory.Delete(folder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
