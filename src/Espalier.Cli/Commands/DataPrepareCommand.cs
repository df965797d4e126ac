using System.CommandLine;
using System.Diagnostics;
using Espalier.Cli.CommandLine;
using Espalier.Text.Corpora;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier data prepare</c>: text files in, a folder of memory-mapped token shards out.</summary>
internal sealed class DataPrepareCommand : EspalierCommand
{
    private static readonly CorpusPreparationOptions Defaults = new();

    private readonly Argument<string[]> _files = new("files")
    {
        Description = "Text files, plain or gzip; * and ** match several",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _out = new("--out") { Description = "Folder to create", Required = true };
    private readonly Option<double> _heldOut = New("--held-out", Defaults.HeldOutFraction, "Fraction of the documents that is held out, and never trained on; of a text with too few of them, its end");
    private readonly Option<double> _fraction = New("--fraction", Defaults.Fraction, "Fraction of the other documents to keep; what is held out stays the same");
    private readonly Option<ulong> _seed = New("--seed", Defaults.Seed, "Seed of both draws");
    private readonly Option<int> _threads = New("--threads", Defaults.Threads, "Threads that encode; the outcome does not depend on it");

    public DataPrepareCommand(Terminal terminal) : base(terminal, "prepare", "Encode text into token shards, some of it held out")
    {
        Arguments.Add(_files);
        foreach (Option option in (Option[])[TokenizerOption.Instance, _out, DataOptions.Layout, _heldOut, _fraction, _seed, _threads])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        var options = new CorpusPreparationOptions
        {
            Layout = parsed.GetValue(DataOptions.Layout),
            HeldOutFraction = parsed.GetValue(_heldOut),
            Fraction = parsed.GetValue(_fraction),
            Seed = parsed.GetValue(_seed),
            Threads = parsed.GetValue(_threads),
        };
        if (options.Validate() is { Count: > 0 } faults)
            throw new UsageException(string.Join("; ", faults));
        string folder = parsed.GetRequiredValue(_out);
        IReadOnlyList<string> files = FilePatterns.Expand(parsed.GetRequiredValue(_files));
        Tokenizer tokenizer = Tokenizer.Load(parsed.GetRequiredValue(TokenizerOption.Instance));

        var clock = Stopwatch.StartNew();
        CorpusManifest manifest = context.Track("preparing", progress =>
            new CorpusPreparation(tokenizer, options).Run(files, folder, new PhaseProgress(progress, "encoding"), context.Cancel));
        double seconds = Math.Round(clock.Elapsed.TotalSeconds, 2);

        foreach (Warning warning in manifest.Warnings)
            context.Warn($"{warning}");
        context.Report(new PrepareReport(folder, seconds, manifest), CommandJson.Default.PrepareReport, text =>
        {
            text.WriteLine($"{folder}: {manifest.Inputs.Sum(input => input.Documents):N0} documents in {seconds} s");
            text.WriteLine($"  train     {manifest.Train.Documents,13:N0} documents {manifest.Train.Tokens,15:N0} tokens");
            text.WriteLine($"  held out  {manifest.HeldOut.Documents,13:N0} documents {manifest.HeldOut.Tokens,15:N0} tokens");
            if (manifest.DocumentsLeftAside > 0)
                text.WriteLine($"  left aside{manifest.DocumentsLeftAside,13:N0} documents");
        });
    }
}

/// <summary>What <c>data prepare --json</c> prints.</summary>
internal sealed record PrepareReport(string Folder, double Seconds, CorpusManifest Manifest);
