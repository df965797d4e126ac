using System.CommandLine;
using System.Globalization;
using Espalier.Cli.CommandLine;
using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Jobs;
using Espalier.Pipeline.Reports;
using Espalier.Text;
using Espalier.Text.Bitext;
using Espalier.Text.Files;
using Espalier.Training.Runs;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier run</c>: text and budgets in, a package and a report out.</summary>
internal sealed class RunCommand : EspalierCommand
{
    private const string DefaultTime = "5m", DefaultFolder = "runs";

    private static readonly JobSettings Defaults = new() { Budget = TimeSpan.Zero };

    private readonly Option<string[]> _corpus = List<string>("--corpus", [], "Text to pretrain on, one text a line, plain or .gz; patterns with * and **. The training texts are added to it");
    private readonly Option<string?> _train = new("--train") { Description = "Table of texts and labels (.csv, .tsv, .jsonl, also .gz). Without it the package is a pretrained encoder" };
    private readonly Option<string?> _dev = new("--dev") { Description = "Table that models are chosen by; a tenth of --train when left out" };
    private readonly Option<string?> _test = new("--test") { Description = "Table that the result is measured on at the end; never used for choosing" };
    private readonly Option<string?> _time = new Option<string?>("--time") { Description = $"Wall-clock time of the whole job, such as 90s, 30m or 1h30m; required with data of your own, {DefaultTime} for the sample. With --resume, +10m gives a job more" }.ExpectReadable(text => Quantities.Time(text.TrimStart('+')));
    private readonly LimitOptions _limits = new();
    private readonly Option<string?> _out = new("--out") { Description = $"Folder of the job, to create; the first free one in {DefaultFolder}/ when left out" };
    private readonly Option<string?> _resume = new("--resume") { Description = "Folder of a job to go on with" };
    private readonly Option<bool> _finish = new("--finish") { Description = "With --resume: spend no more of the time, and package the best there is" };
    private readonly Option<int?> _vocabulary = new("--vocabulary", "--vocab") { Description = "Size of the vocabulary; chosen from the amount of text and --max-size when left out" };
    private readonly Option<int> _length = New("--sequence-length", Defaults.MaximumTokens, "Most tokens of an example; longer ones lose their end, and pairs of sentences with more on a side are left out");
    private readonly Option<string?> _memory = Memory();
    private readonly Option<ulong> _seed = New("--seed", Defaults.Seed, "Seed of everything that is drawn");
    private readonly Option<int> _threads = Threads();
    private readonly Option<string?> _license = new("--license") { Description = "Licence that the model card names, such as apache-2.0" };
    private readonly ColumnOptions _columns = new();
    private readonly ParallelOptions _parallel = new();

    public RunCommand(Terminal terminal)
        : base(terminal, "run", $"Train, compress and package a model within a time and a size. Without data, on a built-in sample for {DefaultTime}",
            "espalier run --train reviews.csv --corpus 'text/*.gz' --time 30m --max-size 1MB --out job\n"
            + "espalier run --train-source train.en --train-target train.fr --time 30m --max-size 3MB --out translator")
    {
        foreach (Option option in (Option[])[.. Data, _time, .. _limits.All, _out, _resume, _finish, Recipe.Option, .. Details])
            Options.Add(option);
    }

    private IEnumerable<Option> Data => [_corpus, _train, _dev, _test, .. _parallel.All];

    private IEnumerable<Option> Details => [_vocabulary, _length, _memory, _seed, _threads, _license, .. _columns.All];

    public override bool SavesWhenStopped => true;

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        using Job job = Open(parsed, context);
        RunReport report;
        try
        {
            Announce(job, context);
            var display = new JobDisplay(context);
            report = display.Run(() => job.Run(display, parsed.GetValue(_finish), context.Cancel));
        }
        catch (OperationCanceledException)
        {
            context.Terminal.Error.WriteLine($"saved; go on with: espalier run --resume {Shown(job.Folder)} (add --finish to package what there is)");
            throw;
        }
        catch (Exception e) when (e is RunException or TextException)
        {
            context.Terminal.Error.WriteLine($"when {(e is RunStorageException ? "there is room" : "that is mended")}, go on with: espalier run --resume {Shown(job.Folder)}");
            throw;
        }
        var result = RunResult.Of(Shown(job.Folder), report);
        context.Report(result, CommandJson.Default.RunResult, result.Write);
        if (report.Phases?.FirstOrDefault(p => p.State == PhaseState.Failed) is { } failed)
        {
            string next = job.CanRetry ? $"mend what is at fault, and try again with: espalier run --resume {Shown(job.Folder)} (add --time +10m to give it more time)"
                : "what came after it was made without it, so to have it mend what is at fault, and begin another job";
            throw new RunException(
                Shown(job.Folder), $"the phase {failed.Name} failed: {failed.Note?.TrimEnd('.')}. The best that there is without it is in {result.Package}; {next}", job.Failure);
        }
        if (report.Outcome?.Missed is { Count: > 0 } missed)
            throw new CompressionException($"a goal is not met: {string.Join("; ", missed.Select(m => LimitWords.OfJob(m, result.Outcome?.Translates == true ? QualityMetric.Bleu : QualityMetric.Accuracy)))}. The nearest package is in {result.Package}");
    }

    private Job Open(ParseResult parsed, CommandContext context)
    {
        if (parsed.GetValue(_resume) is { } resumed)
        {
            IEnumerable<Option> kept = [.. Data, .. _limits.All, _out, Recipe.Option, .. Details];
            string[] given = [.. kept.Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name)];
            if (given.Length > 0)
                throw new UsageException($"a job that is resumed keeps its settings; leave {string.Join(", ", given)} out");
            if (parsed.GetValue(_time) is not { } more)
                return Job.Resume(resumed);
            if (!more.StartsWith('+'))
                throw new UsageException($"a job that is resumed keeps its time; give it more with a plus, such as --time +{more}");
            return !parsed.GetValue(_finish) ? Job.Resume(resumed, Quantities.Time(more[1..]))
                : throw new UsageException("--finish spends no more time; leave it or --time out");
        }
        if (parsed.GetValue(_finish))
            throw new UsageException("--finish is for a job that has begun; name it with --resume");
        string[] corpus = [.. FilePatterns.Expand(parsed.GetValue(_corpus)!)];
        string? train = parsed.GetValue(_train), dev = parsed.GetValue(_dev), test = parsed.GetValue(_test), time = parsed.GetValue(_time);
        ParallelCorpus? pairs = _parallel.Read(parsed, [_corpus, _train, _dev, _test, .. _columns.All]);
        bool sample = corpus.Length == 0 && train == null && dev == null && test == null && pairs == null;
        if (time?.StartsWith('+') == true)
            throw new UsageException("a time with a plus is for a job that is resumed; leave the plus out");
        if (time == null && !sample)
            throw new UsageException("say how long it may take, with --time, such as --time 30m");
        var settings = new JobSettings
        {
            Corpus = corpus,
            Train = train,
            Development = dev,
            Test = test,
            Columns = _columns.Read(parsed),
            Translation = pairs,
            Sample = sample,
            Budget = Quantities.Time(time ?? DefaultTime),
            Limits = _limits.Read(parsed),
            Vocabulary = parsed.GetValue(_vocabulary),
            MaximumTokens = parsed.GetValue(_length),
            MemoryBytes = parsed.GetValue(_memory) is { } memory ? Quantities.Bytes(memory) : null,
            Seed = parsed.GetValue(_seed),
            Threads = parsed.GetValue(_threads),
            License = parsed.GetValue(_license),
        };
        string folder = parsed.GetValue(_out) ?? FreeFolder();
        return context.Track("reading", _ => Job.Create(folder, settings));
    }

    private static string FreeFolder()
        => Enumerable.Range(1, int.MaxValue - 1).Select(i => Path.Join(DefaultFolder, i.ToString(CultureInfo.InvariantCulture))).First(path => !Directory.Exists(path));

    private static string Shown(string folder) => Path.GetRelativePath(".", folder) is var near && near.StartsWith("..", StringComparison.Ordinal) ? folder : near;

    private static string ProductOf(JobSettings settings) => settings.Product switch
    {
        JobProduct.Classifier => "a classifier",
        JobProduct.Translator => "a model that translates",
        _ => "a pretrained encoder",
    };

    private static void Announce(Job job, CommandContext context)
    {
        TextWriter error = context.Terminal.Error;
        JobRecord record = job.Record;
        JobSettings s = record.Settings;
        error.WriteLine($"{Shown(job.Folder)}: {(s.Sample ? "the sample" : ProductOf(s))} in {Quantities.Show(s.Budget)}"
            + (s.Limits.MaxBytes is { } bytes ? $", at most {bytes / 1e6:G4} MB with tokenizer, configuration and card" : "")
            + (s.Limits.MaxLatency is { } latency ? $", {latency.TotalMilliseconds:G4} ms" : "")
            + (record.SpentSeconds > 0.5 ? $"; {Quantities.Show(TimeSpan.FromSeconds(record.SpentSeconds))} are spent" : ""));
        if (record.HasEnded)
            return;
        foreach (ReportPhase phase in record.Phases.Where(JobSchedule.Has))
            error.WriteLine($"  {phase.Name,-9} {Quantities.Show(TimeSpan.FromSeconds(phase.PlannedSeconds ?? 0)),7}"
                + (phase.State == PhaseState.Waiting ? "" : $"  {phase.State.ToString().ToLowerInvariant()}"));
    }
}

/// <summary>What <c>run --json</c> prints.</summary>
internal sealed record RunResult(
    string Folder, string Package, string Report, ReportOutcome? Outcome, IReadOnlyList<ReportPhase> Phases, string? Cell, IReadOnlyList<string> Plan, IReadOnlyList<string> Notes,
    bool IsLate)
{
    public static RunResult Of(string folder, RunReport report) => new(
        folder, Path.Join(folder, report.Outcome?.Package), Path.Join(folder, ReportPage.Name), report.Outcome, report.Phases ?? [], report.ChosenCell,
        report.Plan?.Words ?? [], report.Notes ?? [], report.IsLate);

    public void Write(TextWriter text)
    {
        foreach (string sentence in Plan.Take(3))
            text.WriteLine(sentence);
        text.WriteLine("  phase      planned     took");
        foreach (ReportPhase p in Phases)
            text.WriteLine($"  {p.Name,-9} {Time(p.PlannedSeconds),8} {Time(p.Seconds),8}{(p.State == PhaseState.Done ? "" : $"  {p.State.ToString().ToLowerInvariant()}: {p.Note}")}");
        if (Outcome is { } o)
        {
            text.WriteLine($"{Package}: {o.Layers} {(o.Layers == 1 ? "layer" : "layers")} × {o.Hidden}, {o.Parameters:N0} parameters, {o.NonZero:N0} not zero{(Cell == null ? "" : $" ({Cell})")}");
            if (o.Test is { } test)
                text.WriteLine($"  test         {100 * test.Accuracy:F2} % of {test.Examples:N0} right{(test.Majority is { } majority ? $"; {100 * majority:F2} % have the most frequent label" : "")}");
            if (o.Development is { } dev)
                text.WriteLine($"  development  {100 * dev.Accuracy:F2} % of {dev.Examples:N0} right; {100 * o.UncompressedAccuracy:F2} % before compression");
            if (o.TestTranslation is { } translated)
                text.WriteLine($"  test         BLEU {translated.Bleu:F2}, chrF {translated.ChrF:F2} on {translated.Sentences:N0} sentences (beam {translated.Beam})");
            if (o.DevelopmentTranslation is { } chose)
            {
                text.WriteLine($"  development  BLEU {chose.Bleu:F2}, chrF {chose.ChrF:F2} on {chose.Sentences:N0} sentences ({(chose.Beam == 1 ? "greedy" : $"beam {chose.Beam}")}); "
                    + $"BLEU {o.UncompressedBleu:F2} before compression");
            }
            if (o.HeldOutLoss is { } loss && !o.Translates)
                text.WriteLine($"  pretraining  held-out perplexity {Math.Exp(loss):F2}");
            text.WriteLine($"  size         {o.Bytes:N0} bytes{(o.UncompressedBytes is { } before ? $"; {before:N0} before compression" : "")}");
            if (o.LatencySeconds is { } latency)
                text.WriteLine($"  latency      {1e3 * latency:F2} ms {(o.Translates ? "a sentence" : "an example")}; {o.TokensPerSecond:N0} tokens/s in batches{Before(o)}");
            text.WriteLine($"  time         {Quantities.Show(TimeSpan.FromSeconds(o.Seconds))}{(IsLate ? ", more than it was given" : "")}");
        }
        foreach (string note in Notes)
            text.WriteLine($"  note: {note}");
        text.WriteLine($"report: {Report}");
    }

    // Small on disk need not be fast: whoever ships it must see that.
    private static string Before(ReportOutcome o)
        => o is { UncompressedLatencySeconds: { } latency, UncompressedTokensPerSecond: { } tokens, LatencySeconds: { } now, TokensPerSecond: { } rate }
            ? $"; {1e3 * latency:F2} ms, {tokens:N0} tokens/s before compression{(new DenseSpeed(latency, tokens, "").Beside(now, rate) is { } words ? $", so it is {words}" : "")}" : "";

    private static string Time(double? seconds) => seconds is { } s ? Quantities.Show(TimeSpan.FromSeconds(s)) : "";
}
