using System.Globalization;
using System.Security.Cryptography;
using Espalier.Pipeline.Reports;
using Espalier.Text.Corpora;
using Espalier.Text.Labelled;

namespace Espalier.Pipeline.Jobs;

/// <summary>How to do a job again: its command, with every setting that is not the default, and the files that it read.</summary>
internal static class JobReproduction
{
    public static ReportReproduction Of(JobWork job)
    {
        JobSettings s = job.Settings;
        return new ReportReproduction([Command(s)], [
            .. Corpus(job), .. from set in Sets(s)
                               from file in set.Files
                               select Input(set.Role, file)], [
            "A budget of time buys as many steps as the machine makes in it, so another run ends near this one, not at the same bits.",
            "The runs in the job's folder hold their whole configuration; each can be repeated bit by bit with a budget in steps, the same threads and the same instruction set."]);
    }

    /// <summary>Every file that a job reads.</summary>
    public static IEnumerable<string> FilesOf(JobSettings s) => s.Corpus.Concat(Sets(s).SelectMany(set => set.Files)).Distinct();

    /// <summary>What tells a file from one that was put in its place, without reading it.</summary>
    public static string StampOf(string file)
        => new FileInfo(file) is { Exists: true } info ? Words($"{info.Length} bytes, {info.LastWriteTimeUtc:O}") : "missing";

    // By the names of their options.
    private static IEnumerable<(string Role, IReadOnlyList<string> Files)> Sets(JobSettings s)
    {
        (string Role, IReadOnlyList<string?> Files)[] all =
        [
            ("train", [s.Train]), ("dev", [s.Development]), ("test", [s.Test]),
            ("train-source", s.Translation?.TrainSource ?? []), ("train-target", s.Translation?.TrainTarget ?? []),
            ("dev-source", [s.Translation?.DevelopmentSource]), ("dev-target", [s.Translation?.DevelopmentTarget]),
            ("test-source", [s.Translation?.TestSource]), ("test-target", [s.Translation?.TestTarget]),
        ];
        foreach ((string role, IReadOnlyList<string?> files) in all)
        {
            if (files.OfType<string>().ToArray() is { Length: > 0 } given)
            {
                yield return (role, given);
            }
        }
    }

    /// <summary>The command line that asks for such a job, for a shell.</summary>
    internal static string Command(JobSettings s)
    {
        JobSettings defaults = new() { Budget = s.Budget };
        List<string> command = ["espalier run"];
        Add("corpus", s.Corpus);
        foreach ((string role, IReadOnlyList<string> files) in Sets(s))
        {
            Add(role, files);
        }

        Add("format", s.Columns.Format == TableFormat.Auto ? null : s.Columns.Format.ToString());
        if (!s.Columns.HasHeader)
        {
            command.Add("--no-header");
        }

        foreach (string column in s.Columns.TextColumns ?? [])
        {
            Add("text-column", column);
        }

        Add("label-column", s.Columns.LabelColumn);
        Add("time", Words($"{s.Budget.TotalSeconds:0.###}s"));
        Add("max-size", s.Limits.MaxBytes is { } bytes ? Words($"{bytes}B") : null);
        Add("max-latency", s.Limits.MaxLatency is { } latency ? Words($"{latency.TotalMilliseconds:0.######}ms") : null);
        Add("max-drop", s.Limits.MaxDrop is { } drop ? Words($"{100 * drop:0.######}%") : null);
        Add("vocabulary", s.Vocabulary is { } vocabulary ? Words($"{vocabulary}") : null);
        Add("sequence-length", s.MaximumTokens == defaults.MaximumTokens ? null : Words($"{s.MaximumTokens}"));
        Add("memory", s.MemoryBytes is { } memory ? Words($"{memory}B") : null);
        Add("seed", s.Seed == defaults.Seed ? null : Words($"{s.Seed}"));
        Add("threads", s.Threads == defaults.Threads ? null : Words($"{s.Threads}"));
        Add("license", s.License);
        return string.Join(' ', command);

        void Add(string name, params IEnumerable<string?> values)
        {
            string[] given = [.. values.OfType<string>().Select(Quoted)];
            if (given.Length > 0)
            {
                // Without the sign a value that begins with a dash is taken for an option.
                command.Add(given is [['-', ..] or ['\'', '-', ..]] ? $"--{name}={given[0]}" : $"--{name} {string.Join(' ', given)}");
            }
        }
    }

    private static string Quoted(string value)
        => value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c) || "_-./:=+,@%".Contains(c, StringComparison.Ordinal)) ? value
            : $"'{value.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    // Its files were fingerprinted when they were read, unless only a part of them was.
    private static IEnumerable<ReportInput> Corpus(JobWork job)
    {
        if (!PreparedCorpus.IsAt(job.DataFolder))
        {
            return [];
        }

        using PreparedCorpus corpus = PreparedCorpus.Open(job.DataFolder);
        CorpusManifest manifest = corpus.Manifest;
        return [.. manifest.Inputs.Where(i => job.Settings.Corpus.Contains(i.Path))
            .Select(i => new ReportInput("corpus", i.Path, i.Bytes, manifest.Part < 1 ? null : i.Sha256))];
    }

    private static ReportInput Input(string role, string file)
    {
        if (!File.Exists(file))
        {
            return new ReportInput(role, file);
        }

        using FileStream content = File.OpenRead(file);
        return new ReportInput(role, file, content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    private static string Words(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
