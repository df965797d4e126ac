namespace Espalier.Text.Files;

/// <summary>
/// Finds what a killed process left half-written. A name alone cannot tell, and neither can a process number on a shared disk:
/// the writer holds a file open for itself as long as it lives, and whoever can open that file knows that it is gone.
/// </summary>
internal static class StaleWork
{
    /// <summary>What ends the name of everything half-written.</summary>
    public const string Extension = ".tmp";

    /// <summary>What ends the name of the file that the writer of a folder holds open.</summary>
    public const string LockExtension = Extension + ".lock";

    /// <summary>A name beside <paramref name="path"/> that nothing else has, without an extension.</summary>
    public static string NameFor(string path) => $"{path}.{Guid.NewGuid():N}";

    /// <summary>Removes what earlier writers of the file <paramref name="path"/> left.</summary>
    public static void RemoveFilesOf(string path) => RemoveAll(path, Extension, _ => { });

    /// <summary>Removes what earlier writers of the folder <paramref name="path"/> left.</summary>
    public static void RemoveFoldersOf(string path) => RemoveAll(path, LockExtension, held =>
    {
        string folder = held[..^LockExtension.Length] + Extension;
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    });

    private static void RemoveAll(string path, string extension, Action<string> alsoRemove)
    {
        string name = Path.GetFileName(path);
        foreach (string held in Directory.EnumerateFiles(Path.GetDirectoryName(path)!))
        {
            ReadOnlySpan<char> other = Path.GetFileName(held.AsSpan());
            if (other.Length == name.Length + 33 + extension.Length && other.StartsWith(name) && other[name.Length] == '.'
                && other.EndsWith(extension) && Guid.TryParseExact(other.Slice(name.Length + 1, 32), "N", out _))
                RemoveUnlessHeld(held, alsoRemove);
        }
    }

    private static void RemoveUnlessHeld(string held, Action<string> alsoRemove)
    {
        try
        {
            using (new FileStream(held, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                alsoRemove(held);
            File.Delete(held);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Its writer is at work, or it is another's: either way it is not ours to remove.
        }
    }
}
