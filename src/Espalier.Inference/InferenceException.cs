namespace Espalier.Inference;

/// <summary>A folder is no model that can predict. The message names the place, what is wrong and what was expected.</summary>
public sealed class InferenceException(string path, string problem, Exception? inner = null) : Exception($"{path}: {problem}", inner)
{
    /// <summary>The folder or file at fault.</summary>
    public string Path { get; } = path;
}
