using Espalier.Engine.Devices;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>The table of kernels in a process of its own, whose processor features the environment restricts.</summary>
internal static class KernelChildProcess
{
    // Those that reach over several cache blocks are left to KernelTests: blocks do not depend on the processor's features, and without
    // vector hardware everything is some ten times slower.
    private const long MostWork = 500_000;

    /// <summary>The cases that are run.</summary>
    public static IEnumerable<KernelCase> Cases => KernelTable.Cases.Where(test => test.Work <= MostWork);

    /// <summary>Runs the cases and prints the widest instruction set, the number of cases and every fault.</summary>
    /// <returns>The exit code: 0 when nothing is wrong.</returns>
    public static int Run()
    {
        // Without vector hardware the narrowest vectors run all the same, in the runtime's own fallback.
        InstructionSet set = InstructionSets.Widest == InstructionSet.Reference ? InstructionSet.Vector128 : InstructionSets.Widest;
        using var comparison = new KernelComparison([set], [2]);
        List<KernelCase> cases = [.. Cases];
        List<string> faults = [.. cases.SelectMany(comparison.Faults)];
        Console.WriteLine($"widest {InstructionSets.Widest}");
        Console.WriteLine($"cases {cases.Count}");
        Console.WriteLine($"kernels {cases.Select(test => test.Kernel).Distinct().Count()}");
        faults.ForEach(Console.WriteLine);
        return faults.Count == 0 ? 0 : 1;
    }
}
