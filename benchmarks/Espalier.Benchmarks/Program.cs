using System.CommandLine;
using Espalier.Benchmarks;

return new RootCommand("Speed, always beside a peer or the machine's own limit, in one run")
{
    GemmBenchmark.Create(),
    OpsBenchmark.Create(),
    StepBenchmark.Create(),
    TokenizerBenchmark.Create(),
    TrainingBenchmark.Create(),
}.Parse(args).Invoke();
