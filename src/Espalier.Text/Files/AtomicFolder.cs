namespace Espalier.Text.Files;

/// <summary>Writes folders that appear whole or not at all.</summary>
internal static class AtomicFolder
{
    /// <summary>
    /// Creates <paramref name="path"/> by way of a temporary neighbour that is renamed when <paramref name="write"/> returns
    /// and removed when it throws.
    /// </summary>
    /// <exception cref="TextException">Something stands at <paramref name="path"/> already.</exception>
    public static T Write<T>(string path, Func<string, T> write)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Directory.Exists(full) || File.Exists(full))
            throw new TextException("exists already; name another folder, or remove this one", path);
        string temporary = $"{full}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            T result = write(temporary);
            Directory.Move(temporary, full);
            return result;
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }
}
