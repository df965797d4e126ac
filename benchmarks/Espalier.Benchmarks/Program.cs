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
    ParseResult parsed = root.Parse(args);
    int code = parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    return parsed.Errors.Count > 0 ? 2 : code;
}
catch (Exception e) when (e is PeerException or ArgumentException or InvalidOperationException)
{
    // The last is a result that was found wrong before it was timed.
    Console.Error.WriteLine(e.Message);
    return e is ArgumentException ? 2 : 1;
}
