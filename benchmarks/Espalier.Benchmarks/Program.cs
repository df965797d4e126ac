using System.CommandLine;
using Espalier.Benchmarks;

var root = new RootCommand("Speed, always beside a peer or the machine's own limit, in one run")
{
    BagOfWordsBenchmark.Create(),
    GemmBenchmark.Create(),
    OpsBenchmark.Create(),
    StepBenchmark.Create(),
    TokenizerBenchmark.Create(),
    TrainingBenchmark.Create(),
    TranslationBenchmark.Create(),
    WeightsBenchmark.Create(),
};
try
{
    return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is PeerException or ArgumentException or InvalidOperationException)
{
    // The last is a result that was found wrong before it was timed.
    Console.Error.WriteLine(e.Message);
    return e is ArgumentException ? 2 : 1;
}
