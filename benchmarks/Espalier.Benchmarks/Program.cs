using System.CommandLine;
using Espalier.Benchmarks;

var root = new RootCommand("Speed, always beside a peer or the machine's own limit, in one run.");
root.Subcommands.Add(TokenizerBenchmark.Create());
return root.Parse(args).Invoke();
