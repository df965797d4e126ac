using System.CommandLine;
using System.Diagnostics;
using Espalier.Cli.CommandLine;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;
using Espalier.Training;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier tokenizer train</c>: learns a vocabulary from text files.</summary>
internal sealed class TokenizerTrainCommand : EspalierCommand
{
    private static readonly BpeTrainerOptions Defaults = new();

    private readonly Argument<string[]> _files = new("files")
    {
        Description = "Text files, plain or gzip, a text a line; * and ** match several",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<int> _vocabulary = new("--vocabulary", "--vocab")
    {
        Description = "Size of the vocabulary, special tokens included",
        DefaultValueFactory = _ => Defaults.VocabularySize,
    };

    private readonly Option<int> _minimumFrequency = New("--min-frequency", Defaults.MinimumFrequency, "Merge only pairs that occur at least this often");
    private readonly Option<int> _threads = New("--threads", Defaults.Threads, "Threads that count words; the outcome does not depend on it");
    private readonly Option<string> _out = new("--out") { Description = "Folder that receives tokenizer.json", Required = true };

    public TokenizerTrainCommand(Terminal terminal) : base(terminal, "train", "Learn a byte-level BPE vocabulary from text files")
    {
        Arguments.Add(_files);
        foreach (Option option in (Option[])[_vocabulary, _minimumFrequency, _threads, _out])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        var options = new BpeTrainerOptions
        {
            VocabularySize = parsed.GetValue(_vocabulary),
            MinimumFrequency = parsed.GetValue(_minimumFrequency),
            Threads = parsed.GetValue(_threads),
        };
        if (options.Validate() is { Count: > 0 } faults)
            throw new UsageException(string.Join("; ", faults));
        IReadOnlyList<string> files = FilePatterns.Expand(parsed.GetRequiredValue(_files));
        string path = Path.Join(parsed.GetRequiredValue(_out), "tokenizer.json");

        var clock = Stopwatch.StartNew();
        (Tokenizer tokenizer, CorpusCount corpus) = context.Track("training", progress =>
            new BpeTrainer(options).TrainFiles(files, new Relay<BpeProgress>(p => progress.Report(new WorkDone(p.Phase, p.Fraction))), context.Cancel));
        tokenizer.Save(path);
        double seconds = Math.Round(clock.Elapsed.TotalSeconds, 2);

        foreach (Warning warning in corpus.Warnings)
            context.Warn($"{warning}");
        if (corpus.ForgottenWords > 0)
            context.Warn($"{corpus.ForgottenWords:N0} of {corpus.Words:N0} words were rare ones that were forgotten to keep memory bounded");
        if (tokenizer.VocabularySize < options.VocabularySize)
            context.Warn($"the vocabulary has {tokenizer.VocabularySize} tokens instead of {options.VocabularySize}: no more pairs occur "
                + $"{options.MinimumFrequency} times");
        var report = new TrainReport(path, tokenizer.VocabularySize, tokenizer.Fingerprint, seconds, corpus);
        context.Report(report, CommandJson.Default.TrainReport, text =>
        {
            text.WriteLine($"{path}: {tokenizer.VocabularySize} tokens from {corpus.Lines:N0} lines, {corpus.Words:N0} words "
                + $"({corpus.DistinctWords:N0} distinct), {corpus.Bytes / 1e6:N1} MB, in {seconds} s");
            text.WriteLine($"fingerprint {tokenizer.Fingerprint}");
        });
    }
}

/// <summary>What <c>tokenizer train --json</c> prints.</summary>
internal sealed record TrainReport(string Tokenizer, int VocabularySize, string Fingerprint, double Seconds, CorpusCount Corpus);
