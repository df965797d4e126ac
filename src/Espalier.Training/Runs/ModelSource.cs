using System.Security.Cryptography;

namespace Espalier.Training.Runs;

/// <summary>Where a user points to when a model is wanted: a run, or the folder of a model.</summary>
public static class ModelSource
{
    /// <summary>The folder with the model's files.</summary>
    /// <param name="path">A run, or a folder with <c>config.json</c>, <c>tokenizer.json</c> and <c>model.safetensors</c>.</param>
    /// <exception cref="RunException">There is no model; the message says what to do.</exception>
    public static string Find(string path)
    {
        bool isRun = RunDirectory.IsAt(path);
        string folder = isRun ? Path.Join(path, RunDirectory.ModelName) : path;
        if (isRun && !Directory.Exists(folder))
        {
            throw new RunException(path, "the run has no model yet; let it end, or resume it");
        }

        string[] missing =
        [
            .. new[] { ModelFolder.ConfigurationName, ModelFolder.TokenizerName, ModelFolder.WeightsName }
                .Where(name => !File.Exists(Path.Join(folder, name))),
        ];
        return missing.Length == 0 ? folder : throw new RunException(
            folder, $"is no model: {string.Join(", ", missing)} {(missing.Length == 1 ? "is" : "are")} missing; name a run, or a folder with these files");
    }

    /// <summary>SHA-256 of the model's weights, in lower-case hex.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public static string Fingerprint(string folder)
    {
        using FileStream file = File.OpenRead(Path.Join(folder, ModelFolder.WeightsName));
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
