using System.Globalization;
using System.Security.Cryptography;
using Espalier.Training.Pretraining;

namespace Espalier.Training.Runs;

/// <summary>Where a user points to when a model is wanted: a run, a run as it was at a part of its budget (<c>run@0.5</c>), a
/// job, or the folder of a model.</summary>
public static class ModelSource
{
    /// <summary>Name of the folder, within that of a job, that its package lies in.</summary>
    public const string PackageName = "package";

    /// <summary>The folder with the model's files.</summary>
    /// <param name="path">A job that came to its package, a run, with <c>@</c> and a part of its budget where that is wanted, or a folder with <c>config.json</c>,
    /// <c>tokenizer.json</c> and <c>model.safetensors</c>.</param>
    /// <exception cref="RunException">There is no model; the message says what to do.</exception>
    public static string Find(string path)
    {
        path = AtFraction(path);
        if (!Directory.Exists(path))
        {
            throw new RunException(path, "is no model: there is no such folder; name a run, or a folder with a model");
        }

        // Who made a job calls its folder the model.
        if (Path.Join(path, PackageName) is var package && File.Exists(Path.Join(package, ModelFolder.ConfigurationName)))
        {
            return Find(package);
        }

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

    /// <summary>The folder of a model at a part of a run's budget, which stays what it is when the run is given more; any other path as
    /// it is.</summary>
    /// <param name="path">Where the user points to.</param>
    /// <exception cref="RunException">The run has kept no such model.</exception>
    internal static string AtFraction(string path)
    {
        if (Split(path) is not (string run, { } fraction))
        {
            return path;
        }

        PretrainingRecord record = RunDirectory.ReadManifest(run).ConfigurationAs(PretrainingJson.Default.PretrainingRecord, PretrainingRun.Kind, run);
        return FractionModels.Find(run, fraction, record.Configuration.Training.Budget);
    }

    /// <summary>The run that a user points to, also where it is one at a part of its budget; null where it is none.</summary>
    /// <param name="path">Where the user points to.</param>
    public static string? RunOf(string path) => Split(path).Run;

    private static (string? Run, double? Fraction) Split(string path)
    {
        if (RunDirectory.IsAt(path))
        {
            return (path, null);
        }

        int at = path.LastIndexOf('@');
        return at > 0 && !Directory.Exists(path) && RunDirectory.IsAt(path[..at])
            && double.TryParse(path.AsSpan(at + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double fraction) ? (path[..at], fraction) : (null, null);
    }

    /// <summary>SHA-256 of the model's weights, in lower-case hex.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public static string Fingerprint(string folder)
    {
        using FileStream file = File.OpenRead(Path.Join(folder, ModelFolder.WeightsName));
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
