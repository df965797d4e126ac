namespace Espalier.Text.Files;

/// <summary>Writes files that appear whole or not at all.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes <paramref name="path"/> by way of a temporary neighbour that is flushed to disk and then renamed. When
    /// <paramref name="write"/> throws, the neighbour is removed and what stood at <paramref name="path"/> is untouched.
    /// What a process that was killed left of an earlier attempt is removed first.
    /// </summary>
    /// <param name="path">The file to create or replace; its folder is created when missing.</param>
    /// <param name="write">Writes the content.</param>
    public static void Write(string path, Action<Stream> write)
    {
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        StaleWork.RemoveFilesOf(full);
        string temporary = StaleWork.NameFor(full) + StaleWork.Extension;
        try
        {
            // Renamed while still open, so that at no time it looks abandoned.
            using var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete, 1 << 16);
            write(stream);
            stream.Flush(flushToDisk: true);
            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
