using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Text;
using Espalier.Text.Bitext;
using Espalier.Text.Corpora;
using Espalier.Text.Files;
using Espalier.Text.Inspection;
using Espalier.Text.Labelled;
using Espalier.Text.Tokenization;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier data inspect</c>: counts, lengths, labels, samples, and what would be truncated.</summary>
internal sealed class DataInspectCommand : EspalierCommand
{
    private static readonly InspectionOptions Defaults = new();
    private static readonly ParallelSetOptions PairDefaults = new() { Source = "" };

    private readonly Argument<string[]> _paths = new("paths")
    {
        Description = "Labelled sets (.csv, .tsv, .jsonl, or a folder of them), prepared folders, or text files; each also gzip; * and ** match several",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string[]> _source = new("--source")
    {
        Description = "Source side of a parallel set; without --target, one .tsv file with both sides",
    };

    private readonly Option<string[]> _target = new("--target") { Description = "Target side of a parallel set" };

    private readonly Option<string> _tokenizer = new("--tokenizer")
    {
        Description = "Measures lengths in tokens: tokenizer.json, or a folder with it; without it, lengths are in words",
    };

    private readonly Option<int> _maxLength = New("--max-length", Defaults.MaxLength, "Tokens above which a sequence would be truncated or left out");
    private readonly Option<int> _samples = New("--samples", Defaults.Samples, "Samples to show of each data set");
    private readonly Option<ulong> _seed = New("--seed", Defaults.Seed, "Seed of the samples");

    private readonly ColumnOptions _columns = new();

    private readonly Option<int?> _maxWords = new("--max-words") { Description = "Pairs with more words on a side are left out; none for that when this is left out, as in training, which goes by tokens" };
    private readonly Option<double> _maxRatio = New("--max-ratio", PairDefaults.MaxRatio, "Pairs with a side that has more than this many times the characters of the other are left out");

    public DataInspectCommand(Terminal terminal) : base(terminal, "inspect", "Show counts, lengths, label balance, samples and what would be truncated")
    {
        Arguments.Add(_paths);
        foreach (Option option in (Option[])[_source, _target, _tokenizer, _maxLength, _samples, _seed, DataOptions.Layout,
            .. _columns.All, _maxWords, _maxRatio])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        LabelledSetOptions columns = _columns.Read(parsed);
        ParallelSetOptions[] pairs = [.. Pairs(parsed)];
        string[] named = parsed.GetValue(_paths) ?? [];
        if (named.Length + pairs.Length == 0)
            throw new UsageException("nothing to inspect: name files, or a parallel set with --source and --target");
        var options = new InspectionOptions
        {
            MaxLength = parsed.GetValue(_maxLength),
            Samples = parsed.GetValue(_samples),
            Seed = parsed.GetValue(_seed),
        };
        if (options.Validate() is { Count: > 0 } faults)
            throw new UsageException(string.Join("; ", faults));
        if (parsed.GetValue(_tokenizer) is { } tokenizer)
            options = options with { Tokenizer = Tokenizer.Load(tokenizer) };
        Named files = Sort(FilePatterns.Expand(named), columns.Format);

        var reports = new List<InspectionReport>();
        foreach (string table in files.Tables)
            Look(table, inspection => [inspection.Labelled(table, columns)]);
        foreach (string table in files.TablesInFolders)
        {
            try
            {
                Look(table, inspection => [inspection.Labelled(table, columns)]);
            }
            catch (UnlabelledException fault)
            {
                context.Warn($"left out: {fault.Message}");
            }
        }
        foreach (ParallelSetOptions pair in pairs)
            Look(pair.Source, inspection => [inspection.Parallel(pair)]);
        foreach (string folder in files.Prepared)
            Look(folder, inspection => inspection.Prepared(folder));
        if (files.Texts.Count > 0)
            Look("text", inspection => [inspection.Corpus(files.Texts, parsed.GetValue(DataOptions.Layout))]);

        foreach (Warning warning in reports.SelectMany(report => report.Warnings).Distinct())
            context.Warn($"{warning}");
        context.Report(new InspectReport(reports), CommandJson.Default.InspectReport, text => InspectionText.Write(reports, text));

        void Look(string name, Func<DataInspection, IReadOnlyList<InspectionReport>> look) => reports.AddRange(context.Track("inspecting",
            progress => look(new DataInspection(options, new PhaseProgress(progress, name), context.Cancel))));
    }

    private IEnumerable<ParallelSetOptions> Pairs(ParseResult parsed)
    {
        string[] sources = parsed.GetValue(_source) ?? [], targets = parsed.GetValue(_target) ?? [];
        if (targets.Length > 0 && targets.Length != sources.Length)
            throw new UsageException($"--source names {sources.Length} files, --target {targets.Length}; as many were expected");
        for (int i = 0; i < sources.Length; i++)
        {
            var pair = new ParallelSetOptions
            {
                Source = sources[i],
                Target = targets.Length > 0 ? targets[i] : null,
                MaxWords = parsed.GetValue(_maxWords) ?? PairDefaults.MaxWords,
                MaxRatio = parsed.GetValue(_maxRatio),
            };
            yield return pair.Validate() is { Count: > 0 } faults ? throw new UsageException(string.Join("; ", faults)) : pair;
        }
    }

    private static Named Sort(IEnumerable<string> paths, TableFormat format)
    {
        var named = new Named([], [], [], []);
        foreach (string path in paths)
        {
            if (!Directory.Exists(path))
                (format != TableFormat.Auto || LabelledSet.FormatOf(path) is not null ? named.Tables : named.Texts).Add(path);
            else if (PreparedCorpus.IsAt(path))
                named.Prepared.Add(path);
            else if (LabelledSplits.FilesIn(path) is { Count: > 0 } files)
                named.TablesInFolders.AddRange(files);
            else
                throw new TextException("is a folder with neither a prepared corpus nor .csv, .tsv or .jsonl files in it", path);
        }
        return named;
    }

    private sealed record Named(List<string> Tables, List<string> TablesInFolders, List<string> Prepared, List<string> Texts);
}

/// <summary>What <c>data inspect --json</c> prints.</summary>
internal sealed record InspectReport(IReadOnlyList<InspectionReport> DataSets);
