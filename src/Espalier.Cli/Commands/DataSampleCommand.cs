using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Text.Sample;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier data sample</c>: writes the made-up language that stands in where there is no data.</summary>
internal sealed class DataSampleCommand : EspalierCommand
{
    private static readonly SampleSize Defaults = new();

    private readonly Option<string> _out = new("--out") { Description = "Folder to create", Required = true };
    private readonly Option<ulong> _seed = New("--seed", 1ul, "Another seed gives other text in the same language");
    private readonly Option<int> _documents = New("--documents", Defaults.Documents, "Documents of running text");
    private readonly Option<int> _pairs = New("--pairs", Defaults.Pairs, "Training pairs of the entailment and the parallel set, training sentences of the acceptability set; dev and test have a tenth each");

    public DataSampleCommand(Terminal terminal) : base(terminal, "sample",
        "Write text, an entailment set, an acceptability set and a parallel set of a made-up language")
    {
        foreach (Option option in (Option[])[_out, _seed, _documents, _pairs])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        string folder = parsed.GetRequiredValue(_out);
        ulong seed = parsed.GetValue(_seed);
        var size = new SampleSize(parsed.GetValue(_documents), parsed.GetValue(_pairs));
        if (size.Validate() is { Count: > 0 } faults)
            throw new UsageException(string.Join("; ", faults));
        IReadOnlyList<SampleFile> files = context.Track("making up", progress =>
            SampleFolder.Write(folder, seed, size, new PhaseProgress(progress, "writing"), context.Cancel));
        context.Report(new SampleReport(folder, seed, files), CommandJson.Default.SampleReport, text =>
        {
            text.WriteLine($"{folder}: the sample language of seed {seed}");
            foreach (SampleFile file in files)
                text.WriteLine($"  {file.Name,-22}{file.Lines,12:N0} lines");
        });
    }
}

/// <summary>What <c>data sample --json</c> prints.</summary>
internal sealed record SampleReport(string Folder, ulong Seed, IReadOnlyList<SampleFile> Files);
