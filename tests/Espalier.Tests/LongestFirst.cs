using Espalier.Tests;
using Espalier.Tests.Cli.Commands;
using Espalier.Tests.Documentation;
using Espalier.Tests.Engine.Kernels;
using Espalier.Tests.Pipeline.Jobs;
using Espalier.Tests.Text.Tokenization;
using Espalier.Tests.Training.Finetuning;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer("Espalier.Tests." + nameof(LongestFirst), "Espalier.Tests")]

namespace Espalier.Tests;

/// <summary>Begins with the classes that take longest, so that no core is idle while the last of them runs by itself.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly Type[] Longest =
    [
        typeof(JobTests), typeof(KernelTests), typeof(KernelChildProcessTests), typeof(ReadmeTests), typeof(RunCommandTests),
        typeof(InteropTests), typeof(FinetuningRunTests),
    ];

    /// <inheritdoc/>
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) => testCollections.OrderBy(collection =>
        Array.FindIndex(Longest, type => collection.DisplayName.Split(' ').Contains(type.FullName)) is >= 0 and var place ? place : Longest.Length);
}
