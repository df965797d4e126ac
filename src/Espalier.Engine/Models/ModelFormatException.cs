namespace Espalier.Engine.Models;

/// <summary>A model's configuration is not one that the engine can build. The message names the file and what is wrong.</summary>
public sealed class ModelFormatException(string path, string problem, Exception? inner = null) : Exception($"{path}: {problem}", inner)
{
    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; } = problem;
}
