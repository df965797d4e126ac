namespace Espalier.Training.Runs;

/// <summary>
/// A folder that a run is going to be made in, held for this process: that it cannot be written, or belongs to another, is known
/// before anything is measured. Where no run was begun in it, nothing of it remains.
/// </summary>
internal sealed class RunPlace : IDisposable
{
    // So many files are named of a folder that is not empty.
    private const int Named = 3;

    private readonly string _path;
    private readonly RunStorage _storage;
    private readonly IReadOnlyList<string> _created;
    private FileStream? _lock;

    private RunPlace(string path, RunStorage storage, IReadOnlyList<string> created, FileStream held)
        => (_path, _storage, _created, _lock) = (path, storage, created, held);

    /// <summary>Creates the folder unless it is there, writes to it, and holds it.</summary>
    /// <exception cref="RunException">There is a run already, or anything else.</exception>
    /// <exception cref="RunLockedException">Another process works on it.</exception>
    /// <exception cref="RunStorageException">The folder cannot be read or written.</exception>
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

        string[] others = [.. Others(path).Order(StringComparer.Ordinal)];
        if (others.Length > 0)
        {
            string more = others.Length > Named ? $" and {others.Length - Named} more" : "";
            throw new RunException(path, $"the folder is not empty: it holds {string.Join(", ", others.Take(Named))}{more}; name a new folder, or an empty one");
        }
    }

    /// <summary>What lies in a folder beside what a process leaves that was killed while it made a run: nobody else's files are taken
    /// for the run's, nor the checkpoints of a run whose <c>run.json</c> is gone.</summary>
    private static IEnumerable<string> Others(string path)
    {
        try
        {
            return !Directory.Exists(path) ? [] : [.. Directory.EnumerateFileSystemEntries(path).Where(e => !IsOfABeginning(e)).Select(e => Path.GetFileName(e))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunStorageException(path, e);
        }
    }

    private static bool IsOfABeginning(string entry) => Path.GetFileName(entry) switch
    {
        RunLock.Name or RunDirectory.ManifestName + RunStorage.Temporary => true,
        RunDirectory.CheckpointsName => Directory.Exists(entry) && !Directory.EnumerateFileSystemEntries(entry).Any(),
        _ => false,
    };

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
