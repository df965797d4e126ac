using System.IO.Enumeration;

namespace Espalier.Compression.Quantization;

/// <summary>Finds tensors by patterns of their names, in which <c>*</c> stands for any part.</summary>
internal static class TensorPatterns
{
    // Before the names of encoders' tensors in their files; a user may have them from there.
    private static readonly string[] Prefixes = ["", "roberta.", "roberta_prelayernorm."];

    /// <summary>Whether a pattern means a tensor, by its name in checkpoints or in its file.</summary>
    public static bool Matches(string pattern, string tensor) => (ModuleKinds.IsOfHead(tensor) ? [""] : Prefixes)
        .Any(prefix => FileSystemName.MatchesSimpleExpression(pattern, prefix + tensor, ignoreCase: false));

    /// <summary>Throws where a pattern means no tensor.</summary>
    /// <exception cref="CompressionException">One does; the message has the name that is nearest to it.</exception>
    public static void ThrowUnlessMatched(IEnumerable<string> patterns, IReadOnlyList<string> tensors)
    {
        string[] faults =
        [
            .. from pattern in patterns
               where !tensors.Any(tensor => Matches(pattern, tensor))
               let literal = pattern.Replace("*", "", StringComparison.Ordinal)
               select $"'{pattern}' (the nearest is {tensors.MinBy(tensor => Distance(literal, tensor))})",
        ];
        if (faults.Length > 0)
        {
            throw new CompressionException(
                $"no tensor of the model has a name such as {string.Join(", ", faults)}; name those that are to stay at full precision, with * for any part of a name");
        }
    }

    // Edits (Levenshtein) between what was asked for and the part of a name that is most like it.
    private static int Distance(string asked, string name)
    {
        int[] previous = new int[name.Length + 1];
        for (int i = 1; i <= asked.Length; i++)
        {
            int[] current = new int[name.Length + 1];
            current[0] = i;
            for (int j = 1; j <= name.Length; j++)
            {
                current[j] = Math.Min(Math.Min(previous[j], current[j - 1]) + 1, previous[j - 1] + (asked[i - 1] == name[j - 1] ? 0 : 1));
            }

            previous = current;
        }

        return previous.Min();
    }
}
