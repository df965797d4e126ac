using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Espalier.Training.Runs;

/// <summary><c>run.json</c>: what a run is, with everything resolved.</summary>
public sealed record RunManifest
{
    /// <summary>The layout that this code writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of this software.</summary>
    public static string CurrentVersion { get; } =
        typeof(RunManifest).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <summary>Version of the run directory's layout.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>What kind of run: <c>pretraining</c>, <c>finetuning</c> with a <c>trial</c> for each setting, <c>translation</c>, or
    /// <c>compression</c> with a <c>recovery</c> for each level of pruning.</summary>
    public required string Kind { get; init; }

    /// <summary>Version of the software that made it.</summary>
    public required string Version { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Where it was made.</summary>
    public required MachineRecord Machine { get; init; }

    /// <summary>SHA-256 of the tokenizer.</summary>
    public required string TokenizerFingerprint { get; init; }

    /// <summary>SHA-256 of the data set.</summary>
    public required string DataFingerprint { get; init; }

    /// <summary>The whole resolved configuration, in the kind's own form.</summary>
    public required JsonElement Configuration { get; init; }

    /// <summary>The configuration as an object.</summary>
    /// <exception cref="JsonException">It is of another form.</exception>
    public T ConfigurationAs<T>(JsonTypeInfo<T> type)
        => Configuration.Deserialize(type) ?? throw new JsonException("the configuration is null");

    /// <summary>The same, of a run that must be of some kind.</summary>
    /// <param name="type">How the configuration is read.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="path">The run's folder.</param>
    /// <exception cref="RunException">It is another kind of run, or damaged.</exception>
    public T ConfigurationAs<T>(JsonTypeInfo<T> type, string kind, string path)
    {
        if (Kind != kind)
        {
            throw new RunException(path, $"is a run of {Kind}, not of {kind}");
        }

        try
        {
            return ConfigurationAs(type);
        }
        catch (JsonException e)
        {
            throw new RunDamagedException(Path.Join(path, RunDirectory.ManifestName), $"holds no configuration of {kind}: {e.Message}", e);
        }
    }
}

/// <summary>A machine.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Processor">The processor's name.</param>
/// <param name="Cores">Logical cores.</param>
/// <param name="MemoryBytes">Memory.</param>
/// <param name="OperatingSystem">The operating system.</param>
/// <param name="Runtime">The .NET runtime.</param>
/// <param name="Device">What computes, with its kernels and threads.</param>
/// <param name="PeakFlops">The measured rate of plain matrix products, in FLOP/s.</param>
public sealed record MachineRecord(
    string Name, string Processor, int Cores, long MemoryBytes, string OperatingSystem, string Runtime, string Device, double PeakFlops)
{
    /// <summary>This machine.</summary>
    /// <param name="device">The device's description.</param>
    /// <param name="peakFlops">Its measured rate of plain products.</param>
    public static MachineRecord Here(string device, double peakFlops) => new(
        Environment.MachineName, ProcessorName(), Environment.ProcessorCount, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription, device, peakFlops);

    private static string ProcessorName()
    {
        const string file = "/proc/cpuinfo", key = "model name";
        string? line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unknown";
    }
}
