using System.Text.Json;
using System.Text.Json.Serialization;
using Espalier.Text.Files;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Reports;

/// <summary><c>report.json</c>.</summary>
public static class ReportFile
{
    /// <summary>The file's name in the folder of a run.</summary>
    public const string Name = "report.json";

    /// <summary>Writes a report, whole or not at all.</summary>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    public static void Write(string path, RunReport report)
        => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, report, ReportJson.Default.RunReport));

    /// <summary>Reads a report.</summary>
    /// <exception cref="RunException">There is none, or one of another version.</exception>
    /// <exception cref="RunDamagedException">The file is no report.</exception>
    public static RunReport Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new RunException(path, "there is no such file; a run writes it at its end, or when it is interrupted");
        }

        try
        {
            using FileStream stream = File.OpenRead(path);
            RunReport report = JsonSerializer.Deserialize(stream, ReportJson.Default.RunReport) ?? throw new JsonException("it is null");
            return report.Format == RunReport.CurrentFormat ? report : throw new RunException(
                path, $"is a report of format {report.Format}; this version of espalier reads format {RunReport.CurrentFormat}");
        }
        catch (JsonException e)
        {
            throw new RunDamagedException(path, $"is no report: {e.Message}", e);
        }
    }
}

/// <summary>How reports become JSON. What is missing is written as null, so that a part that was left out by mistake is found.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    IgnoreReadOnlyProperties = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(RunReport))]
internal sealed partial class ReportJson : JsonSerializerContext;

/// <summary>The same within a page: on one line, and without what is missing.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, IgnoreReadOnlyProperties = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(RunReport))]
internal sealed partial class PageJson : JsonSerializerContext;
