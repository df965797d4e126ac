using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Text.Bitext;
using Espalier.Text.Files;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary>The files of a parallel corpus, by the names that they have for <c>translation train</c>.</summary>
internal sealed class ParallelOptions
{
    private readonly Option<string[]> _trainSource = List<string>("--train-source", [], "To translate: sentences to learn from, one a line; several files, plain or .gz");
    private readonly Option<string[]> _trainTarget = List<string>("--train-target", [], "Their translations, line by line, in as many files");
    private readonly Option<string?> _devSource = new("--dev-source") { Description = "Sentences that models are compared and chosen by; 2,000 of the pairs to learn from, or a tenth, are held out for that when left out" };
    private readonly Option<string?> _devTarget = new("--dev-target") { Description = "Their translations, line by line" };
    private readonly Option<string?> _testSource = new("--test-source") { Description = "Sentences to test by, which decide nothing" };
    private readonly Option<string?> _testTarget = new("--test-target") { Description = "Their translations, line by line" };

    /// <summary>What models are made with.</summary>
    public IReadOnlyList<Option> Training => [_trainSource, _trainTarget, _devSource, _devTarget];

    /// <summary>The same and a test set.</summary>
    public IReadOnlyList<Option> All => [.. Training, _testSource, _testTarget];

    /// <summary>The corpus; null where none of it is given.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="others">Options that are for another kind of data.</param>
    /// <exception cref="UsageException">A part of it is missing, or one of the others is given too.</exception>
    public ParallelCorpus? Read(ParseResult parsed, IEnumerable<Option> others)
    {
        string[] given = Given(parsed, All);
        if (given.Length == 0)
            return null;
        if (Given(parsed, others) is { Length: > 0 } mixed)
        {
            throw new UsageException(
                $"{string.Join(", ", mixed)} cannot go with {given[0]}: {(mixed.Length == 1 ? "it is" : "they are")} for encoders and classifiers, "
                + "and translation learns from its pairs alone; leave one or the other out");
        }
        foreach ((Option source, Option target) in new (Option, Option)[] { (_trainSource, _trainTarget), (_devSource, _devTarget), (_testSource, _testTarget) })
        {
            string[] sides = [source.Name, target.Name];
            if (sides.Except(given).ToArray() is { Length: > 0 } missing && (source == _trainSource || missing.Length == 1))
                throw new UsageException($"pairs stand in two files, line by line; give {string.Join(" and ", missing)} too");
        }
        var corpus = new ParallelCorpus
        {
            TrainSource = Files(parsed, _trainSource),
            TrainTarget = Files(parsed, _trainTarget),
            DevelopmentSource = parsed.GetValue(_devSource),
            DevelopmentTarget = parsed.GetValue(_devTarget),
            TestSource = parsed.GetValue(_testSource),
            TestTarget = parsed.GetValue(_testTarget),
        };
        return corpus.Validate() is { Count: > 0 } faults ? throw new UsageException(string.Join("; ", faults)) : corpus;
    }

    /// <summary>Puts the files that are given in the place of those of a corpus; null where none is.</summary>
    public Func<ParallelCorpus, ParallelCorpus>? ReadMoved(ParseResult parsed) => Given(parsed, Training).Length == 0 ? null : corpus => corpus with
    {
        TrainSource = Files(parsed, _trainSource) is { Length: > 0 } source ? source : corpus.TrainSource,
        TrainTarget = Files(parsed, _trainTarget) is { Length: > 0 } target ? target : corpus.TrainTarget,
        DevelopmentSource = parsed.GetValue(_devSource) ?? corpus.DevelopmentSource,
        DevelopmentTarget = parsed.GetValue(_devTarget) ?? corpus.DevelopmentTarget,
    };

    private static string[] Given(ParseResult parsed, IEnumerable<Option> options)
        => [.. options.Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name)];

    // Each by itself: a file that is named twice goes with two others.
    private static string[] Files(ParseResult parsed, Option<string[]> option)
        => [.. parsed.GetValue(option)!.SelectMany(pattern => FilePatterns.Expand([pattern]))];
}
