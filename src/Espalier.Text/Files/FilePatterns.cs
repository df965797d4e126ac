using Microsoft.Extensions.FileSystemGlobbing;

namespace Espalier.Text.Files;

/// <summary>Turns what a person names on a command line into files.</summary>
public static class FilePatterns
{
    /// <summary>
    /// The files that <paramref name="patterns"/> name: each a path, or a pattern with <c>*</c> and <c>**</c> whose matches
    /// come in ordinal order, so that the same files always come in the same order. A file named twice, however it
    /// is written, comes once: else its text could be trained on and held out as well.
    /// </summary>
    /// <exception cref="TextException">A pattern matches nothing.</exception>
    public static IReadOnlyList<string> Expand(IEnumerable<string> patterns)
    {
        var files = new List<string>();
        foreach (string pattern in patterns)
        {
            int star = pattern.IndexOf('*');
            if (star < 0 || File.Exists(pattern))
            {
                files.Add(pattern);
                continue;
            }
            int cut = pattern.LastIndexOfAny([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], star) + 1;
            string root = cut == 0 ? "." : pattern[..cut];
            string[] found = [.. new Matcher(StringComparison.Ordinal).AddInclude(pattern[cut..]).GetResultsInFullPath(root)
                .Select(full => cut == 0 ? Path.GetRelativePath(root, full) : Path.Join(root, Path.GetRelativePath(root, full)))];
            if (found.Length == 0)
                throw new TextException("matches no file", pattern);
            Array.Sort(found, StringComparer.Ordinal);
            files.AddRange(found);
        }
        return [.. files.DistinctBy(Path.GetFullPath, StringComparer.Ordinal)];
    }
}
