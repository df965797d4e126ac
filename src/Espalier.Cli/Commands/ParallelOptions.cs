using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Text.Bitext;
using Espalier.Text.Files;

namespace Espalier.Cli.Commands;

/// <summary>The files of a parallel corpus, by the names that they have for <c>translation train</c>.</summary>
internal sealed class ParallelOptions
{
    private readonly Option<string[]> _trainSource = Several("--train-source", "To translate: sentences to learn from, one a line; several files, plain or gzip");
    private readonly Option<string[]> _trainTarget = Several("--train-target", "Their translations, line by line, as many files");
    private readonly Option<string?> _devSource = new("--dev-source") { Description = "Sentences by which models that translate are compared" };
    private readonly Option<string?> _devTarget = new("--dev-target") { Description = "Their translations" };
    private readonly Option<string?> _testSource = new("--test-source") { Description = "Sentences to test by, which decide nothing" };
    private readonly Option<string?> _testTarget = new("--test-target") { Description = "Their translations" };

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
        string[] given = Given(All);
        if (given.Length == 0)
            return null;
        if (Given(others) is { Length: > 0 } mixed)
        {
            throw new UsageException(
                $"{string.Join(", ", mixed)} cannot go with {given[0]}: {(mixed.Length == 1 ? "it is" : "they are")} for encoders and classifiers, "
                + "and translation learns from its pairs alone; leave one or the other out");
        }
        string[] missing = [.. Training.Select(o => o.Name).Except(given)];
        if (missing.Length > 0)
        {
            throw new UsageException(
                $"translation needs pairs to learn from and others to compare models by; give {string.Join(", ", missing)} too");
        }
        if (given.Contains(_testSource.Name) != given.Contains(_testTarget.Name))
            throw new UsageException($"a test set has two files; give {(given.Contains(_testSource.Name) ? _testTarget.Name : _testSource.Name)} too");
        var corpus = new ParallelCorpus
        {
            TrainSource = [.. FilePatterns.Expand(parsed.GetValue(_trainSource)!)],
            TrainTarget = [.. FilePatterns.Expand(parsed.GetValue(_trainTarget)!)],
            DevelopmentSource = parsed.GetValue(_devSource)!,
            DevelopmentTarget = parsed.GetValue(_devTarget)!,
            TestSource = parsed.GetValue(_testSource),
            TestTarget = parsed.GetValue(_testTarget),
        };
        return corpus.Validate() is { Count: > 0 } faults ? throw new UsageException(string.Join("; ", faults)) : corpus;

        string[] Given(IEnumerable<Option> options) => [.. options.Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name)];
    }

    private static Option<string[]> Several(string name, string description)
        => new(name) { Description = description, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
}
