using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Espalier.Benchmarks;

/// <summary>One line of a benchmark: our figure beside the peer's or the machine's limit, from the same run.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Shape">At which size.</param>
/// <param name="Threads">With how many threads.</param>
/// <param name="Unit">Of both figures; more is better.</param>
/// <param name="Ours">Our median.</param>
/// <param name="PeerName">Who stands beside us; null: nobody.</param>
/// <param name="Peer">The peer's median.</param>
/// <param name="Ratio">Ours over the peer's throughput; taken turn by turn where they take turns.</param>
/// <param name="FractionOfPeak">Ours / the limit measured in this run, where one applies.</param>
internal sealed record BenchmarkRow(
    string Name, string Shape, int Threads, string Unit, double Ours, string? PeerName = null, double? Peer = null,
    double? Ratio = null, double? FractionOfPeak = null)
{
    /// <summary>The code path that ran, in the kernel's own words, where there are several.</summary>
    public string? Path { get; init; }

    /// <summary>More figures of this row, by name.</summary>
    public Dictionary<string, double> More { get; init; } = [];
}

[JsonSerializable(typeof(List<BenchmarkRow>))]
[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class BenchmarkJson : JsonSerializerContext;

/// <summary>Prints rows as they come (standard error with --json) and the whole as JSON at the end.</summary>
internal sealed class BenchmarkReport(bool json)
{
    private readonly List<BenchmarkRow> _rows = [];

    public IReadOnlyList<BenchmarkRow> Rows => _rows;

    public void Add(BenchmarkRow row)
    {
        _rows.Add(row);
        string peer = row.Peer is { } p ? $"  {row.PeerName} {Number(p),9}  ratio {Number(row.Ratio ?? 0),5}" : string.Empty;
        string peak = row.FractionOfPeak is { } f ? $"  of peak {f * 100,5:F1} %" : string.Empty;
        string more = string.Concat(row.More.Select(m => $"  {m.Key} {Number(m.Value)}"));
        Say($"{row.Name,-34} {row.Shape,-22} threads {row.Threads}  {Number(row.Ours),9} {row.Unit}{peer}{peak}{more}{(row.Path is { } path ? $"  ({path})" : "")}");
    }

    public void Say(string text) => (json ? Console.Error : Console.Out).WriteLine(text);

    public void Finish()
    {
        List<double> ratios = [.. _rows.Where(r => r.Ratio != null).Select(r => r.Ratio!.Value).Order()];
        if (ratios.Count > 0)
        {
            Say($"ratio to peer: median {Number(Measure.Median(ratios))}, worst {Number(ratios[0])}, of {ratios.Count} rows");
        }

        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(_rows, BenchmarkJson.Default.ListBenchmarkRow));
        }
    }

    private static string Number(double value)
        => value.ToString(Math.Abs(value) >= 100 ? "F0" : "F2", CultureInfo.InvariantCulture);
}
