namespace Espalier.Training.Runs;

/// <summary>
/// Every change to a run's files goes through here: files and folders appear whole or not at all, and what the disk or
/// the permissions refuse becomes a <see cref="RunStorageException"/>.
/// </summary>
internal class RunStorage
{
    /// <summary>How the name of what is not whole yet ends.</summary>
    public const string Temporary = ".tmp";

    private const string Former = ".former" + Temporary;

    /// <summary>Removes what earlier processes left unfinished in a folder; what one had only set aside comes back.</summary>
    public void Clean(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        string[] left = [.. Directory.EnumerateFileSystemEntries(folder).Where(e => e.EndsWith(Temporary, StringComparison.Ordinal))];
        foreach (string entry in left)
        {
            string target = entry.EndsWith(Former, StringComparison.Ordinal) ? entry[..^Former.Length] : entry;
            if (target != entry && !Directory.Exists(target))
            {
                Change(target, () => Directory.Move(entry, target));
            }
            else
            {
                Delete(entry);
            }
        }
    }

    /// <summary>Writes a file by way of a temporary neighbour that is flushed to the disk and renamed; the rename is flushed too.</summary>
    public void WriteFile(string path, ReadOnlyMemory<byte> content) => Change(path, () =>
    {
        string temporary = path + Temporary;
        using (FileStream stream = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            stream.Write(content.Span);
            Reached("written", path);
            stream.Flush(flushToDisk: true);
        }

        Reached("flushed", path);
        File.Move(temporary, path, overwrite: true);
        FlushFolderOf(path);
    });

    /// <summary>Writes a folder by way of a temporary neighbour, which goes when <paramref name="write"/> throws; a folder that stands there
    /// is replaced.</summary>
    public void WriteFolder(string path, Action<string> write) => Change(path, () =>
    {
        string temporary = path + Temporary, former = path + Former;
        Delete(temporary);
        Directory.CreateDirectory(temporary);
        try
        {
            write(temporary);
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }

        FolderSync.Flush(temporary);
        Reached("filled", path);
        if (Directory.Exists(path))
        {
            Delete(former);
            Directory.Move(path, former);
            Reached("set aside", path);
        }

        Directory.Move(temporary, path);
        FlushFolderOf(path);
        Reached("in place", path);
        Delete(former);
    });

    /// <summary>Writes a file that is on the disk when this returns; for use within <see cref="WriteFolder"/>.</summary>
    public static void WriteThrough(string path, Stream content)
    {
        using FileStream file = File.Create(path);
        content.CopyTo(file);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Creates a folder unless it is there.</summary>
    public void CreateFolder(string path) => Change(path, () =>
    {
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            FlushFolderOf(path);
        }
    });

    /// <summary>Deletes a file or folder if it is there; a folder vanishes from sight first, so that none is left in part.</summary>
    public void Delete(string path) => Change(path, () =>
    {
        if (Directory.Exists(path))
        {
            if (!path.EndsWith(Temporary, StringComparison.Ordinal))
            {
                string hidden = $"{path}.deleted{Temporary}";
                Directory.Move(path, hidden);
                path = hidden;
            }

            Reached("hidden", path);
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    });

    /// <summary>Does something to the files, and says what went wrong in terms of the run.</summary>
    public void Change(string path, Action change)
    {
        Reached("begun", path);
        try
        {
            change();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunStorageException(path, e);
        }
    }

    private static void FlushFolderOf(string path) => FolderSync.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);

    /// <summary>Called at every point at which a process may end and leave another state behind; tests end it there.</summary>
    protected internal virtual void Reached(string point, string path)
    {
    }
}
