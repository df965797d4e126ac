using System.Text;

namespace Espalier.Engine.Safetensors;

/// <summary>
/// A safetensors file is not what it should be, or cannot be made as asked. The message names file, tensor, what was found and
/// what was expected.
/// </summary>
public sealed class SafetensorsException : Exception
{
    private const int MaxQuoted = 80;

    /// <summary>A fault of the file at <paramref name="path"/>, in <paramref name="tensor"/> unless that is null.</summary>
    public SafetensorsException(string path, string? tensor, string fault, Exception? inner = null)
        : base($"{path}: {(tensor is null ? "" : $"tensor {Quote(tensor)}: ")}{fault}", inner)
    {
        Path = path;
        Tensor = tensor;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The tensor at fault; null where the fault is the whole file's.</summary>
    public string? Tensor { get; }

    /// <summary>Text out of a file, fit for a terminal: shortened, and without control characters.</summary>
    internal static string Quote(string text)
    {
        var quoted = new StringBuilder("'");
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, MaxQuoted)))
        {
            quoted.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        }

        return quoted.Append(text.Length > MaxQuoted ? "…'" : "'").ToString();
    }
}
